"""Rendering of table cells and read-only fields: states, sizes and times, icons and bars."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from mailboxes.addresses import to_unicode
from mailboxes.formats import breakable, error_message, number, script_names, size
from mailboxes.forwarding.findings import LeftBehind
from mailboxes.forwarding.wording import OUTSIDE
from mailboxes.handling import Handling, handling_of, sentence_of
from mailboxes.icons import icon
from mailboxes.queries import CappedCount
from mailboxes.usage import FULL, NEARLY_FULL, usage_tone

MAX_TARGETS = 3
MAX_ALIASES = 20
ALSO_DELETED = {
    "vacation": ngettext_lazy(
        "%(count)s vacation message.", "%(count)s vacation messages.", "number"
    ),
    "fetchmail": ngettext_lazy(
        "%(count)s account from which fetchmail collects mail.",
        "%(count)s accounts from which fetchmail collects mail.",
        "number",
    ),
    "app_passwords": ngettext_lazy("%(count)s app password.", "%(count)s app passwords.", "number"),
    "second_factor_exceptions": ngettext_lazy(
        "%(count)s client that needs no second factor.",
        "%(count)s clients that need no second factor.",
        "number",
    ),
}

PASSWORDS_ARE_LOST = _(
    "The panel keeps no copy of deleted passwords, so what you delete can only be restored from a "
    "backup: run “manage.py backup” first. Disabled mailboxes keep their passwords, and can be "
    "enabled again."
)


def badge(tone: str, icon_name: str, text: str | Promise) -> SafeString:
    return format_html('<span class="badge {}">{}{}</span>', tone, icon(icon_name), text)


def quiet(text: str | Promise) -> SafeString:
    return format_html('<span class="quiet">{}</span>', text)


def status(active: bool, domain_active: bool = True) -> SafeString:
    if active and not domain_active:
        return badge("warn", "circle-off", _("Domain disabled"))
    if active:
        return badge("good", "circle-check", _("Active"))
    return badge("quiet", "circle-off", _("Disabled"))


def row_link(url: str, name: str, detail: str = "") -> SafeString:
    """Return the link to a row's page, with a quiet second line and a warning if it is needed."""
    detail = ", ".join(filter(None, (to_unicode(name), detail)))
    link = format_html('<a href="{}">{}</a>', url, breakable(name))
    scripts = script_names(name)
    text = _("Mixed scripts: %(scripts)s") % {"scripts": scripts}
    warning = badge("warn", "triangle-alert", text) if scripts else ""
    return format_html("{}{}{}", link, quiet(detail) if detail else "", warning)


def role(label: str | Promise | None, all_domains: bool, domains: list[str]) -> SafeString:
    """Return a role with its domains: the first by name, and how many more there are."""
    if not label:
        return badge("warn", "triangle-alert", _("No role"))
    if all_domains:
        return format_html("{}{}", label, quiet(_("all domains")))
    if not domains:
        return format_html("{}", label)
    return format_html("{}{}", label, targets(domains))


def usage(quota: int, used: int | None) -> SafeString:
    """Return quota and usage in bytes as text, and as a bar if both are known."""
    if used is None and quota <= 0:
        return format_html("{}", _("Unknown, no limit"))
    if used is None:
        return format_html("{}", _("Unknown, quota %(quota)s") % {"quota": size(quota)})
    if quota <= 0:
        return format_html("{}", _("%(used)s, no limit") % {"used": used_size(used)})
    percent = used * 100 // quota
    text = _("%(used)s of %(quota)s, %(percent)s%%") % {
        "used": used_size(used),
        "quota": size(quota),
        "percent": number(percent),
    }
    return format_html(
        '<span class="usage">{}<progress class="bar {}" max="100" value="{}" aria-hidden="true">'
        "</progress></span>",
        with_warning(percent, text),
        usage_tone(percent),
        min(percent, 100),
    )


def with_warning(percent: int, text: str) -> SafeString:
    whole = format_html('<span class="nowrap">{}</span>', text)
    if percent < NEARLY_FULL:
        return whole
    warning = _("Full") if percent >= FULL else _("Nearly full")
    return format_html("<strong>{}:</strong> {}", warning, whole)


