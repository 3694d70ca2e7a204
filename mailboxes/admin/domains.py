"""Domains in the admin: their list and their form."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mailboxes import actions, foreign_rows
from mailboxes.access.grants import scope_of
from mailboxes.access.scope import Scope
from mailboxes.access.self_service import is_open
from mailboxes.actions.shown_values import COLUMNS
from mailboxes.admin import display
from mailboxes.admin.attention_filters import DomainAttentionFilter
from mailboxes.admin.bulk_actions import MAX_LISTED, admin_url
from mailboxes.admin.changelist import ListAdmin
from mailboxes.admin.domain_deletion import DeletesDomains, steps_text
from mailboxes.admin.domain_dns import ShowsDNS
from mailboxes.admin.filters import StatusFilter
from mailboxes.admin.overviews import domain_overview
from mailboxes.admin.renaming import RenamesRows
from mailboxes.conf import mail_host, quota_multiplier
from mailboxes.csv_download import iso_time
from mailboxes.domain_addresses import accepts_any, addresses_in, lacking_roles
from mailboxes.export.renaming import Steps, domain_steps
from mailboxes.formats import error_message
from mailboxes.forms.domains import DomainForm
from mailboxes.forms.renaming import RenameDomainForm, RenameForm
from mailboxes.forwarding.findings import are_checked
from mailboxes.forwarding.wording import UNCHECKED, listed
from mailboxes.lookup_tables.counts import counts_of, listed_counts
from mailboxes.lookup_tables.targets import aliases_forwarding_into
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import CappedCount, batches
from mailboxes.request_actors import administrator
from mailboxes.routing import Kind, Route

MAIL_FIELDS = {"active", "delivery", "next_hop", "any_recipient", "postmaster"}
"""The fields that decide what becomes of the domain's mail."""

UNCOUNTED = _("Whatever else belongs to its addresses, such as vacation messages (not counted).")
MAX_NAMED = 500
"""How many aliases that forward to a domain are read, to name those that the role may see."""


