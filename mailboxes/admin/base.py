"""What the forms of the four tables share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from mailboxes import actions, history
from mailboxes.admin import display
from mailboxes.admin.bulk_actions import page_of
from mailboxes.errors import Refused
from mailboxes.formats import translated
from mailboxes.forms import focus


class DeedAdmin(admin.ModelAdmin):
    """Forms of the stock admin; every change goes through a deed."""

    readonly_fields = ["created_at", "changed_at"]
    parts: Sequence[tuple[Any, Sequence[str]]] = ()
    """Title and fields of each part of the form, but for what only a new row is asked for."""

    last_part: Promise = _("Dates")
    in_words: Mapping[str, str] = {}
    """What shows a field, if anything, to whoever may only look."""

    goes_along: Sequence[type[Model]] = ()
    """The models whose rows a deletion takes along; it needs the right to delete them, too."""

    typed_to_delete = False
    """Whether a deletion wants the row's name typed."""

    @property
    def media(self) -> Media:
        return Media()

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        (title, first), *others = self.parts
        if obj is None:
            new = self.form.only_when_new  # type: ignore[attr-defined]
            return [(title, {"fields": [*new, *first]}), *as_fieldsets(others)]
        dates = (self.last_part, self.readonly_fields)
        parts = [(title, first), *others, dates]
        if self.has_change_permission(request, obj):
            return as_fieldsets(parts)
        words = {"active": "state", **self.in_words}
        shown = [
            (title, list(filter(None, (words.get(name, name) for name in names))))
            for title, names in parts
        ]
        return as_fieldsets(part for part in shown if "new_password1" not in part[1])

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*self.readonly_fields, "state", *filter(None, self.in_words.values())]

    @admin.display(description=_("status"))
    def state(self, row: Any) -> str:
        return display.status(row.active)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Choose the domain of the list from which one came."""
        domain = request.GET.get("domain", "")
        return {"address": f"@{domain}"} if domain else {}

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        focus(context["adminform"].form)
        return super().render_change_form(request, context, *args, **kwargs)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        stock = super().construct_change_message(request, form, formsets, add)
        return stock if add else history.changes(form)

    @admin.display(description=_("created"))
    def created_at(self, row: Any) -> str:
        return display.moment(row.created)

    @admin.display(description=_("changed"))
    def changed_at(self, row: Any) -> str:
        return display.moment(row.modified)

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_set_active"
        view = self.admin_site.admin_view(self.set_active_view)
        return [path("<path:key>/set-active/", view, name=name), *super().get_urls()]

    def set_active_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """Enable or disable one row; the message that is left can undo it."""
        row = self.get_object(request, unquote(key))
        if row is None:
            raise Http404
        if request.method != "POST":  # as after a session that had ended
            return HttpResponseRedirect(page_of(self.opts, "change", quote(row.pk)))
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        active = request.POST.get("active") == "1"
        self.or_refusal(self.do_set_active, request, row, active)
        return HttpResponseRedirect(page_of(self.opts, "change", quote(row.pk)))

    def do_set_active(self, request: HttpRequest, row: Any, active: bool) -> HttpResponse:
        actions.set_active(row, active)
        self.log_change(request, row, history.changed("Active", str(not active), str(active)))
        text = _("%(row)s is enabled.") if active else _("%(row)s is disabled.")
        undo = render_to_string(
            "admin/undo_one.html",
            {
                "action": page_of(self.opts, "set_active", quote(row.pk)),
                "active": "0" if active else "1",
                "token": get_token(request),
            },
        )
        message = format_html("{}{}", text % {"row": row}, SafeString(undo))
        self.message_user(request, message, messages.SUCCESS)
        return HttpResponse()

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.or_refusal(super().changeform_view, request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.or_refusal(super().changelist_view, request, *args, **kwargs)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        context = {"typed_to_delete": self.typed_to_delete} | (extra_context or {})
        name = unquote(object_id)
        typed = request.POST.get("confirm", "").strip().lower()
        if request.method == "POST" and self.typed_to_delete and typed != name.lower():
            text = _("Nothing was deleted: to delete %(name)s, type its name.") % {"name": name}
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return self.or_refusal(super().delete_view, request, object_id, context)

    def or_refusal(
        self, view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Say what a deed refused, such as when the tables changed after the form's check."""
        try:
            return view(request, *args, **kwargs)
        except Refused as error:
            self.message_user(request, translated(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """List in words what goes and what stays; the last item says what forbids it."""
        rows = list(objs)
        lacking = {
            str(model._meta.verbose_name)
            for model in (self.model, *self.goes_along)
            if not request.user.has_perm(f"mailboxes.delete_{model._meta.model_name}")
        }
        lines = [line for row in rows for line in self.describe_deletion(row)]
        forbidden = [reason for row in rows for reason in self.forbid_deletion(row)]
        return lines, {self.opts.verbose_name_plural: len(rows)}, lacking, forbidden

    def describe_deletion(self, row: Any) -> list[str]:
        return [str(row)]

    def forbid_deletion(self, row: Any) -> list[str]:
        return []


def as_fieldsets(parts: Iterable[tuple[Any, Sequence[str]]]) -> list[Any]:
    return [(title, {"fields": list(fields)}) for title, fields in parts]
