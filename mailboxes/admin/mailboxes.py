"""Mailboxes in the admin: their list and their form."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from mailboxes import actions, history, usage
from mailboxes.admin import display
from mailboxes.admin.base import DeedAdmin
from mailboxes.admin.changelist import InDomainList, iso
from mailboxes.admin.filters import AttentionFilter, DomainFilter, StatusFilter
from mailboxes.conf import mail_host
from mailboxes.formats import kept_size
from mailboxes.forms import MailboxForm, SizeField
from mailboxes.models import Mailbox
from mailboxes.queries import aliases_leading_to


class QuotaForm(forms.Form):
    quota = SizeField(label=_("Quota"), help_text=_("Such as 1G or 500M; 0 for no limit."))


class MailboxList(InDomainList):
    list_display = ["entry", "status", "usage", "signed_in"]
    list_filter = [StatusFilter, DomainFilter, AttentionFilter]
    search_within = ("username", "name")
    actions = ["enable", "disable", "set_quota", "delete_selected"]
    columns = ("address", "name", "active", "quota_bytes", "used_bytes", "messages",
               "last_sign_in", "created", "modified")  # fmt: skip

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Leave out who signed in when where nobody writes it down."""
        known = usage.knows_sign_ins()
        return [name for name in self.list_display if known or name != "signed_in"]

    def furnish(self, rows: list[Any]) -> None:
        super().furnish(rows)
        standings = usage.of([row.pk for row in rows])
        for row in rows:
            row.standing = standings[row.pk]

    @admin.display(description=_("mailbox"))
    def entry(self, row: Any) -> str:
        return display.entry(row.url, row.pk, row.name)

    @admin.display(description=_("usage"))
    def usage(self, row: Any) -> str:
        return display.usage(row.quota, row.standing.bytes)

    @admin.display(description=_("last sign-in"))
    def signed_in(self, row: Any) -> str:
        return display.moment(row.standing.last_login)

    def csv_row(self, row: Any) -> list[Any]:
        known = row.standing
        used = ["" if part is None else part for part in (known.bytes, known.messages)]
        dates = [iso(time) for time in (known.last_login, row.created, row.modified)]
        return [row.pk, row.name, row.active, row.quota, *used, *dates]

    @admin.action(description=_("Set quota…"), permissions=["change"])
    def set_quota(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        form = QuotaForm(request.POST if "post" in request.POST else None)
        texts = (
            _("Set the quota of %(count)s %(kind)s?"),
            _("Set the quota of %(count)s %(kind)s."),
        )
        if page := self.ask(request, queryset, texts[0], form=form):
            return page
        quota, before = form.cleaned_data["quota"], {}

        def deed(row: Mailbox) -> None:
            before[row.pk] = row.quota
            actions.set_quota(row, quota)

        def changed(row: Mailbox) -> Any:
            sizes = (kept_size(size) for size in (before[row.pk], quota))
            return history.changed("Quota", *sizes)

        return self.carry_out(request, queryset, deed, texts, changed, form=form)


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
        return row.name or display.quiet(_("none"))

    @admin.display(description=_("usage"))
    def used(self, row: Mailbox) -> str:
        return display.usage(row.quota, usage.of([row.pk])[row.pk].bytes)

    @admin.display(description=_("last sign-in"))
    def signed_in_at(self, row: Mailbox) -> str:
        never = (
            _("Never")
            if usage.knows_sign_ins()
            else _("Not known: only Dovecot with MariaDB or MySQL writes it down.")
        )
        return display.moment(usage.of([row.pk])[row.pk].last_login, str(never))

    def save_model(self, request: HttpRequest, obj: Mailbox, form: ModelForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            actions.change_mailbox(obj, data["new_password1"])
            return
        obj.pk = actions.create_mailbox(
            data["address"], data["new_password1"], data["name"], data["quota"], data["active"]
        ).pk

    def describe_deletion(self, row: Mailbox) -> list[str]:
        stranded = [
            _("The alias %(alias)s still leads to %(mailbox)s; mail to it will come back.")
            % {"alias": alias, "mailbox": row}
            for alias in aliases_leading_to(row.pk)
        ]
        return [
            _("The mailbox %(mailbox)s and its alias to itself.") % {"mailbox": row},
            *stranded,
            _("The mail itself stays on the mail host, in %(folder)s.")
            % {"folder": f"{mail_host().home}/{row.maildir}"},
        ]

    def delete_model(self, request: HttpRequest, obj: Mailbox) -> None:
        actions.delete_mailbox(obj)