def kept_mail(folder: str) -> str:
    """Name the folder on the mail host whose mail a deletion leaves behind."""
    text = _("The mail itself is kept on the mail host, in %(folder)s.")
    return text % {"folder": folder}


def also_deleted(counts: Mapping[str, int]) -> list[str]:
    """Return a line for each kind of row that `foreign_rows` has counted."""
    return [
        ALSO_DELETED[name] % {"count": number(count), "number": count}
        for name, count in counts.items()
    ]


def left_behind(aliases: LeftBehind) -> list[str]:
    """Return a line for each of the first aliases that forward to what is to be deleted."""
    dead = _("The alias %(alias)s doesn't forward to anything else; mail to it will be refused.")
    partly = _("The alias %(alias)s still forwards to %(address)s as well; that mail will bounce.")
    loop = _("Mail to the alias %(alias)s will be deferred for days, because it goes in a loop.")
    found = [dead % {"alias": name} for name in aliases.nowhere]
    found += [loop % {"alias": name} for name in aliases.deferred]
    found += [partly % {"alias": name, "address": lost} for name, lost in aliases.others.items()]
    more = len(found) - MAX_ALIASES
    if more > 0:
        text = ngettext("and one more alias", "and %(more)s more aliases", more)
        found[MAX_ALIASES:] = [text % {"more": number(more)}]
    return [*found, *[error_message(OUTSIDE)][: aliases.outside]]


def used_size(used: int) -> str:
    return size(used) if used > 0 else str(_("0 bytes"))


def count_of_limit(count: CappedCount | None, limit: int, url: str) -> SafeString:
    """Return a number and its limit; 0 means no limit, -1 none allowed."""
    link = format_html('<a href="{}">{}</a>', url, _("not counted") if count is None else count)
    if not limit:
        return link
    text = _("of %(limit)s") % {"limit": number(max(limit, 0))}
    is_full = count and count.number >= limit
    full = badge("warn", "triangle-alert", _("full")) if is_full else ""
    return format_html("<span>{} {} {}</span>", link, text, full)


def quotas(for_all: int, for_each: int) -> SafeString:
    """Return a domain's two limits in bytes; 0 means no limit, -1 for each disables quotas."""
    parts = []
    if for_all > 0:
        parts.append(_("%(size)s in total") % {"size": size(for_all)})
    if for_each > 0:
        parts.append(_("at most %(size)s each") % {"size": size(for_each)})
    elif for_each < 0:
        parts.append(str(_("switched off")))
    return format_html("{}", ", ".join(parts) or _("no limit"))


def lines(addresses: list[str]) -> SafeString:
    """Return the addresses, one per line."""
    spans = format_html_join("", "<span>{}</span>", ((breakable(one),) for one in addresses))
    return format_html('<span class="lines">{}</span>', spans)


def targets(addresses: list[str]) -> SafeString:
    """Return the first addresses, one per line, and how many more there are."""
    more = len(addresses) - MAX_TARGETS
    if more <= 0:
        return lines(addresses)
    text = ngettext("and one more target", "and %(more)s more targets", more)
    text %= {"more": number(more)}
    return format_html("{}{}", lines(addresses[:MAX_TARGETS]), quiet(text))


def handled(goto: str) -> SafeString | None:
    """Return that an alias's mail is refused, with its sentence, or discarded, if so."""
    handling = handling_of(goto)
    if handling == Handling.DISCARDED:
        return badge("quiet", "trash-2", _("Discarded"))
    if handling == Handling.REFUSED:
        refused = badge("quiet", "circle-off", _("Refused"))
        return format_html("{}{}", refused, quiet(sentence_of(goto)))
    return None


def local_time(time: datetime | None, never: str | Promise = "") -> SafeString:
    """Return the time with its zone; shell.js converts it to the browser's zone."""
    if time is None:
        return quiet(never or _("Never"))
    local = localtime(time)
    return format_html(
        '<time datetime="{}">{}, {}</time>',
        time.isoformat(timespec="seconds"),
        date_format(local, "SHORT_DATE_FORMAT"),
        local.strftime("%H:%M %Z"),
    )
