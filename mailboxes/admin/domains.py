"""Domains in the admin: their list and their form."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mailboxes import actions
from mailboxes.admin import display
from mailboxes.admin.base import DeedAdmin
from mailboxes.admin.bulk_actions import NAMED
from mailboxes.admin.changelist import ListAdmin, iso
from mailboxes.admin.filters import StatusFilter
from mailboxes.conf import mail_host, quota_multiplier
from mailboxes.forms import DomainForm
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import aliases_into


class DomainList(ListAdmin):
    list_display = ["entry", "mailbox_usage", "alias_usage", "quotas", "status"]
    list_filter = [StatusFilter]
    search_within = ("domain", "description")
    columns = (
        *("domain", "description", "active", "mailboxes", "mailboxes_at_most", "aliases"),
        *("aliases_at_most", "quota_of_one_bytes", "quota_of_all_bytes", "created", "modified"),
    )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Delete one domain at a time: its name must be typed."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def furnish(self, rows: list[Any]) -> None:
        """Count mailboxes and aliases of these rows alone; a mailbox's own alias is not counted."""
        names = [row.pk for row in rows]
        mailboxes, aliases = (counted(model, names) for model in (Mailbox, Alias))
        for row in rows:
            row.mailbox_count = mailboxes.get(row.pk, 0)
            row.alias_count = max(aliases.get(row.pk, 0) - row.mailbox_count, 0)
        places = [reverse(f"admin:mailboxes_{name}_changelist") for name in ("mailbox", "alias")]
        for row in rows:
            row.mailbox_list, row.alias_list = (f"{place}?domain={row.pk}" for place in places)

    @admin.display(description=_("domain"))
    def entry(self, row: Any) -> str:
        return display.entry(row.url, row.pk, row.description)

    @admin.display(description=_("mailboxes"))
    def mailbox_usage(self, row: Any) -> str:
        return display.share(row.mailbox_count, row.mailboxes, row.mailbox_list)

    @admin.display(description=_("aliases"))
    def alias_usage(self, row: Any) -> str:
        return display.share(row.alias_count, row.aliases, row.alias_list)

    @admin.display(description=_("quota"))
    def quotas(self, row: Any) -> str:
        unit = quota_multiplier()
        return display.quotas(row.quota * unit, row.maxquota * unit)

    def csv_row(self, row: Any) -> list[Any]:
        counts = [row.mailbox_count, row.mailboxes, row.alias_count, row.aliases]
        unit = quota_multiplier()
        sizes = [size if size < 0 else size * unit for size in (row.maxquota, row.quota)]
        dates = [iso(row.created), iso(row.modified)]
        return [row.domain, row.description, row.active, *counts, *sizes, *dates]


def counted(model: type[Mailbox] | type[Alias], domains: list[str]) -> dict[str, int]:
    rows: Any = model.objects.filter(domain__in=domains).order_by().values_list("domain_id")
    return dict(rows.annotate(count=Count("pk")))


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
        return row.description or display.quiet(_("none"))

    def save_model(self, request: HttpRequest, obj: Domain, form: ModelForm, change: bool) -> None:
        if change:
            actions.change_domain(obj)
            return
        data = dict(form.cleaned_data)
        actions.create_domain(data.pop("domain"), **data)

    def describe_deletion(self, row: Domain) -> list[str]:
        mailboxes = Mailbox.objects.filter(domain=row.pk).count()
        aliases = Alias.objects.filter(domain=row.pk).count() - mailboxes
        led = [
            _("Its place as an alias domain of %(target)s.") % {"target": alias.target_domain}
            for alias in AliasDomain.objects.filter(pk=row.pk)
        ]
        others = aliases_into(row.pk)
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
                for alias in others[:NAMED]
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
        actions.delete_domain(obj)
