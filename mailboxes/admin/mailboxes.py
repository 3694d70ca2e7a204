"""Mailboxes in the admin: their list and their form."""

from dataclasses import replace
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from mailboxes import actions, foreign_rows, sending, usage
from mailboxes.access.grants import scope_of
from mailboxes.access.scope import Scope
from mailboxes.access.self_service import is_demanded
from mailboxes.accounts import AccountKind
from mailboxes.addresses import to_unicode
from mailboxes.admin import display
from mailboxes.admin.attention_filters import MailboxAttentionFilter
from mailboxes.admin.bulk_actions import admin_url
from mailboxes.admin.changelist import InDomainList
from mailboxes.admin.client_settings import ShowsClientSettings
from mailboxes.admin.filters import (
    DomainFilter,
    SortFilter,
    StatusFilter,
)
from mailboxes.admin.overviews import mailbox_overview
from mailboxes.admin.renaming import RenamesRows
from mailboxes.conf import mail_host
from mailboxes.csv_download import iso_time
from mailboxes.export.renaming import Steps, mailbox_steps
from mailboxes.form_fields import QuotaField, count_quota
from mailboxes.forms.base import autofocus
from mailboxes.forms.mailboxes import DisablingForm, MailboxForm, MailboxPasswordForm
from mailboxes.forms.renaming import RenameForm, RenameMailboxForm
from mailboxes.models import Alias, Mailbox
from mailboxes.request_actors import administrator


