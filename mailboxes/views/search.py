"""One search over mailboxes, aliases and domains."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailboxes.access.grants import scope_of
from mailboxes.access.scope import Scope
from mailboxes.folding import fold
from mailboxes.forwarding.findings import source_without_mailboxes
from mailboxes.handling import Handling
from mailboxes.models import Alias, Domain, Mailbox, has_mailbox
from mailboxes.queries import CappedCount, capped_count, first_rows, found_by
from mailboxes.search import COLUMNS, TOO_FREQUENT, parse, search, with_ascii_domain

SHOWN = 10
"""How many rows of each table are shown."""

SUGGESTED = 5
"""How many of each are suggested while a target is typed."""


@dataclass(frozen=True)
class Hit:
    name: str
    url: str
    detail: str = ""
    """The owner, the description, or the target that matches."""

    password_url: str = ""
    """Where a new password is set, if that is allowed."""


@dataclass(frozen=True)
class Hits:
    """What was found in one table, and the list that shows all of it."""

    model: str
    opts: Any
    icon: str
    count: CappedCount
    rows: list[Hit]
    url: str
    is_partial: bool
    is_cut: bool


@never_cache
@require_safe
def search_all(request: HttpRequest) -> HttpResponse:
    """Show the first hits in each table, as far as the administrator may see it, or the page of
    the mailbox, alias or domain whose whole name was typed.
    """
    text, scope = asked_text(request), scope_of(request.user)
    if (only := row_meant(text, scope)) is not None:
        return redirect(f"admin:mailboxes_{only._meta.model_name}_change", quote(only.pk))
    context = admin.site.each_context(request) | {
        "title": _("Search"),
        "asked": text,
        "too_frequent": TOO_FREQUENT,
        "tables": list(tables(text, scope)) if text else [],
    }
    return render(request, "mailboxes/search.html", context)


def asked_text(request: HttpRequest) -> str:
    """Return what was typed, unless it stands for nothing: all rows would be found, and read."""
    text = request.GET.get("q", "").strip()
    return text if parse(text, has_domains=False).terms else ""


def row_meant(text: str, scope: Scope) -> Model | None:
    """Return the row whose whole name was typed; its page shows what belongs to it."""
    terms = parse(text, has_domains=False).terms
    if len(terms) != 1:
        return None
    name = with_ascii_domain(terms[0])
    for model in (Mailbox, Alias) if "@" in name else (Domain,):
        if scope.allows(f"{model._meta.model_name}.view"):
            found: Model | None = scope.narrow(model._default_manager.filter(pk=name)).first()
            if found is not None:
                return found
    return None


@never_cache
@require_safe
def suggest_targets(request: HttpRequest) -> JsonResponse:
    """Return the first addresses that a search finds, to complete the target of an alias."""
    text, scope = asked_text(request), scope_of(request.user)
    if not text:
        return JsonResponse({"names": []})
    found = {table.model: table.rows for table in tables(text, scope, (Mailbox, Alias))}
    terms = folded_terms(text)
    names = [row.name for row in found.get("mailbox", [])[:SUGGESTED]]
    aliases = [row.name for row in found.get("alias", []) if not row.name.startswith("@")]
    # Others are found because of their targets, which say nothing of what is meant here.
    meant = [name for name in aliases if all(term in fold(name) for term in terms)]
    return JsonResponse({"names": [*names, *meant[:SUGGESTED]]})


def tables(
    text: str, scope: Scope, models: Collection[type[Model]] = (Mailbox, Alias, Domain)
) -> Iterator[Hits]:
    """Search these models, as far as the administrator may see their rows."""
    aliases = Alias.objects.filter(~has_mailbox())
    sources: tuple[tuple[type[Model], QuerySet, str], ...] = (
        (Mailbox, Mailbox.objects.all(), "inbox"),
        (Alias, aliases, "forward"),
        (Domain, Domain.objects.all(), "globe"),
    )
    for model, rows, icon in sources:
        name = str(model._meta.model_name)
        if model in models and scope.allows(f"{name}.view"):
            yield hits(name, icon, scope.narrow(rows), text, scope)


def hits(name: str, icon: str, rows: QuerySet, text: str, scope: Scope) -> Hits:
    found = search(rows, text, COLUMNS[rows.model], scope.domains)
    if found.keys is None:
        if rows.model is Alias:  # many may be mailboxes' own
            domains = list(filter(scope.includes, found.domains or ()))
            found_by(found.rows, source_without_mailboxes(domains))
        count, first = capped_count(found.rows), first_rows(found.rows, SHOWN)
    else:
        count = CappedCount(len(found.keys), found.more and bool(found.keys))
        keys = found.keys[:SHOWN]
        by_key = {row.pk: row for row in rows.order_by().filter(pk__in=keys)}
        first = [by_key[key] for key in keys if key in by_key]
    shown = [hit(name, row, text) for row in first]
    if rows.model is Mailbox and scope.allows("mailbox.password"):
        page = "admin:mailboxes_mailbox_password"
        shown = [replace(one, password_url=reverse(page, args=[quote(one.name)])) for one in shown]
    query = QueryDict(mutable=True)
    query["q"] = text
    url = f"{reverse(f'admin:mailboxes_{name}_changelist')}?{query.urlencode()}"
    return Hits(name, rows.model._meta, icon, count, shown, url, found.is_partial, found.is_cut)


def hit(name: str, row: Any, text: str) -> Hit:
    url = reverse(f"admin:mailboxes_{name}_change", args=[quote(row.pk)])
    if isinstance(row, Alias):
        return Hit(row.pk, url, matching_target(row, text))
    return Hit(row.pk, url, row.name if isinstance(row, Mailbox) else row.description)


def folded_terms(text: str) -> list[str]:
    """Return the parts of what was typed as names are compared with them."""
    return list(map(fold, parse(text, has_domains=False).terms))


def matching_target(alias: Alias, text: str) -> str:
    """Return the target that was searched for, or the first one."""
    if alias.handling != Handling.DELIVERED:
        return ""
    terms = folded_terms(text)
    matching = (one for one in alias.targets if any(term in fold(one) for term in terms))
    return next(matching, next(iter(alias.targets), ""))
