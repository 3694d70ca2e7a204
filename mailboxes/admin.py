"""Domains, mailboxes and aliases in the admin."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import Media, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters

from mailboxes import bulk, cells, deeds, history, usage
from mailboxes.chosen import page_of
from mailboxes.conf import mail_host
from mailboxes.forms import AliasDomainForm, AliasForm, DomainForm, MailboxForm, focus
from mailboxes.limits import Refused
from mailboxes.lists import AliasDomainList, AliasList, DomainList, MailboxList
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.words import translated


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
        return cells.status(row.active)

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
        return cells.moment(row.created)

    @admin.display(description=_("changed"))
    def changed_at(self, row: Any) -> str:
        return cells.moment(row.modified)

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
        deeds.set_active(row, active)
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


@admin.register(Domain)
class DomainAdmin(DomainList, DeedAdmin):
    form = DomainForm
    goes_along = [Mailbox, Alias]
    typed_to_delete = True
    parts = [
        (None, ["description", "active"]),
        (_("Limits"), ["mailboxes", "aliases", "maxquota", "quota"]),
    ]
    in_words = {"description": "about", "maxquota": "quotas", "quota": ""}

    @admin.display(description=_("description"))
    def about(self, row: Domain) -> str:
        return row.description or cells.quiet(_("none"))

    def save_model(self, request: HttpRequest, obj: Domain, form: ModelForm, change: bool) -> None:
        if change:
            deeds.change_domain(obj)
            return
        data = dict(form.cleaned_data)
        deeds.create_domain(data.pop("domain"), **data)

    def describe_deletion(self, row: Domain) -> list[str]:
        mailboxes = Mailbox.objects.filter(domain=row.pk).count()
        aliases = Alias.objects.filter(domain=row.pk).count() - mailboxes
        led = [
            _("Its place as an alias domain of %(target)s.") % {"target": alias.target_domain}
            for alias in AliasDomain.objects.filter(pk=row.pk)
        ]
        others = deeds.aliases_into(row.pk)
        return [
            _("The domain %(domain)s.") % {"domain": row},
            ngettext("%(count)d mailbox of it.", "%(count)d mailboxes of it.", mailboxes)
            % {"count": mailboxes},
            ngettext("%(count)d further alias.", "%(count)d further aliases.", max(aliases, 0))
            % {"count": max(aliases, 0)},
            *led,
            *(
                _("The alias %(alias)s still leads into it; mail to it will come back.")
                % {"alias": alias}
                for alias in others[: bulk.NAMED]
            ),
            _("The mail itself stays on the mail host, in %(folder)s.")
            % {"folder": f"{mail_host().home}/{row.pk}"},
        ]

    def forbid_deletion(self, row: Domain) -> list[str]:
        sources = AliasDomain.objects.filter(target_domain=row.pk)
        return [
            _("The alias domain %(source)s leads to %(domain)s; delete it first.")
            % {"source": source, "domain": row}
            for source in sources
        ]

    def delete_model(self, request: HttpRequest, obj: Domain) -> None:
        deeds.delete_domain(obj)


@admin.register(Mailbox)
class MailboxAdmin(MailboxList, DeedAdmin):
    form = MailboxForm
    last_part = _("Usage and dates")
    readonly_fields = ["used", "created_at", "changed_at", "signed_in_at"]
    parts = [
        (None, ["name", "quota", "active"]),
        (_("Password"), ["new_password1", "new_password2"]),
    ]
    in_words = {"name": "owner", "quota": ""}

    @admin.display(description=_("name"))
    def owner(self, row: Mailbox) -> str:
        return row.name or cells.quiet(_("none"))

    @admin.display(description=_("usage"))
    def used(self, row: Mailbox) -> str:
        return cells.usage(row.quota, usage.of([row.pk])[row.pk].bytes)

    @admin.display(description=_("last sign-in"))
    def signed_in_at(self, row: Mailbox) -> str:
        never = (
            _("Never")
            if usage.knows_sign_ins()
            else _("Not known: only Dovecot with MariaDB or MySQL writes it down.")
        )
        return cells.moment(usage.of([row.pk])[row.pk].last_login, str(never))

    def save_model(self, request: HttpRequest, obj: Mailbox, form: ModelForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            deeds.change_mailbox(obj, data["new_password1"])
            return
        obj.pk = deeds.create_mailbox(
            data["address"], data["new_password1"], data["name"], data["quota"], data["active"]
        ).pk

    def describe_deletion(self, row: Mailbox) -> list[str]:
        stranded = [
            _("The alias %(alias)s still leads to %(mailbox)s; mail to it will come back.")
            % {"alias": alias, "mailbox": row}
            for alias in deeds.aliases_leading_to(row.pk)
        ]
        return [
            _("The mailbox %(mailbox)s and its alias to itself.") % {"mailbox": row},
            *stranded,
            _("The mail itself stays on the mail host, in %(folder)s.")
            % {"folder": f"{mail_host().home}/{row.maildir}"},
        ]

    def delete_model(self, request: HttpRequest, obj: Mailbox) -> None:
        deeds.delete_mailbox(obj)


@admin.register(Alias)
class AliasAdmin(AliasList, DeedAdmin):
    form = AliasForm
    parts = [(None, ["goto", "active"])]
    in_words = {"goto": "all_targets"}

    @admin.display(description=_("leads to"))
    def all_targets(self, row: Alias) -> str:
        return cells.lines(row.targets)

    def save_model(self, request: HttpRequest, obj: Alias, form: ModelForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            deeds.change_alias(obj, data["goto"])
            return
        obj.pk = deeds.create_alias(data["address"], data["goto"], data["active"]).pk

    def forbid_deletion(self, row: Alias) -> list[str]:
        reason = _("%(alias)s is the alias by which the mailbox of that name gets its mail.")
        return [reason % {"alias": row}] if row.is_own else []

    def delete_model(self, request: HttpRequest, obj: Alias) -> None:
        deeds.delete_alias(obj)


@admin.register(AliasDomain)
class AliasDomainAdmin(AliasDomainList, DeedAdmin):
    form = AliasDomainForm
    parts = [(None, ["active"])]

    def save_model(
        self, request: HttpRequest, obj: AliasDomain, form: ModelForm, change: bool
    ) -> None:
        data = form.cleaned_data
        if change:
            deeds.set_active(obj, obj.active)
            return
        deeds.create_alias_domain(
            str(data["alias_domain"]), str(data["target_domain"]), data["active"]
        )
