"""What stands in the cells of a list: states, sizes and times in words, with an icon or a bar."""

from datetime import datetime

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailboxes.addresses import readable
from mailboxes.formats import size
from mailboxes.icons import icon

NEARLY_FULL, FULL = 90, 100
SHOWN = 3


def badge(tone: str, name: str, words: str) -> SafeString:
    return format_html('<span class="badge {}">{}{}</span>', tone, icon(name), words)


def quiet(words: str | Promise) -> SafeString:
    return format_html('<span class="quiet">{}</span>', words)


def status(active: bool, domain_active: bool = True) -> SafeString:
    if active and not domain_active:
        return badge("warn", "circle-off", _("Domain disabled"))
    if active:
        return badge("good", "circle-check", _("Active"))
    return badge("quiet", "circle-off", _("Disabled"))


def entry(url: str, words: str, more: str = "") -> SafeString:
    """Return the row's own link with a quiet second line."""
    more = ", ".join(filter(None, (readable(words), more)))
    name, at, domain = words.rpartition("@")
    link = format_html('<a href="{}">{}<wbr>{}{}</a>', url, name, at, domain)
    return format_html("{}{}", link, quiet(more) if more else "")


def usage(quota: int, used: int | None) -> SafeString:
    """Return quota and usage in bytes as words, and as a bar where both are known."""
    if used is None:
        return format_html("{}", size(quota))
    if quota <= 0:
        return format_html("{}", _("%(used)s, no limit") % {"used": in_use(used)})
    percent = used * 100 // quota
    words = _("%(used)s of %(quota)s, %(percent)d %%") % {
        "used": in_use(used),
        "quota": size(quota),
        "percent": percent,
    }
    return format_html(
        '<span class="usage">{}<progress class="bar {}" max="100" value="{}" aria-hidden="true">'
        "</progress></span>",
        warning(percent, words),
        "bad" if percent >= FULL else "warn" if percent >= NEARLY_FULL else "good",
        min(percent, 100),
    )


def warning(percent: int, words: str) -> SafeString:
    whole = format_html('<span class="nowrap">{}</span>', words)
    if percent < NEARLY_FULL:
        return whole
    said = _("Full") if percent >= FULL else _("Nearly full")
    return format_html("<strong>{}:</strong> {}", said, whole)


def in_use(used: int) -> str:
    return size(used) if used > 0 else _("nothing")


def share(count: int, limit: int, url: str) -> SafeString:
    """Return how many of how many there may be; 0 is no limit, -1 none at all."""
    link = format_html('<a href="{}">{}</a>', url, number_format(count, force_grouping=True))
    if not limit:
        return link
    words = _("of %(limit)s") % {"limit": number_format(max(limit, 0), force_grouping=True)}
    full = badge("warn", "triangle-alert", _("full")) if count and count >= limit else ""
    return format_html("<span>{} {} {}</span>", link, words, full)


def quotas(for_all: int, for_each: int) -> SafeString:
    """Return a domain's two limits in bytes; 0 is no limit, and -1 in the second: no quotas."""
    parts = []
    if for_all > 0:
        parts.append(_("%(size)s in all") % {"size": size(for_all)})
    if for_each:
        each = size(for_each) if for_each > 0 else ""
        parts.append(_("at most %(size)s each") % {"size": each} if each else _("switched off"))
    return format_html("{}", ", ".join(parts) or _("no limit"))


def lines(addresses: list[str]) -> SafeString:
    """Return the addresses, one a line."""
    shown = format_html_join("", "<span>{}</span>", ((address,) for address in addresses))
    return format_html('<span class="lines">{}</span>', shown)


def targets(addresses: list[str]) -> SafeString:
    """Return the first addresses, one a line, and how many more there are."""
    more = len(addresses) - SHOWN
    if more <= 0:
        return lines(addresses)
    words = ngettext("and one more target", "and %(more)d more targets", more) % {"more": more}
    return format_html("{}{}", lines(addresses[:SHOWN]), quiet(words))


def moment(time: datetime | None, never: str = "") -> SafeString:
    """Return the time with its zone named; shell.js turns it into the zone of whoever looks."""
    if time is None:
        return quiet(never or _("Never"))
    local = localtime(time)
    return format_html(
        '<time datetime="{}">{} {}</time>',
        time.isoformat(timespec="seconds"),
        date_format(local, "SHORT_DATE_FORMAT"),
        local.strftime("%H:%M %Z"),
    )
