"""What the pages of a domain and of a mailbox show beside their forms: what belongs to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mailboxes import actions, pictures, usage
from mailboxes.access.scope import Scope
from mailboxes.admin import display
from mailboxes.conf import quota_multiplier
from mailboxes.domain_addresses import lacking_roles
from mailboxes.formats import number, size
from mailboxes.forwarding.findings import check
from mailboxes.forwarding.sources import first_sources
from mailboxes.lookup_models import Flag, RowFlag
from mailboxes.lookup_tables.counts import kept_counts
from mailboxes.lookup_tables.tables import are_kept, usage_is_kept
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import CappedCount, capped_count, with_keys
from mailboxes.routing import Kind

MAX_LISTED = 20
MAX_CHECKED = 200
"""Of how many aliases in a domain the page finds out where they lead."""


MAX_READ = 1000


@dataclass(frozen=True)
class Total:
    """A number with its limit, if there is one, and the list that it is about."""

    icon: str
    title: str | Promise
    text: str
    limit: str = ""
    url: str = ""
    is_full: bool = False


@dataclass(frozen=True)
class Problem:
    text: str
    tone: str = "warn"
    url: str = ""


@dataclass(frozen=True)
class Listed:
    """The first rows of a list, and where all of them are."""

    rows: list[Any] = field(default_factory=list)
    more: bool = False
    url: str = ""
    is_known: bool = True


def list_url(model: str, **query: str) -> str:
    return f"{reverse(f'admin:mailboxes_{model}_changelist')}?{urlencode(query)}"


def change_url(model: str, key: str) -> str:
    return reverse(f"admin:mailboxes_{model}_change", args=[quote(key)])


# A mailbox


def mailbox_overview(mailbox: Mailbox, scope: Scope) -> dict[str, Any]:
    """Return how full a mailbox is, and the aliases whose mail it gets."""
    found = usage.find([mailbox.pk])[mailbox.pk]
    own = Alias.objects.filter(pk=mailbox.pk).first()
    goto = own.goto if own else ""
    others = [name for name in (own.targets if own else []) if name.lower() != mailbox.pk.lower()]
    also = others if own and not display.handled(goto) else []
    return {
        "used": display.usage(mailbox.quota, found.bytes),
        "signed_in": signed_in(found.last_login),
        "mail": display.handled(goto) or str(_("Delivered")),
        "also_to": also,
        "own_alias_url": change_url("alias", mailbox.pk) if own else "",
        **forwarded(mailbox.pk, scope),
    }


def signed_in(last_login: Any) -> SafeString:
    never = (
        _("Never")
        if usage.knows_sign_ins()
        else _("Unknown: only Dovecot with MariaDB or MySQL records it.")
    )
    return display.local_time(last_login, never)


def forwarded(address: str, scope: Scope) -> dict[str, Listed]:
    """Return the aliases that forward to an address: to it alone, and to others as well."""
    url = list_url("alias", q=address, kind="all", inside="1")
    found = first_sources(address, scope.narrow(Alias.objects.all()), MAX_LISTED)
    rows: list[Any] = found[0] if found else []
    more = bool(found and found[1])
    for row in rows:
        row.url = change_url("alias", row.pk)
    groups = [row for row in rows if len(row.targets) > 1]
    alone = [row for row in rows if len(row.targets) == 1]
    known = found is not None
    return {"aliases": Listed(alone, more, url, known), "groups": Listed(groups, more, url, known)}


# A domain


def domain_overview(domain: Domain, scope: Scope) -> dict[str, Any]:
    """Return what a domain has, how much of its limits is in use, and what is wrong with it."""
    catch_all = Alias.objects.filter(pk=f"@{domain.pk}").first()
    sources = scope.narrow(AliasDomain.objects.filter(target_domain=domain.pk))
    names = list(sources.values_list("pk", flat=True)[: MAX_LISTED + 1])
    forwards = AliasDomain.objects.filter(pk=domain.pk).first()
    return {
        "totals": list(domain_totals(domain)),
        "catch_all": catch_all,
        "catch_all_targets": display.targets(catch_all.targets) if catch_all else "",
        "catch_all_url": change_url("alias", catch_all.pk) if catch_all else "",
        "alias_domains": [(name, change_url("aliasdomain", name)) for name in names[:MAX_LISTED]],
        "more_alias_domains": len(names) > MAX_LISTED,
        "forwards_to": forwards.target_domain if forwards else "",
        "problems": list(domain_problems(domain)),
        "charts": pictures.of_domain(domain.pk),
        "mailboxes": first_mailboxes(domain),
        "aliases": first_aliases(domain),
    }


def domain_totals(domain: Domain) -> Iterator[Total]:
    mailboxes, aliases, quota = domain_counts(domain.pk)
    url = list_url("mailbox", domain=domain.pk)
    yield total("inbox", _("Mailboxes"), mailboxes, domain.mailboxes, url)
    alias_url = list_url("alias", domain=domain.pk)
    yield total("forward", _("Aliases"), aliases, domain.aliases, alias_url)
    if quota is not None and (quota or domain.quota > 0):
        whole = domain.quota * quota_multiplier()
        limit = _("of %(limit)s") % {"limit": size(whole)} if whole > 0 else ""
        text = size(quota) if quota else str(_("0 bytes"))
        yield Total("gauge", _("Quotas, added up"), text, limit, url, 0 < whole <= quota)


def total(icon: str, title: Any, found: CappedCount, limit: int, url: str) -> Total:
    text = _("of %(limit)s") % {"limit": number(max(limit, 0))} if limit else ""
    is_full = bool(limit) and found.number > 0 and found.number >= limit
    return Total(icon, title, str(found), text, url, is_full)


def domain_counts(name: str) -> tuple[CappedCount, CappedCount, int | None]:
    """Return how many mailboxes and aliases there are, and the sum of the quotas, if known."""
    if kept := kept_counts(name):
        return CappedCount(kept.mailboxes), CappedCount(kept.aliases), kept.quota
    rows, is_known = plain_aliases(name, MAX_READ)
    mailboxes = capped_count(Mailbox.objects.filter(domain=name))
    return mailboxes, CappedCount(len(rows), not is_known), None


def domain_problems(domain: Domain) -> Iterator[Problem]:
    """Yield what is wrong with a domain, as far as the tables tell it."""
    if not domain.active:
        yield Problem(str(_("The domain is disabled, so it receives no mail.")), "bad")
        yield from unfinished_deletion(domain)
    is_local = domain.route.kind == Kind.LOCAL
    if is_local and (lacking := lacking_roles([domain.pk]).get(domain.pk)):
        names = ", ".join(f"{role}@{domain.pk}" for role in lacking)
        text = _("Every domain should accept mail for these addresses: %(names)s.")
        yield Problem(text % {"names": names}, "info")
    yield from flag_problems(domain.pk)
    yield from alias_problems(domain.pk)


def unfinished_deletion(domain: Domain) -> Iterator[Problem]:
    """Say how to go on with a deletion that was stopped or interrupted."""
    if entry := actions.unfinished_deletion(domain):
        text = _(
            "Its deletion was begun and isn't finished. To go on, delete it again. To keep what is "
            "left, enable it."
        )
        begun = format_html("{} ({}, {})", text, entry.actor, display.local_time(entry.at))
        url = reverse("admin:mailboxes_domain_delete", args=[quote(domain.pk)])
        yield Problem(begun, "bad", url)


def flag_problems(name: str) -> Iterator[Problem]:
    if usage_is_kept() and (count := flags(Flag.FULL, name)):
        text = ngettext(
            "%(count)s mailbox is nearly full.", "%(count)s mailboxes are nearly full.", count
        )
        url = list_url("mailbox", domain=name, attention="full")
        yield Problem(text % {"count": number(count)}, "warn", url)
    if are_kept() and (count := flags(Flag.DISABLED_MAILBOX, name)):
        text = ngettext(
            "%(count)s mailbox is disabled.", "%(count)s mailboxes are disabled.", count
        )
        url = list_url("mailbox", domain=name, active__exact="0")
        yield Problem(text % {"count": number(count)}, "info", url)


def flags(flag: str, domain: str) -> int:
    return capped_count(RowFlag.objects.filter(flag=flag, domain=domain)).number


def alias_problems(name: str) -> Iterator[Problem]:
    """Name aliases that lead nowhere, unless there are too many to follow for a page."""
    rows, is_known = plain_aliases(name, MAX_CHECKED + 1)
    if len(rows) > MAX_CHECKED or not is_known:
        return
    for finding in check(rows)[:MAX_LISTED]:
        text = (
            _("Mail to %(alias)s is deferred, because of a loop or too many targets.")
            if finding.is_deferred
            else _("%(alias)s forwards to addresses that don't exist or are disabled.")
        )
        tone = "bad" if finding.is_deferred else "warn"
        yield Problem(text % {"alias": finding.alias}, tone, change_url("alias", finding.alias))


def first_mailboxes(domain: Domain) -> Listed:
    rows: Any = list(
        Mailbox.objects.filter(domain=domain.pk).order_by("domain_id", "pk")[: MAX_LISTED + 1]
    )
    found = usage.find([row.pk for row in rows])
    for row in rows:
        row.link = display.row_link(change_url("mailbox", row.pk), row.pk)
        row.status = "" if row.active else display.status(row.active)
        row.used = used_text(row.quota, found[row.pk].bytes)
    return Listed(rows[:MAX_LISTED], len(rows) > MAX_LISTED, list_url("mailbox", domain=domain.pk))


def used_text(quota: int, used: int | None) -> SafeString | str:
    """Return how much a mailbox stores, with a warning if it is nearly full."""
    if used is None:
        return ""
    percent = used * 100 // quota if quota > 0 else 0
    if percent < usage.NEARLY_FULL:
        return display.quiet(display.used_size(used))
    text = _("%(percent)s%% full") % {"percent": number(percent)}
    return display.badge(usage.usage_tone(percent), "triangle-alert", text)


def first_aliases(domain: Domain) -> Listed:
    rows, is_known = plain_aliases(domain.pk, MAX_LISTED + 1)
    for row in rows:
        row.link = display.row_link(change_url("alias", row.pk), row.pk)
        row.status = "" if row.active else display.status(row.active)
        row.shown = display.handled(row.goto) or display.targets(row.targets)
    more = len(rows) > MAX_LISTED or not is_known
    return Listed(rows[:MAX_LISTED], more, list_url("alias", domain=domain.pk))


def plain_aliases(domain: str, maximum: int) -> tuple[list[Any], bool]:
    """Return the first aliases of a domain that aren't mailboxes' own, and whether there can't be
    more: in an adopted database, only the first aliases are read.
    """
    aliases = Alias.objects.filter(domain=domain)
    if are_kept():
        flagged = RowFlag.objects.filter(flag=Flag.ALIAS, domain=domain).order_by("address")
        keys = list(flagged.values_list("address", flat=True)[:maximum])
        return list(with_keys(Alias.objects.order_by("pk"), keys)), True
    some = list(aliases.order_by("domain_id", "pk")[: MAX_READ + 1])
    keys = [row.pk for row in some]
    own = {row.pk.lower() for row in with_keys(Mailbox.objects.only("pk"), keys)}
    return [row for row in some if row.pk.lower() not in own][:maximum], len(some) <= MAX_READ