class QuotaForm(forms.Form):
    quota = QuotaField(
        label=_("Quota"), help_text=_("For example, 1G or 500M. Enter 0 for no limit.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        count_quota(self)


@admin.register(Mailbox)
class MailboxAdmin(ShowsClientSettings, InDomainList, RenamesRows):
    form = MailboxForm
    rename_form = RenameMailboxForm
    list_display = ["name_link", "status", "usage", "signed_in"]
    list_filter = [StatusFilter, DomainFilter, MailboxAttentionFilter, SortFilter]
    search_columns = ("username", "name")
    actions = ["enable", "disable", "set_quota", "delete_selected"]
    csv_columns = ("address", "name", "active", "quota_bytes", "used_bytes", "messages",
                   "last_sign_in", "created", "modified")  # fmt: skip
    sections = [
        (None, ["name", "quota", "active"]),
        (_("Password"), ["new_password1", "new_password2"]),
        (_("Receiving and sending"), ["handling", "sentence", "receive_only"]),
    ]
    deletion_note = display.PASSWORDS_ARE_LOST
    shown_as = {
        "name": "owner_name",
        "quota": "",
        "handling": "incoming",
        "sentence": "",
        "receive_only": "may_send",
    }

    # The list

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Leave out the last sign-in if it is not recorded."""
        recorded = usage.knows_sign_ins()
        return [name for name in self.list_display if recorded or name != "signed_in"]

    def annotate(self, rows: list[Any]) -> None:
        super().annotate(rows)
        found = usage.find([row.pk for row in rows])
        for row in rows:
            row.found = found[row.pk]

    @admin.display(description=_("mailbox"))
    def name_link(self, row: Any) -> str:
        return display.row_link(row.url, row.pk, row.name)

    @admin.display(description=_("usage"))
    def usage(self, row: Any) -> str:
        return display.usage(row.quota, row.found.bytes)

    @admin.display(description=_("last sign-in"))
    def signed_in(self, row: Any) -> str:
        return display.local_time(row.found.last_login)

    def csv_row(self, row: Any) -> list[Any]:
        found = row.found
        used = ["" if part is None else part for part in (found.bytes, found.messages)]
        dates = [iso_time(time) for time in (found.last_login, row.created, row.modified)]
        return [row.pk, row.name, row.active, row.quota, *used, *dates]

    @admin.action(description=_("Change quota…"), permissions=["change"])
    def set_quota(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        form = QuotaForm(request.POST if "post" in request.POST else None)
        texts = (
            _("Change the quota of %(count)s %(kind)s?"),
            _("Changed the quota of %(count)s %(kind)s."),
        )
        if page := self.confirm(request, queryset, texts[0], form=form):
            return page
        action = partial(actions.set_quota_in_bulk, quota=form.cleaned_data["quota"])
        return self.run(request, queryset, action, texts, form=form)

    def disabling_form(self, request: HttpRequest) -> DisablingForm | None:
        """Return the form, unless the role may not change what becomes of mail."""
        if not self.has_change_permission(request):
            return None
        return DisablingForm(request.POST if "post" in request.POST else None)

    # The form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Leave out what an adopted table can't store."""
        sections = super().get_fieldsets(request, obj)
        if not sending.is_known():
            for _title, options in sections:
                hidden = {"receive_only", "may_send"}
                options["fields"] = [name for name in options["fields"] if name not in hidden]
        return sections

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.password_view)
        path_of_view = path("<path:key>/password/", view, name="mailboxes_mailbox_password")
        return [path_of_view, *super().get_urls()]

    def has_password_permission(self, request: HttpRequest) -> bool:
        return scope_of(request.user).allows("mailbox.password")

    @method_decorator(sensitive_post_parameters())
    def password_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """Set a new password; it is all that some roles may change."""
        if not self.has_password_permission(request):
            raise PermissionDenied
        mailbox = self.get_object(request, unquote(key))
        if mailbox is None:
            raise Http404
        form = MailboxPasswordForm(mailbox, request.POST or None)
        if form.is_valid() and form.save(administrator(request), mail_host().scheme):
            text = _("The new password of %(mailbox)s takes effect immediately.")
            self.message_user(request, text % {"mailbox": mailbox}, messages.SUCCESS)
            self.tell_of_sessions(request, [mailbox])
            if "_sheet" in request.POST:
                return self.welcome_sheet(request, mailbox, form.cleaned_data["new_password1"])
            return HttpResponseRedirect(admin_url(self.opts, "change", quote(mailbox.pk)))
        autofocus(form)
        context = self.admin_site.each_context(request) | {
            "title": _("New password"),
            "opts": self.opts,
            "original": mailbox,
            "form": form,
            "novalidate": True,
        }
        return render(request, "admin/mailboxes/mailbox/password.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["may_set_password"] = self.has_password_permission(request)
        mailbox = kwargs.get("obj")
        if mailbox:
            context["overview"] = mailbox_overview(mailbox, scope_of(request.user))
        context["is_idn"] = mailbox and to_unicode(mailbox.pk)
        context["is_demanded"] = mailbox and is_demanded(AccountKind.MAILBOX, mailbox.pk)
        return super().render_change_form(request, context, *args, **kwargs)

    def rename_steps(self, request: HttpRequest, row: Mailbox, form: RenameForm) -> Steps:
        plan = actions.plan_renaming(row, form.new_name)
        kept, scope = form.cleaned_data["keeps_old"], scope_of(request.user)
        found = mailbox_steps(plan, kept, mail_host(), scope)
        counts = foreign_rows.count_for([row.pk]).get(row.pk.lower(), {})
        return replace(found, lines=[*found.lines, *display.also_deleted(counts)])

    @admin.display(description=_("name"))
    def owner_name(self, row: Mailbox) -> str:
        return row.name or display.quiet(_("none"))

    @admin.display(description=_("mail for this address"))
    def incoming(self, row: Mailbox) -> str:
        goto = Alias.objects.filter(pk=row.pk).values_list("goto", flat=True).first()
        return display.handled(goto or "") or str(_("Delivered"))

    @admin.display(description=_("may send mail"))
    def may_send(self, row: Mailbox) -> str:
        return str(_("yes") if sending.may_send(row.pk) else _("no"))

    def save_model(self, request: HttpRequest, obj: Mailbox, form: ModelForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            shown = dict(form.shown_values or {})  # type: ignore[attr-defined]
            for name in ("goto", "may_send"):  # not columns of the model
                shown.pop(name, None)
            mail = (data["refusal"], not data["receive_only"]) if "handling" in form.data else ()
            password = data["new_password1"]
            actions.change_mailbox(administrator(request), obj, password, shown or None, *mail)
            if password or ("active" in form.changed_data and not obj.active):
                self.tell_of_sessions(request, [obj])
            return
        obj.pk = actions.create_mailbox(
            administrator(request),
            data["address"],
            data["new_password1"],
            data["name"],
            data["quota"],
            data["active"],
            data["refusal"],
            not data["receive_only"],
        ).pk

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the sheet for the owner if that was asked for, with the messages about saving."""
        response = super().response_add(request, obj, post_url_continue)
        if "_sheet" in request.POST:
            return self.welcome_sheet(request, obj, request.POST["new_password1"])
        return response

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Do the same after a change, if a new password was entered."""
        response = super().response_change(request, obj)
        if "_sheet" in request.POST:
            return self.welcome_sheet(request, obj, request.POST.get("new_password1", ""))
        return response

    def delete_model(self, request: HttpRequest, obj: Mailbox) -> None:
        actions.delete_mailbox(administrator(request), obj)
        self.tell_of_sessions(request, [obj])

    def describe_deletion(self, row: Mailbox, scope: Scope) -> list[str]:
        host = mail_host()
        return [
            _("The mailbox %(mailbox)s and its own alias.") % {"mailbox": row},
            *display.also_deleted(foreign_rows.count_for([row.pk]).get(row.pk.lower(), {})),
            display.kept_mail(host.location.path(host.home, row.pk, row.maildir)),
        ]
