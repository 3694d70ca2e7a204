"""What an import does with mailboxes."""

from dataclasses import replace
from typing import Any

from django.db.models import Model

from mailboxes.actions import rules
from mailboxes.actions.base import authorize, new_values
from mailboxes.actions.imports.outcomes import Outcome, Verb
from mailboxes.actions.imports.passwords import differs, set_stored
from mailboxes.actions.imports.planner import DIFFERS, Planner, check_reach, without_password
from mailboxes.actions.imports.rows import MailboxRow
from mailboxes.actions.imports.tables import parse_name
from mailboxes.addresses import NOT_AN_ADDRESS, Address, BadAddress, CatchAll
from mailboxes.adoption.mark import new_folder
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import new_row
from mailboxes.sizes import to_units

OUTSIDE = gettext_noop("The folder “%(folder)s” would be outside of the folder for all mail.")
BAD_FOLDER = gettext_noop(
    "The folder “%(folder)s” is too long, or contains characters other than printable ASCII."
)
ONLY_SUPERUSERS = gettext_noop("Only superusers can import folders other than “%(folder)s”.")
MAX_FOLDER = 255

DEFAULTS: dict[type[Model], dict[str, Any]] = {
    model: {field.attname: field.get_default() for field in model._meta.concrete_fields}
    for model in (Domain, AliasDomain, Mailbox, Alias)
}
"""The columns, each with its default."""


def plan_mailbox(planner: Planner, row: MailboxRow) -> Outcome:
    address = parse_name(row.address)
    if isinstance(address, CatchAll):
        raise BadAddress(NOT_AN_ADDRESS, {"text": row.address})
    quota = whole_quota(row.quota, planner.megabyte)
    check_reach(planner.actor, address.domain)
    name = str(address)
    planner.note_name("mailbox", name, row.place)
    if existing := planner.tables.mailboxes.get(name):
        return changed_mailbox(planner, replace(row, quota=quota), existing)
    authorize(planner.actor, "mailbox.create", address.domain)
    domain = planner.domain_of(address)
    check_free(planner, name)
    planner.check_limit(domain, domain.mailboxes, "mailboxes")
    quota = quota or 0
    planner.check_quota(domain, quota, 0)
    mailbox = new_mailbox(
        username=name,
        local_part=address.local_part,
        domain_id=address.domain,
        maildir=folder_of(planner, row, address),
        name=row.name or "",
        quota=quota,
        active=row.active is not False,
    )
    if not is_plain(mailbox.name, quota):
        rules.check_columns(mailbox, "name", "quota")
    note = set_stored(mailbox, row, domain, planner.host)
    planner.tables.add(domain, "mailboxes")
    planner.tables.add(domain, "quota", quota)
    planner.tables.mailboxes[name] = mailbox
    planner.tables.aliases.setdefault(name, own_alias(mailbox))
    planner.note_added("mailbox", name, row.place)
    return Outcome(
        row, Verb.CREATE, mailbox, new_values(mailbox, "name", "quota", "active"), note=note
    )


def folder_of(planner: Planner, row: MailboxRow, address: Address) -> str:
    """Return the folder; that of somebody else's mail must not become one's own."""
    usual = new_folder(address, planner.folder_form, planner.tables.kept)
    if row.maildir in ("", usual):
        return usual
    if not planner.actor.scope.is_everything:
        raise Refused(ONLY_SUPERUSERS, {"folder": usual}, code="forbidden", field="maildir")
    return checked_folder(row.maildir)


def changed_mailbox(planner: Planner, row: MailboxRow, mailbox: Mailbox) -> Outcome:
    domain = planner.tables.domains.get(mailbox.domain_id.lower())
    old = mailbox.quota
    wants_password = differs(mailbox, row, planner.host)
    if planner.options.updates and domain and row.quota is not None and row.quota != old:
        planner.check_quota(domain, row.quota, old)
        planner.tables.add(domain, "quota", row.quota - old)
    values = {"name": row.name, "quota": row.quota, "active": row.active}
    found = planner.changed(without_password(row), mailbox, values)
    if not wants_password:
        return found
    if not planner.options.updates:
        found.note = Refused(DIFFERS)
        return found
    authorize(planner.actor, "mailbox.change", mailbox.domain_id, mailbox.pk)
    note = set_stored(mailbox, row, domain, planner.host)
    cleaned = replace(row, password="", stored=mailbox.password)  # nosec B106
    return Outcome(cleaned, Verb.CHANGE, mailbox, {**found.changes, "password": []}, note=note)


def check_free(planner: Planner, address: str) -> None:
    """Refuse a mailbox where an alias is; a self-alias without its mailbox is completed."""
    if planner.is_added("alias", address):
        raise Refused(rules.ADDRESS_TAKEN, {"address": address}, code="taken", field="address")
    alias = planner.tables.aliases.get(address)
    if alias and alias.goto.lower() != address:
        params = {"address": address, "goto": ", ".join(alias.targets)}
        raise Refused(rules.TAKEN_BY_ALIAS, params, code="taken", field="address")


def whole_quota(quota: int | None, megabyte: int) -> int | None:
    """Return the quota in whole megabytes of PostfixAdmin's, rounded up as in the form."""
    return to_units(quota, megabyte) * megabyte if quota and quota > 0 and megabyte else quota


def new_mailbox(**values: Any) -> Mailbox:
    return new_row(Mailbox, DEFAULTS[Mailbox] | values)


def own_alias(mailbox: Mailbox) -> Alias:
    values = {
        "address": mailbox.username,
        "goto": mailbox.username,
        "domain_id": mailbox.domain_id,
        "active": mailbox.active,
    }
    return new_row(Alias, DEFAULTS[Alias] | values)


def is_plain(name: str, quota: int) -> bool:
    """Say whether the columns can certainly store these values, as nearly always."""
    return name.isascii() and name.isprintable() and len(name) < 200 and 0 <= quota < 2**62


def checked_folder(folder: str) -> str:
    parts = folder.split("/")
    if not folder.isascii() or not folder.isprintable() or len(folder) > MAX_FOLDER:
        raise Refused(BAD_FOLDER, {"folder": folder}, code="folder", field="maildir")
    if ".." in parts or "." in parts:
        raise Refused(OUTSIDE, {"folder": folder}, code="folder", field="maildir")
    return folder
