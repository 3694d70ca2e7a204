"""The admin's lists: what stands in them, how it is found, and the same as CSV."""

import csv
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, override

from mailboxes import cells, deeds, history, usage
from mailboxes.chosen import ChosenRows, page_of
from mailboxes.conf import quota_multiplier
from mailboxes.filters import AliasKindFilter, AttentionFilter, DomainFilter, StatusFilter
from mailboxes.forms import SizeField
from mailboxes.keyset import KeyChangeList, search, slices
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.words import kept_size


class QuotaForm(forms.Form):
    quota = SizeField(label=_("Quota"), help_text=_("Such as 1G or 500M; 0 for no limit."))


class Echo:
    """A file that gives back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def defused(value: Any) -> Any:
    """Keep a spreadsheet from taking a text for a formula, such as the catch-all `@example.org`."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


class ListAdmin(ChosenRows):
    """A list by key, with deeds on many rows and a CSV of what is shown."""

    list_per_page = 50
    list_display_links = None
    sortable_by = ()
    show_full_result_count = False
    search_keys: tuple[str, ...] = ("pk",)
    """What an index finds by its beginning."""

    search_within: tuple[str, ...] = ()
    search_fields = ["pk"]  # the stock admin asks it whether there is a search at all
    columns: tuple[str, ...] = ()
    """The columns of the CSV."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeyChangeList]:
        return KeyChangeList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist: Any = super().get_changelist_instance(request)
        self.furnish(changelist.result_list)
        changelist.title = capfirst(str(self.opts.verbose_name_plural))
        address = page_of(self.opts, "change", "PK")
        filters = {"preserved_filters": changelist.preserved_filters, "opts": self.opts}
        before, after = add_preserved_filters(filters, address).split("PK", 1)
        for row in changelist.result_list:
            row.url = before + quote(row.pk) + after
        return changelist

    def furnish(self, rows: list[Any]) -> None:
        """Give the rows what the tables of others know of them, in one query for each table."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filters alone, by their whole names.

        `?password__startswith=` would tell a hash letter by letter, and so would
        `?domain__mailbox__password__startswith=`.
        """
        return lookup in ("active__exact", "attention", "domain", "kind")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        slow = "within" in request.GET
        found = search(queryset, search_term, self.search_keys, self.search_within, slow)
        return found, False

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_csv"
        return [path("csv/", self.admin_site.admin_view(self.csv), name=name), *super().get_urls()]

    # CSV

    def csv(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Send all rows that the search and the filters find, one query for each thousand."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(page_of(self.opts, "changelist"))
        with override("en"):
            kind = str(self.opts.verbose_name_plural).replace(" ", "-")
        name = f"{kind}-{timezone.now():%Y-%m-%d}.csv"
        user = request.user
        if isinstance(user, User):
            text = gettext_noop("Downloaded as CSV.")
            LogEntry.objects.create(
                user=user, action_flag=CHANGE, object_repr=name, change_message=text
            )
        answer = StreamingHttpResponse(
            self.csv_lines(changelist.queryset), content_type="text/csv; charset=utf-8"
        )
        answer["Content-Disposition"] = f'attachment; filename="{quote(name)}"'
        return answer

    def csv_lines(self, queryset: QuerySet[Any]) -> Iterator[str]:
        writer = csv.writer(Echo())
        yield "\ufeff"  # or Excel takes UTF-8 for something else
        yield writer.writerow(self.columns)
        for rows in slices(queryset):
            self.furnish(rows)
            for row in rows:
                values = [defused(value) for value in self.csv_row(row)]
                yield writer.writerow(values)

    def csv_row(self, row: Any) -> list[Any]:
        return [getattr(row, column) for column in self.columns]

    # Cells

    @admin.display(description=_("status"))
    def status(self, row: Any) -> str:
        return cells.status(row.active)

    @admin.display(description=_("changed"))
    def changed(self, row: Any) -> str:
        return cells.moment(row.modified)


def iso(time: Any) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z") if time else ""


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
        return cells.entry(row.url, row.pk, row.description)

    @admin.display(description=_("mailboxes"))
    def mailbox_usage(self, row: Any) -> str:
        return cells.share(row.mailbox_count, row.mailboxes, row.mailbox_list)

    @admin.display(description=_("aliases"))
    def alias_usage(self, row: Any) -> str:
        return cells.share(row.alias_count, row.aliases, row.alias_list)

    @admin.display(description=_("quota"))
    def quotas(self, row: Any) -> str:
        unit = quota_multiplier()
        return cells.quotas(row.quota * unit, row.maxquota * unit)

    def csv_row(self, row: Any) -> list[Any]:
        counts = [row.mailbox_count, row.mailboxes, row.alias_count, row.aliases]
        unit = quota_multiplier()
        sizes = [size if size < 0 else size * unit for size in (row.maxquota, row.quota)]
        dates = [iso(row.created), iso(row.modified)]
        return [row.domain, row.description, row.active, *counts, *sizes, *dates]


def counted(model: type[Mailbox] | type[Alias], domains: list[str]) -> dict[str, int]:
    rows: Any = model.objects.filter(domain__in=domains).order_by().values_list("domain_id")
    return dict(rows.annotate(count=Count("pk")))


class InDomainList(ListAdmin):
    """A list of rows that belong to domains, which may be disabled."""

    def furnish(self, rows: list[Any]) -> None:
        names = {row.domain_id for row in rows}
        disabled = Domain.objects.filter(pk__in=names, active=False).values_list("pk", flat=True)
        closed = {name.lower() for name in disabled}
        for row in rows:
            row.domain_active = row.domain_id.lower() not in closed

    @admin.display(description=_("status"))
    def status(self, row: Any) -> str:
        return cells.status(row.active, row.domain_active)


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
        return cells.entry(row.url, row.pk, row.name)

    @admin.display(description=_("usage"))
    def usage(self, row: Any) -> str:
        return cells.usage(row.quota, row.standing.bytes)

    @admin.display(description=_("last sign-in"))
    def signed_in(self, row: Any) -> str:
        return cells.moment(row.standing.last_login)

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
            deeds.set_quota(row, quota)

        def changed(row: Mailbox) -> Any:
            sizes = (kept_size(size) for size in (before[row.pk], quota))
            return history.changed("Quota", *sizes)

        return self.carry_out(request, queryset, deed, texts, changed, form=form)


class AliasList(InDomainList):
    list_display = ["entry", "leads_to", "status", "changed"]
    list_filter = [StatusFilter, AliasKindFilter, DomainFilter]
    search_within = ("address", "goto")
    actions = ["enable", "disable", "delete_selected"]
    columns = ("address", "leads_to", "active", "created", "modified")

    @admin.display(description=_("alias"))
    def entry(self, row: Any) -> str:
        more = str(_("all that has no mailbox or alias of its own")) if row.pk[0] == "@" else ""
        return cells.entry(row.url, row.pk, more)

    @admin.display(description=_("leads to"))
    def leads_to(self, row: Any) -> str:
        return cells.targets(row.targets)

    def csv_row(self, row: Any) -> list[Any]:
        dates = [iso(row.created), iso(row.modified)]
        return [row.pk, row.goto, row.active, *dates]


class AliasDomainList(ListAdmin):
    list_display = ["entry", "target_domain", "status", "changed"]
    list_filter = [StatusFilter]
    search_keys = ("alias_domain", "target_domain")
    search_within = ("alias_domain", "target_domain")
    actions = ["enable", "disable", "delete_selected"]
    columns = ("alias_domain", "target_domain", "active", "created", "modified")

    @admin.display(description=_("alias domain"))
    def entry(self, row: Any) -> str:
        return cells.entry(row.url, row.pk)

    def csv_row(self, row: Any) -> list[Any]:
        return [row.pk, row.target_domain, row.active, iso(row.created), iso(row.modified)]
