"""What the mail tables share: sections of a form, enabling and disabling, deletion."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import path
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from mailboxes import actions
from mailboxes.access.grants import scope_of
from mailboxes.access.scope import Scope
from mailboxes.actions import rules
from mailboxes.actions.base import Row, subject_of
from mailboxes.admin import display
from mailboxes.admin.base import PanelAdmin
from mailboxes.admin.bulk_actions import admin_url
from mailboxes.audit import entries
from mailboxes.errors import Refused
from mailboxes.formats import error_message, mixed_scripts_warning
from mailboxes.forwarding.findings import are_checked, left_behind
from mailboxes.forwarding.wording import UNCHECKED, saved_warnings
from mailboxes.handling import Handling
from mailboxes.models import Alias, Mailbox
from mailboxes.open_sessions import open_sessions_text
from mailboxes.request_actors import administrator

UNCHANGED = {True: _("%(row)s is already enabled."), False: _("%(row)s is already disabled.")}
Section = tuple[Promise | None, Sequence[str]]
"""The title of a section of the form, if any, and its fields."""


class MailAdmin(PanelAdmin):
    """The stock admin's forms; every change goes through one action."""

    readonly_fields = ["created_at", "changed_at"]
    sections: Sequence[Section] = ()
    """The form without the fields that are only shown for a new row."""

    shown_as: Mapping[str, str] = {}
    """What replaces a field, if anything, when it can only be viewed."""

    deletes_also: Sequence[type[Model]] = ()
    """The models whose rows are deleted as well, which needs permissions, too."""

    deletion_note: Promise | str = ""
    is_restorable = False
    """Whether a deletion can be undone."""

    confirm_by_name = False
    """Whether the row's name must be typed before it is deleted."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Return the rows within the administrator's reach; to all pages, there are no others."""
        return scope_of(request.user).narrow(super().get_queryset(request))

    def history_start(self, request: HttpRequest, key: str) -> datetime | None:
        """Hide what was logged of a former domain of the same name from those with some domains."""
        row = self.get_object(request, key)
        if row is None or scope_of(request.user).domains is None:
            return None
        return next(iter(entries.starts_of([subject_of(row).domain]).values()), None)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        (title, first), *others = self.sections
        if obj is None:
            new = self.form.only_when_new  # type: ignore[attr-defined]
            return [(title, {"fields": [*new, *first]}), *as_fieldsets(others)]
        dates = (_("Dates"), self.readonly_fields)
        sections = [(title, first), *others, dates]
        if self.has_change_permission(request, obj):
            return as_fieldsets(sections)
        names = {"active": "state", **self.shown_as}
        shown = [
            (title, list(filter(None, (names.get(name, name) for name in fields))))
            for title, fields in sections
        ]
        return as_fieldsets(section for section in shown if "new_password1" not in section[1])

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*self.readonly_fields, "state", *filter(None, self.shown_as.values())]

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: object
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.scope = scope_of(request.user)
        return form

    @admin.display(description=_("status"))
    def state(self, row: Row) -> str:
        return display.status(row.active)

    @admin.display(description=_("created"))
    def created_at(self, row: Row) -> str:
        return display.local_time(row.created)

    @admin.display(description=_("changed"))
    def changed_at(self, row: Row) -> str:
        return display.local_time(row.modified)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str | list[str]]:
        """Preselect the domain whose list the link was on."""
        domain = request.GET.get("domain", "")
        return {"address": f"@{domain}"} if domain else {}

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["may_set_active"] = self.has_enable_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: Row, post_url_continue: str | None = None
    ) -> HttpResponse:
        response = super().response_add(request, obj, post_url_continue)
        if warning := mixed_scripts_warning(obj.pk):
            self.message_user(request, warning, messages.WARNING)
        is_plain = isinstance(obj, Mailbox) and obj.active
        if not is_plain or request.POST.get("handling", Handling.DELIVERED) != Handling.DELIVERED:
            self.warn(request, obj)  # else its own alias only forwards to itself
        if "_addanother" in request.POST and isinstance(obj, Mailbox | Alias):
            path, _mark, text = response["Location"].partition("?")
            query = QueryDict(text, mutable=True)
            query["domain"] = obj.pk.rpartition("@")[2]
            response["Location"] = f"{path}?{query.urlencode()}"
        return response

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Return to the list, as it was filtered; the stock view returns to the dashboard."""
        response: HttpResponse = super()._get_obj_does_not_exist_redirect(request, opts, object_id)
        filters = self.get_preserved_filters(request)
        kept: dict[str, Any] = {"preserved_filters": filters, "opts": opts}
        response["Location"] = add_preserved_filters(kept, admin_url(opts, "changelist"))
        return response

    def response_post_save_add(self, request: HttpRequest, obj: Row) -> HttpResponseRedirect:
        """Return to the list as it was filtered, or to that of the domain that was preselected."""
        response = super().response_post_save_add(request, obj)
        domain = request.GET.get("domain")
        if domain == obj.pk.rpartition("@")[2] and "?" not in response["Location"]:
            response["Location"] += "?" + urlencode({"domain": domain})
        return response

    def response_change(self, request: HttpRequest, obj: Row) -> HttpResponse:
        response = super().response_change(request, obj)
        self.warn(request, obj)
        return response

    def warn(self, request: HttpRequest, row: Row) -> None:
        """Show what mail to this address, or to others because of it, doesn't reach any more."""
        for text in saved_warnings(row, scope_of(request.user)):
            self.message_user(request, text, messages.WARNING)

    def tell_of_sessions(self, request: HttpRequest, rows: list[Row], more: bool = False) -> None:
        """Say that the owners of mailboxes stay signed in, where there are any."""
        if text := open_sessions_text(rows, more):
            self.message_user(request, text, messages.INFO)

    # Enable and disable

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_set_active"
        view = self.admin_site.admin_view(self.set_active_view)
        return [path("<path:key>/set-active/", view, name=name), *super().get_urls()]

    def has_enable_permission(self, request: HttpRequest) -> bool:
        """Say whether the role may enable these rows, and so disable them."""
        return scope_of(request.user).allows(f"{self.opts.model_name}.enable")

    def set_active_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """Enable or disable one row; the message offers to undo it."""
        if not self.has_enable_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(key))
        if row is None:
            raise Http404
        page = HttpResponseRedirect(admin_url(self.opts, "change", quote(row.pk)))
        if request.method != "POST":  # for example, after signing in again
            return page
        active = request.POST.get("active") == "1"
        if actions.set_active(administrator(request), row, active):
            text = self.undo_message(request, row, active)
            self.message_user(request, text, messages.SUCCESS)
            self.warn(request, row)
            if not active:
                self.tell_of_sessions(request, [row])
        else:
            self.message_user(request, UNCHANGED[active] % {"row": row}, messages.INFO)
        return page

    def undo_message(self, request: HttpRequest, row: Row, active: bool) -> str:
        text = _("%(row)s is enabled.") if active else _("%(row)s is disabled.")
        context = {
            "action": admin_url(self.opts, "set_active", quote(row.pk)),
            "active": "0" if active else "1",
            "token": get_token(request),
        }
        undo = render_to_string("admin/undo_one.html", context)
        return format_html("{}{}", text % {"row": row}, undo)

    # Deletion

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for the row's name as well, where that is wanted."""
        context: dict[str, Any] = {"deletion_note": self.deletion_note}
        context["is_restorable"] = self.is_restorable
        context |= {"confirm_by_name": self.confirm_by_name} | (extra_context or {})
        name = unquote(object_id)
        typed = request.POST.get("confirm", "").strip().lower()
        if request.method == "POST" and self.confirm_by_name and typed != name.lower():
            text = _("Nothing was deleted. To delete %(name)s, type its name.") % {"name": name}
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return super().delete_view(request, object_id, context)

    def get_deleted_objects(self, objs: Iterable[Row], request: HttpRequest) -> Any:
        """Describe a deletion; once it is confirmed, the action refuses it and logs that."""
        rows = list(objs)
        lines, *described, obstacles = self.describe_deletions(rows, request)
        if request.method == "POST":
            return lines, *described, []
        lines += self.describe_left_behind(rows, scope_of(request.user))
        return lines, *described, obstacles

    def describe_deletions(self, objs: Iterable[Row], request: HttpRequest) -> Any:
        """Describe what is deleted and what is kept; the last item is what prevents it."""
        rows, scope = list(objs), scope_of(request.user)
        lacking = {
            str(model._meta.verbose_name)
            for model in (self.model, *self.deletes_also)
            if not request.user.has_perm(f"mailboxes.delete_{model._meta.model_name}")
        }
        lines = [line for row in rows for line in self.describe_deletion(row, scope)]
        obstacles = [reason for row in rows for reason in self.deletion_obstacles(row)]
        return lines, {self.opts.verbose_name_plural: len(rows)}, lacking, obstacles

    def describe_deletion(self, row: Any, scope: Scope) -> list[str]:
        return [str(row)]

    def describe_left_behind(self, rows: list[Any], scope: Scope) -> list[str]:
        """Name the aliases whose mail doesn't reach all of its targets after the deletion."""
        if not are_checked(rows):
            return [error_message(UNCHECKED)]
        return display.left_behind(left_behind(rows, Alias.objects.all(), scope=scope))

    def deletion_obstacles(self, row: Row) -> list[str]:
        try:
            rules.check_deletion(row)
        except Refused as error:
            return [error_message(error)]
        return []


def as_fieldsets(sections: Iterable[Section]) -> list[Any]:
    return [(title, {"fields": list(fields)}) for title, fields in sections]
