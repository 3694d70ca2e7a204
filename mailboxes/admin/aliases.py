"""Aliases and alias domains in the admin: their lists and their forms."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mailboxes import actions
from mailboxes.admin import display
from mailboxes.admin.base import DeedAdmin
from mailboxes.admin.changelist import InDomainList, ListAdmin, iso
from mailboxes.admin.filters import AliasKindFilter, DomainFilter, StatusFilter
from mailboxes.forms import AliasDomainForm, AliasForm
from mailboxes.models import Alias, AliasDomain


class AliasList(InDomainList):
    list_display = ["entry", "leads_to", "status", "changed"]
    list_filter = [StatusFilter, AliasKindFilter, DomainFilter]
    search_within = ("address", "goto")
    actions = ["enable", "disable", "delete_selected"]
    columns = ("address", "leads_to", "active", "created", "modified")

    @admin.display(description=_("alias"))
    def entry(self, row: Any) -> str:
        more = str(_("all that has no mailbox or alias of its own")) if row.pk[0] == "@" else ""
        return display.entry(row.url, row.pk, more)

    @admin.display(description=_("leads to"))
    def leads_to(self, row: Any) -> str:
        return display.targets(row.targets)

    def csv_row(self, row: Any) -> list[Any]:
        dates = [iso(row.created), iso(row.modified)]
        return [row.pk, row.goto, row.active, *dates]


@admin.register(Alias)
class AliasAdmin(AliasList, DeedAdmin):
    form = AliasForm
    parts = [(None, ["goto", "active"])]
    in_words = {"goto": "all_targets"}

    @admin.display(description=_("leads to"))
    def all_targets(self, row: Alias) -> str:
        return display.lines(row.targets)

    def save_model(self, request: HttpRequest, obj: Alias, form: ModelForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            actions.change_alias(obj, data["goto"])
            return
        obj.pk = actions.create_alias(data["address"], data["goto"], data["active"]).pk

    def forbid_deletion(self, row: Alias) -> list[str]:
        reason = _("%(alias)s is the alias by which the mailbox of that name gets its mail.")
        return [reason % {"alias": row}] if row.is_own else []

    def delete_model(self, request: HttpRequest, obj: Alias) -> None:
        actions.delete_alias(obj)


class AliasDomainList(ListAdmin):
    list_display = ["entry", "target_domain", "status", "changed"]
    list_filter = [StatusFilter]
    search_keys = ("alias_domain", "target_domain")
    search_within = ("alias_domain", "target_domain")
    actions = ["enable", "disable", "delete_selected"]
    columns = ("alias_domain", "target_domain", "active", "created", "modified")

    @admin.display(description=_("alias domain"))
    def entry(self, row: Any) -> str:
        return display.entry(row.url, row.pk)

    def csv_row(self, row: Any) -> list[Any]:
        return [row.pk, row.target_domain, row.active, iso(row.created), iso(row.modified)]


@admin.register(AliasDomain)
class AliasDomainAdmin(AliasDomainList, DeedAdmin):
    form = AliasDomainForm
    parts = [(None, ["active"])]

    def save_model(
        self, request: HttpRequest, obj: AliasDomain, form: ModelForm, change: bool
    ) -> None:
        data = form.cleaned_data
        if change:
            actions.set_active(obj, obj.active)
            return
        actions.create_alias_domain(
            str(data["alias_domain"]), str(data["target_domain"]), data["active"]
        )