@admin.register(Domain)
class DomainAdmin(DeletesDomains, ShowsDNS, ListAdmin, RenamesRows):
    form = DomainForm
    rename_form = RenameDomainForm
    list_display = ["name_link", "mailbox_usage", "alias_usage", "quotas", "status"]
    list_filter = [StatusFilter, DomainAttentionFilter]
    search_columns = ("domain", "description")
    csv_columns = (
        *("domain", "description", "active", "mailboxes", "max_mailboxes", "aliases"),
        *("max_aliases", "quota_per_mailbox_bytes", "total_quota_bytes", "created", "modified"),
        *("transport", "backup_mx"),
    )
    sections = [
        (None, ["description", "active"]),
        (_("Delivery"), ["delivery", "next_hop", "any_recipient", "postmaster"]),
        (_("Limits"), ["mailboxes", "aliases", "maxquota", "quota"]),
        (_("Passwords"), ["self_service"]),
    ]
    shown_as = {
        "description": "about",
        "delivery": "mail",
        "next_hop": "",
        "any_recipient": "",
        "postmaster": "role_addresses",
        "maxquota": "quotas",
        "quota": "",
        "self_service": "owners_may",
    }
    deletes_also = [Mailbox, Alias]
    confirm_by_name = True
    deletion_note = display.PASSWORDS_ARE_LOST

    # The list

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Allow only one domain to be deleted at a time, since its name must be typed."""
        found: dict[str, Any] = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    def annotate(self, rows: list[Any]) -> None:
        """Count the mailboxes and aliases of these rows; the mailboxes' own aren't counted."""
        counts = listed_counts([row.pk for row in rows])
        for row in rows:
            row.mailbox_count, row.alias_count = counts[row.pk.lower()]
        pages = [reverse(f"admin:mailboxes_{name}_changelist") for name in ("mailbox", "alias")]
        for row in rows:
            row.mailbox_list, row.alias_list = (f"{page}?domain={row.pk}" for page in pages)

    @admin.display(description=_("domain"))
    def name_link(self, row: Any) -> str:
        detail = [row.description, "" if row.route.kind == Kind.LOCAL else route_text(row.route)]
        return display.row_link(row.url, row.pk, ", ".join(filter(None, detail)))

    @admin.display(description=_("mailboxes"))
    def mailbox_usage(self, row: Any) -> str:
        return display.count_of_limit(row.mailbox_count, row.mailboxes, row.mailbox_list)

    @admin.display(description=_("aliases"))
    def alias_usage(self, row: Any) -> str:
        return display.count_of_limit(row.alias_count, row.aliases, row.alias_list)

    @admin.display(description=_("quota"))
    def quotas(self, row: Any) -> str:
        unit = quota_multiplier()
        return display.quotas(row.quota * unit, row.maxquota * unit)

    def csv_rows(self, queryset: QuerySet) -> Iterator[list[Any]]:
        """Yield the rows with exact numbers, which an adopted database counts row by row."""
        for rows in batches(queryset):
            counts = counts_of([row.pk for row in rows])
            for row in rows:
                row.counts = counts[row.pk.lower()]
            yield from map(self.csv_row, rows)

    def csv_row(self, row: Any) -> list[Any]:
        counts = [row.counts.mailboxes, row.mailboxes, row.counts.aliases, row.aliases]
        unit = quota_multiplier()
        sizes = [size if size < 0 else size * unit for size in (row.maxquota, row.quota)]
        dates = [iso_time(row.created), iso_time(row.modified)]
        route = [row.transport, row.backupmx]
        return [row.domain, row.description, row.active, *counts, *sizes, *dates, *route]

    # The form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Leave out what a new domain doesn't have yet, and addresses that aren't lacking."""
        hidden = ["any_recipient"]
        if obj is not None:
            lacks_roles = obj.route.kind == Kind.LOCAL and lacking_roles([obj.pk])
            hidden = [] if lacks_roles else ["postmaster", "role_addresses"]
        return [
            (title, {"fields": [name for name in section["fields"] if name not in hidden]})
            for title, section in super().get_fieldsets(request, obj)
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if domain := kwargs.get("obj"):
            context["overview"] = domain_overview(domain, scope_of(request.user))
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("mail"))
    def mail(self, row: Domain) -> str:
        text = route_text(row.route)
        if row.route.kind == Kind.LOCAL:
            return text
        recipients = _("for any address") if accepts_any(row.pk) else _("for known addresses only")
        return f"{text}, {recipients}"

    @admin.display(description=_("lacking addresses"))
    def role_addresses(self, row: Domain) -> str:
        lacking = lacking_roles([row.pk]).get(row.pk, [])
        return display.lines([f"{name}@{row.pk}" for name in lacking])

    @admin.display(description=_("description"))
    def about(self, row: Domain) -> str:
        return row.description or display.quiet(_("none"))

    @admin.display(description=_("owners may change their passwords"))
    def owners_may(self, row: Domain) -> str:
        return str(_("yes") if is_open(row.pk) else _("no"))

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Offer what comes next, or go on to the domain's first mailbox."""
        response = super().response_add(request, obj, post_url_continue)
        if obj.route.kind == Kind.LOCAL:
            mailbox_url = reverse("admin:mailboxes_mailbox_add") + f"?domain={obj.pk}"
            if "_mailbox" in request.POST:
                return HttpResponseRedirect(mailbox_url)
            links = (
                (mailbox_url, _("Add mailbox")),
                (admin_url(self.opts, "dns", quote(obj.pk)), _("DNS records")),
            )
            text = format_html_join(" · ", '<a href="{}">{}</a>', links)
            self.message_user(request, format_html("{} {}", _("Next:"), text), messages.INFO)
        return response

    def save_form(self, request: HttpRequest, form: ModelForm, change: bool) -> Any:
        concerns_mail = not change or not MAIL_FIELDS.isdisjoint(form.changed_data)
        request.concerns_mail = concerns_mail  # type: ignore[attr-defined]
        return super().save_form(request, form, change)

    def warn(self, request: HttpRequest, row: Any) -> None:
        """Follow the domain's aliases, unless other fields were saved."""
        if getattr(request, "concerns_mail", True):
            super().warn(request, row)

    def save_model(self, request: HttpRequest, obj: Domain, form: ModelForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            shown = dict(form.shown_values or {})  # type: ignore[attr-defined]
            for name in ("any_recipient", "self_service"):  # the form has compared them
                shown.pop(name, None)
            recipients, postmaster = (data[name] for name in ("any_recipient", "postmaster"))
            actions.change_domain(
                administrator(request), obj, shown or None, recipients, postmaster
            )
            if "active" in form.changed_data and not obj.active:
                self.tell_of_sessions(request, [obj])
        else:
            columns = {name: getattr(obj, name) for name in COLUMNS[Domain]}
            name, postmaster = data["domain"], data["postmaster"]
            actor = administrator(request)
            obj.pk = actions.create_domain(actor, name, postmaster, **columns).pk
        active = form.cleaned_data["self_service"]
        actions.set_self_service(administrator(request), obj, active)

    def rename_steps(self, request: HttpRequest, row: Domain, form: RenameForm) -> Steps:
        plan = actions.plan_domain_renaming(row, form.new_name)
        return domain_steps(plan, form.cleaned_data["keeps_old"], mail_host())

    def describe_deletion(self, row: Domain, scope: Scope) -> list[str]:
        mailboxes, aliases = listed_counts([row.pk])[row.pk.lower()]
        in_steps = actions.is_deleted_in_steps(row)
        addresses = [] if in_steps else addresses_in(row.pk)
        uncounted = in_steps and not foreign_rows.are_countable()
        return [
            _("The domain %(domain)s.") % {"domain": row},
            ngettext(
                "%(count)s mailbox in this domain.",
                "%(count)s mailboxes in this domain.",
                mailboxes.number,
            )
            % {"count": mailboxes},
            others_text(aliases),
            *display.also_deleted(foreign_rows.count_in(row.pk, addresses)),
            *[str(UNCOUNTED)][:uncounted],
            *(
                _("Its role as an alias domain of %(target)s.") % {"target": alias.target_domain}
                for alias in AliasDomain.objects.filter(pk=row.pk)
            ),
            display.kept_mail(mail_host().home),
            *[steps_text()][:in_steps],
        ]

    def describe_left_behind(self, rows: list[Domain], scope: Scope) -> list[str]:
        [row] = rows
        if not are_checked(rows):
            return [error_message(UNCHECKED)]
        aliases = scope.narrow(Alias.objects.exclude(domain=row.pk))
        found = aliases_forwarding_into(row.pk, aliases, MAX_NAMED, crosses=True)
        others = [alias.pk for alias in found]
        text = _(
            "These aliases still forward to it: %(names)s. What they forward there then goes to "
            "the host that the MX record of %(domain)s names; if that is still this host, it "
            "bounces."
        )
        names = listed(others, maximum=MAX_LISTED)
        return [text % {"names": names, "domain": row}] if others else []


def others_text(aliases: CappedCount | None) -> str:
    """Return how many aliases a domain has besides the mailboxes' own."""
    if aliases is None:
        return str(_("Its other aliases, which weren't counted."))
    text = ngettext("%(count)s other alias.", "%(count)s other aliases.", aliases.number)
    return text % {"count": aliases}


def route_text(route: Route) -> str:
    if route.kind == Kind.RELAYED:
        return _("Relayed to %(host)s") % {"host": route.next_hop}
    return str(_("Delivered here") if route.kind == Kind.LOCAL else _("Backup MX"))
