"""Aliases and alias domains in the admin: their lists and their forms."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from mailboxes import actions
from mailboxes.admin import display
from mailboxes.admin.attention_filters import AliasAttentionFilter
from mailboxes.admin.bulk_actions import admin_url
from mailboxes.admin.changelist import InDomainList, ListAdmin
from mailboxes.admin.filters import (
    AliasKindFilter,
    DomainFilter,
    StatusFilter,
)
from mailboxes.admin.mail import MailAdmin
from mailboxes.csv_download import iso_time
from mailboxes.forms.aliases import AliasDomainForm, AliasForm
from mailboxes.models import Alias, AliasDomain
from mailboxes.request_actors import administrator


@admin.register(Alias)
class AliasAdmin(InDomainList, MailAdmin):
    form = AliasForm
    list_display = ["name_link", "forwards_to", "status", "changed"]
    list_filter = [StatusFilter, AliasKindFilter, DomainFilter, AliasAttentionFilter]
    search_columns = ("address", "goto")
    actions = ["enable", "disable", "delete_selected"]
    csv_columns = ("address", "forwards_to", "active", "created", "modified")
    sections = [(None, ["handling", "goto", "sentence", "active"])]
    shown_as = {"goto": "all_targets", "handling": "", "sentence": ""}
    is_restorable = True

    @admin.display(description=_("alias"))
    def name_link(self, row: Any) -> str:
        detail = str(_("catch-all: every address without a mailbox or alias"))
        return display.row_link(row.url, row.pk, detail if row.pk[0] == "@" else "")

    @admin.display(description=_("forwards to"))
    def forwards_to(self, row: Any) -> str:
        return display.handled(row.goto) or display.targets(row.targets)

    @admin.display(description=_("forwards to"))
    def all_targets(self, row: Alias) -> str:
        return display.handled(row.goto) or display.lines(row.targets)

    def csv_row(self, row: Any) -> list[Any]:
        return [row.pk, row.goto, row.active, iso_time(row.created), iso_time(row.modified)]

    def save_model(self, request: HttpRequest, obj: Alias, form: ModelForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            shown = form.shown_values  # type: ignore[attr-defined]
            actions.change_alias(administrator(request), obj, data["goto"], shown)
            return
        obj.pk = actions.create_alias(
            administrator(request), data["address"], data["goto"], data["active"]
        ).pk

    def delete_model(self, request: HttpRequest, obj: Alias) -> None:
        request.deletion = actions.delete_alias(administrator(request), obj)  # type: ignore[attr-defined]

    def response_delete(
        self, request: HttpRequest, obj_display: str, obj_id: object
    ) -> HttpResponseRedirect:
        """Go back to the list, with a message that offers to undo it."""
        filters = self.get_preserved_filters(request)
        kept: dict[str, Any] = {"preserved_filters": filters, "opts": self.opts}
        back = add_preserved_filters(kept, admin_url(self.opts, "changelist"))
        text = _("%(row)s was deleted.") % {"row": obj_display}
        undo = self.undo_form(request, request.deletion, True, back)  # type: ignore[attr-defined]
        self.message_user(request, format_html("{}{}", text, undo), messages.SUCCESS)
        return HttpResponseRedirect(back)


@admin.register(AliasDomain)
class AliasDomainAdmin(ListAdmin, MailAdmin):
    form = AliasDomainForm
    list_display = ["name_link", "target_domain", "status", "changed"]
    list_filter = [StatusFilter]
    search_columns = ("alias_domain", "target_domain")
    actions = ["enable", "disable", "delete_selected"]
    csv_columns = ("alias_domain", "target_domain", "active", "created", "modified")
    sections = [(None, ["active"])]

    @admin.display(description=_("alias domain"))
    def name_link(self, row: Any) -> str:
        return display.row_link(row.url, row.pk)

    def csv_row(self, row: Any) -> list[Any]:
        dates = [iso_time(row.created), iso_time(row.modified)]
        return [row.pk, row.target_domain, row.active, *dates]

    def save_model(
        self, request: HttpRequest, obj: AliasDomain, form: ModelForm, change: bool
    ) -> None:
        data = form.cleaned_data
        if change:
            active, obj.active = obj.active, not obj.active
            if "active" in form.changed_data:
                actions.set_active(administrator(request), obj, active)
            return
        name, target = str(data["alias_domain"]), str(data["target_domain"])
        obj.pk = actions.create_alias_domain(
            administrator(request), name, target, data["active"]
        ).pk

    def delete_model(self, request: HttpRequest, obj: AliasDomain) -> None:
        actions.delete_alias_domain(administrator(request), obj)
