"""The report on the tables of another program: it reads them and writes nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.db import connections
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MailHost, quota_multiplier
from mailboxes.errors import Refused
from mailboxes.export import compatibility
from mailboxes.foreign_rows import CLEARED
from mailboxes.inspection import counts, database, folders, old_panel, products
from mailboxes.inspection.lines import Line, Section, counted_line
from mailboxes.inspection.products import Product, find_product, read_definitions, refusals
from mailboxes.inspection.rights import MODELS
from mailboxes.inspection.rows import UNITS, Rows, read_rows
from mailboxes.routing import Kind, Route
from mailboxes.texts import translated

MAX_TRANSPORTS = 50
CAUGHT = _("The catch-all takes their mail.")
KEPT = _("Such targets are kept when an alias is saved. New ones must be addresses.")
DELIVERED_HERE = _("Their mail is delivered to mailboxes here.")
CANNOT_DELETE = _(
    "Until it is repaired or dropped, mailboxes can't be deleted or renamed: rows in it would "
    "belong to the next owner of the address."
)
RELAYED = _(
    "Their mail is relayed: for any address or, if some have an alias that forwards to itself, for "
    "known addresses only."
)
NUMBERS = {
    "domains": _("Domains"),
    "mailboxes": _("Mailboxes"),
    "aliases": _("Aliases"),
    "alias_domains": _("Alias domains"),
}
REMARKABLE: dict[str, tuple[str | Promise, str | Promise]] = {
    "inactive_domains": (_("Disabled domains"), ""),
    "inactive_mailboxes": (_("Disabled mailboxes"), ""),
    "catch_alls": (_("Catch-alls"), ""),
    "without_domain": (_("Mailboxes whose domain is missing"), ""),
    "without_alias": (_("Mailboxes without their own alias, in a domain without a catch-all"), ""),
    "caught": (_("Mailboxes without their own alias, in a domain with a catch-all"), CAUGHT),
    "without_mailbox": (_("Aliases that forward to themselves, without a mailbox"), ""),
    "backup_mx": (_("Domains for which the host is only a backup MX"), RELAYED),
}
UNEDITABLE: dict[str, tuple[str | Promise, str | Promise]] = {
    "every_domain": (_("The row “ALL”"), _("It isn't a domain, so the panel doesn't show it.")),
    "target_empty": (_("Aliases without a target"), ""),
    "target_program": (_("Aliases to a program or file"), KEPT),
    "target_local_user": (_("Aliases to a local user"), KEPT),
    "target_domain": (_("Aliases to all addresses of a domain"), KEPT),
    "target_other": (_("Aliases to something else that isn't an address"), KEPT),
}

FORMS: dict[str, str | Promise] = {
    "empty": _("Without a password"),
    "32 hex digits": _("Stored as 32 hex digits"),
    "unknown or clear text": _("Stored in an unknown form, or in clear text"),
}
UNREADABLE = " (unreadable)"
NEEDED = [model._meta.db_table for model in MODELS]


@dataclass(frozen=True)
class Report:
    product: Product
    refusals: list[Refused]
    """Why the panel can't use the tables as they are; empty if it can."""

    sections: list[Section]
    rows: Rows = field(default_factory=Rows)


def inspect(host: MailHost) -> Report:
    """Read the mail database; of tables that the panel can't use, only the definitions."""
    definitions = read_definitions(connections["mail"])
    columns, unreadable = definitions.columns, definitions.unreadable
    if reasons := products.unreadable(unreadable, NEEDED):
        return Report(Product(), reasons, [])
    product = find_product(columns)
    reasons = refusals(product, columns)
    if reasons:
        return Report(product, reasons, [])
    reasons = database.refusals()
    if any(reason.code == "other_type" for reason in reasons):
        return Report(product, reasons, [])
    rows = read_rows()
    parts: list[tuple[str, str | Promise, Iterable[Line]]] = [
        ("database", _("Database"), database.lines()),
        ("rows", _("Rows"), row_lines(rows)),
        ("passwords", _("Passwords"), password_lines(rows, product, host)),
        ("folders", _("Folders"), folder_lines(rows, host)),
        ("quotas", _("Quotas"), quota_lines(rows)),
        ("unreadable", _("Tables that can't be read"), unreadable_lines(unreadable)),
        ("elsewhere", _("What this panel doesn't support"), counts.lines(columns)),
        ("uneditable", _("What can't be entered here"), remarkable_lines(rows, UNEDITABLE)),
    ]
    sections = [Section(code, title, list(lines)) for code, title, lines in parts]
    kept = [section for section in sections if section.lines]
    return Report(product, reasons, kept, rows)


def unreadable_lines(unreadable: dict[str, str]) -> Iterator[Line]:
    cleared = {model._meta.db_table for model in CLEARED}
    for table, reason in sorted(unreadable.items()):
        yield Line(f"unreadable_{table}", table, reason, CANNOT_DELETE if table in cleared else "")


def row_lines(rows: Rows) -> Iterator[Line]:
    for code, label in NUMBERS.items():
        yield Line(code, label, rows.numbers[code])
    yield from remarkable_lines(rows, REMARKABLE)
    for transport, number in rows.transports.most_common(MAX_TRANSPORTS):
        if transport != "virtual":
            text = _("Domains with the transport “%(transport)s”") % {"transport": transport}
            is_local = Route.read(transport, False).kind == Kind.LOCAL
            yield Line("transport", text, number, DELIVERED_HERE if is_local else RELAYED)


def remarkable_lines(
    rows: Rows, labels: dict[str, tuple[str | Promise, str | Promise]]
) -> Iterator[Line]:
    for code, (label, note) in labels.items():
        yield from counted_line(code, label, rows.noteworthy[code], note)


def password_lines(rows: Rows, product: Product, host: MailHost) -> Iterator[Line]:
    for form, number in rows.passwords.most_common():
        yield Line("form", form_label(form), number)
    found = compatibility.check(host, host)
    groups: list[tuple[str, str | Promise, Callable[[], list[compatibility.Group]]]] = [
        ("cannot_sign_in", _("Can't sign in"), lambda: found.cannot_sign_in),
        ("tolerated", _("Can sign in for now"), lambda: found.tolerated),
        ("plain_only", _("Can't sign in with every mechanism"), lambda: found.plain_only),
    ]
    for code, label, read in groups:
        for group in read():
            yield Line(code, label, group.count, group.text, tuple(group.addresses[:3]))
    yield from old_panel.lines(str(product), rows.passwords, host)


def form_label(form: str) -> str | Promise:
    if form in FORMS:
        return FORMS[form]
    if form.endswith(UNREADABLE):
        unreadable = translated(_("Stored as %(form)s, but unreadable"))
        return unreadable % {"form": form.removesuffix(UNREADABLE)}
    return translated(_("Stored as %(form)s")) % {"form": form}


def folder_lines(rows: Rows, host: MailHost) -> Iterator[Line]:
    yield from folders.form_lines(rows.folders)
    yield from folders.mail_lines(host)


def quota_lines(rows: Rows) -> Iterator[Line]:
    for unit in UNITS:
        if rows.units[unit]:
            label = _("Quotas that are only a multiple of %(unit)s") % {"unit": unit}
            note = "" if unit == quota_multiplier() else _("QUOTA_MULTIPLIER is different.")
            yield Line(f"unit_{unit}", label, rows.units[unit], note)
    yield from counted_line(
        "minus_one", _("Quotas of -1"), rows.noteworthy["negative_quota"], _("They mean no limit.")
    )
