"""What would become of each row of an import: made, changed, left or refused."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

from django.db.models import Model

from mailboxes.actions import rules
from mailboxes.actions.base import Row, authorize
from mailboxes.actions.domains import DOMAIN_EXISTS, OWN_HOSTNAME
from mailboxes.actions.imports.outcomes import ImportOptions, Outcome, Verb
from mailboxes.actions.imports.passwords import differs, set_stored
from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
)
from mailboxes.actions.imports.seen import Name, Place, Seen
from mailboxes.actions.imports.tables import Tables, names_in
from mailboxes.addresses import Address, CatchAll, DomainName, parse_alias
from mailboxes.adoption.mark import folder_form, new_folder
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes
from mailboxes.audit.models import Subject
from mailboxes.conf import mail_host, quota_multiplier
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.sizes import to_units

NOWHERE = Place("")
OCCURS_TWICE = gettext_noop("%(name)s already occurs before (%(place)s).")
OUTSIDE = gettext_noop("The folder “%(folder)s” would be outside of the folder for all mail.")
BAD_FOLDER = gettext_noop(
    "The folder “%(folder)s” is too long, or contains characters other than printable ASCII."
)
ONLY_SUPERUSERS = gettext_noop("Only superusers can import folders other than “%(folder)s”.")
MAX_FOLDER = 255
DIFFERS = gettext_noop("It exists already and is left as it is.")


DEFAULTS: dict[type[Model], dict[str, Any]] = {
    model: {field.attname: field.get_default() for field in model._meta.concrete_fields}
    for model in (Mailbox, Alias)
}
"""The columns in the order of the table, each with its default."""

M = TypeVar("M", bound=Model)


class Planner:
    """Decides about rows, one after the other; `tables` must have what they are about."""

    def __init__(self, actor: Actor, options: ImportOptions, continues: int = 0) -> None:
        self.actor = actor
        self.options = options
        self.continues = continues
        """The entry of the import's first batch, if an earlier request has written it."""

        self.host = mail_host()
        self.tables = Tables()
        self.folder_form = folder_form()
        self.seen = Seen()
        self.places: dict[Name, Place] = {}
        """Where the names in this batch were read before."""

    def plan_batch(self, rows: Iterable[ImportRow]) -> list[Outcome]:
        batch = list(rows)
        addresses, domains = names_in(batch)
        self.tables.load(addresses, domains)
        names = [(kind, name) for kind in ("mailbox", "alias") for name in addresses]
        names += [(kind, name) for kind in ("domain", "aliasdomain") for name in domains]
        before = self.seen.places(names)
        self.places = before | self.added_before(addresses)
        outcomes = [outcome for row in batch for outcome in self.plan(row)]
        self.seen.add({name: self.places[name] for name in self.places.keys() - before.keys()})
        return outcomes

    def added_before(self, addresses: set[str]) -> dict[Name, Place]:
        """Return the mailboxes that earlier requests for the same import have added."""
        if not self.continues:
            return {}
        found = Subject.objects.filter(
            model="mailbox", name__in=sorted(addresses), start=self.continues
        )
        return {
            ("mailbox", one.name): Place("", True)
            for one in found
            if one.changes.get("active", [""])[0] is None
        }

    def plan(self, row: ImportRow) -> list[Outcome]:
        """Return the row's outcome, after that of a domain that is added for it."""
        extra: list[Outcome] = []
        try:
            if isinstance(row, MailboxRow):
                extra = self.missing_domain(row, row.address)
                return [*extra, self.plan_mailbox(row)]
            if isinstance(row, AliasRow):
                extra = self.missing_domain(row, row.address)
                return [*extra, self.plan_alias(row)]
            if isinstance(row, DomainRow):
                return [self.plan_domain(row)]
            if isinstance(row, AliasDomainRow):
                return [self.plan_alias_domain(row)]
        except Refused as error:
            for added in extra:
                del self.tables.domains[str(added.model)]
            return [Outcome(without_password(row), Verb.REFUSE, refusal=error)]
        refusal = Refused(row.message, row.params)
        return [Outcome(row, Verb.REFUSE, refusal=refusal)]

    def note_name(self, kind: str, name: str, place: str) -> None:
        """Refuse a name that has occurred before, whatever became of it."""
        first = self.places.setdefault((kind, name.lower()), Place(place)).text
        if first != place:
            raise Refused(OCCURS_TWICE, {"name": name, "place": first}, code="twice")

    def note_added(self, kind: str, name: str, place: str) -> None:
        self.places[kind, name] = Place(place, True)

    def is_added(self, kind: str, name: str) -> bool:
        """Say whether the import adds this row, or an earlier batch has done so."""
        return self.places.get((kind, name), NOWHERE).is_added

    def missing_domain(self, row: MailboxRow | AliasRow, address: str) -> list[Outcome]:
        """Return the outcome of the row's domain, if it is to be added."""
        name = parse_alias(address.strip()).domain
        if not self.options.creates_domains or name in self.tables.domains:
            return []
        return [self.plan_domain(DomainRow(row.place, name))]

    def domain_of(self, address: Address | CatchAll) -> Domain:
        domain = self.tables.domains.get(address.domain)
        if domain is None:
            params = {"domain": address.domain}
            raise Refused(rules.NO_DOMAIN, params, code="no_domain", field="address")
        return domain  # also a disabled one, or an export couldn't be imported

    def changed(self, row: ImportRow, model: Row, values: dict[str, Any]) -> Outcome:
        """Return the outcome of an existing row with these new values; None keeps the old one."""
        changes: Changes = {
            column: [getattr(model, column), value]
            for column, value in values.items()
            if value is not None and value != getattr(model, column)
        }
        if not changes:
            return Outcome(row, Verb.KEEP, model)
        if not self.options.updates:
            return Outcome(row, Verb.KEEP, model, note=Refused(DIFFERS))
        authorize(self.actor, f"{model._meta.model_name}.change", domain_of(model), model.pk)
        for column, (_old, new) in changes.items():
            setattr(model, column, new)
        rules.check_columns(model, *changes)
        return Outcome(row, Verb.CHANGE, model, changes)

    def plan_domain(self, row: DomainRow) -> Outcome:
        name = str(DomainName.parse(row.name.strip()))
        values = domain_values(row)
        if existing := self.tables.domains.get(name):
            check_reach(self.actor, name)
            self.note_name("domain", name, row.place)
            return self.changed(row, existing, values)
        authorize(self.actor, "domain.create", name)
        if name == self.host.hostname:
            raise Refused(OWN_HOSTNAME, {"name": name}, code="own_hostname", field="domain")
        if name in self.tables.alias_domains:
            raise Refused(DOMAIN_EXISTS, {"name": name}, code="taken", field="domain")
        domain = Domain(domain=name, **given(values))
        rules.check_columns(domain)
        self.note_name("domain", name, row.place)
        self.tables.domains[name] = domain
        columns = ("description", "mailboxes", "aliases", "maxquota", "active")
        return Outcome(row, Verb.CREATE, domain, new(domain, *columns))

    def plan_mailbox(self, row: MailboxRow) -> Outcome:
        address = Address.parse(row.address.strip())
        check_reach(self.actor, address.domain)
        self.note_name("mailbox", str(address), row.place)
        if existing := self.tables.mailboxes.get(str(address)):
            return self.changed_mailbox(row, existing)
        authorize(self.actor, "mailbox.create", address.domain)
        domain = self.domain_of(address)
        self.check_free(str(address))
        self.check_limit(domain, domain.mailboxes, "mailboxes")
        quota = row.quota or 0
        self.check_quota(domain, quota, 0)
        mailbox = new_mailbox(
            username=str(address),
            local_part=address.local_part,
            domain_id=address.domain,
            maildir=self.folder_of(row, address),
            name=row.name or "",
            quota=quota,
            active=row.active is not False,
        )
        if not is_plain(mailbox.name, quota):
            rules.check_columns(mailbox, "name", "quota")
        note = set_stored(mailbox, row, domain, self.host)
        self.tables.add(domain, "mailboxes")
        self.tables.add(domain, "quota", quota)
        self.tables.mailboxes[str(address)] = mailbox
        self.tables.aliases.setdefault(str(address), own_alias(mailbox))
        self.note_added("mailbox", str(address), row.place)
        return Outcome(
            row, Verb.CREATE, mailbox, new(mailbox, "name", "quota", "active"), note=note
        )

    def folder_of(self, row: MailboxRow, address: Address) -> str:
        """Return the folder; that of somebody else's mail must not become one's own."""
        usual = new_folder(address, self.folder_form)
        if row.maildir in ("", usual):
            return usual
        if not self.actor.scope.is_everything:
            raise Refused(ONLY_SUPERUSERS, {"folder": usual}, code="forbidden", field="maildir")
        return checked_folder(row.maildir)

    def changed_mailbox(self, row: MailboxRow, mailbox: Mailbox) -> Outcome:
        domain = self.tables.domains.get(mailbox.domain_id.lower())
        old = mailbox.quota
        wants_password = differs(mailbox, row, self.host)
        if self.options.updates and domain and row.quota is not None and row.quota != old:
            self.check_quota(domain, row.quota, old)
            self.tables.add(domain, "quota", row.quota - old)
        values = {"name": row.name, "quota": row.quota, "active": row.active}
        found = self.changed(without_password(row), mailbox, values)
        if not wants_password:
            return found
        if not self.options.updates:
            found.note = Refused(DIFFERS)
            return found
        authorize(self.actor, "mailbox.change", mailbox.domain_id, mailbox.pk)
        note = set_stored(mailbox, row, domain, self.host)
        cleaned = replace(row, password="", stored=mailbox.password)
        return Outcome(cleaned, Verb.CHANGE, mailbox, {**found.changes, "password": []}, note=note)

    def plan_alias(self, row: AliasRow) -> Outcome:
        address = parse_alias(row.address.strip())
        check_reach(self.actor, address.domain)
        self.note_name("alias", str(address), row.place)
        mailbox = self.tables.mailboxes.get(str(address))
        existing = self.tables.aliases.get(str(address))
        is_own = mailbox is not None or self.is_added("mailbox", str(address))
        goto = goto_of(row, existing, "" if is_own else str(address))
        if mailbox and row.active not in (None, mailbox.active):
            raise Refused(rules.OWN_ALIAS, {"alias": str(address)}, code="mailbox_alias")
        if existing:
            if is_own and self.is_added("mailbox", str(address)):
                existing.goto = goto
                return Outcome(row, Verb.CREATE, existing, new(existing, "goto"))
            values = {"goto": goto, "active": row.active}
            return self.changed(row, existing, values)
        authorize(self.actor, "alias.create", address.domain)
        domain = self.domain_of(address)
        if not is_own:
            self.check_limit(domain, domain.aliases, "aliases")
            self.tables.add(domain, "aliases")
        alias = Alias(
            address=str(address),
            goto=goto,
            domain_id=address.domain,
            active=mailbox.active if mailbox else row.active is not False,
        )
        self.tables.aliases[str(address)] = alias
        self.note_added("alias", str(address), row.place)
        return Outcome(row, Verb.CREATE, alias, new(alias, "goto", "active"))

    def plan_alias_domain(self, row: AliasDomainRow) -> Outcome:
        name, target = (str(DomainName.parse(text.strip())) for text in (row.name, row.target))
        for each in (name, target):
            check_reach(self.actor, each)
        self.note_name("aliasdomain", name, row.place)
        if existing := self.tables.alias_domains.get(name):
            return self.changed(row, existing, {"target_domain": target, "active": row.active})
        authorize(self.actor, "aliasdomain.create", name)
        for each in (name, target):
            if each not in self.tables.domains:
                raise Refused(rules.NO_DOMAIN, {"domain": each}, code="no_domain")
        params = {"name": name, "target": target}
        if name == target:
            raise Refused(rules.SAME_DOMAIN, params, code="loop")
        if target in self.tables.alias_domains or name in self.tables.targets:
            raise Refused(rules.CHAINED, params, code="chain")
        found = AliasDomain(alias_domain=name, target_domain=target, active=row.active is not False)
        self.tables.alias_domains[name] = found
        self.tables.targets.add(target)
        return Outcome(row, Verb.CREATE, found, new(found, "target_domain", "active"))

    def check_free(self, address: str) -> None:
        """Refuse a mailbox where an alias is; a self-alias without its mailbox is completed."""
        if self.is_added("alias", address):
            raise Refused(rules.ADDRESS_TAKEN, {"address": address}, code="taken", field="address")
        alias = self.tables.aliases.get(address)
        if alias and alias.goto.lower() != address:
            params = {"address": address, "goto": ", ".join(alias.targets)}
            raise Refused(rules.TAKEN_BY_ALIAS, params, code="taken", field="address")

    def check_limit(self, domain: Domain, limit: int, what: str) -> None:
        none_allowed, reached = LIMITS[what]
        if limit < 0:
            raise Refused(none_allowed, {"domain": domain.pk}, code="limit", field="address")
        if limit and self.tables.count(domain, what) >= limit:
            params = {"domain": domain.pk, "limit": limit}
            raise Refused(reached, params, code="limit", field="address")

    def check_quota(self, domain: Domain, quota: int, old: int) -> None:
        others = self.tables.count(domain, "quota") - old if domain.quota > 0 else 0
        rules.check_quota_beside(domain, quota, others)


LIMITS = {
    "mailboxes": (rules.NO_MAILBOXES, rules.MAILBOX_LIMIT),
    "aliases": (rules.NO_ALIASES, rules.ALIAS_LIMIT),
}


def check_reach(actor: Actor, domain: str) -> None:
    """Refuse domains of others before anything is told of what is in them."""
    if not actor.scope.includes(domain):
        authorize(actor, "mailbox.create", domain)


def domain_of(row: Row) -> str:
    return row.domain_id if isinstance(row, Mailbox | Alias) else str(row.pk)


def new(row: Row, *columns: str) -> Changes:
    return {column: [None, getattr(row, column)] for column in columns}


def given(values: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in values.items() if value is not None}


def without_password(row: ImportRow) -> ImportRow:
    return replace(row, password="", stored="") if isinstance(row, MailboxRow) else row


def domain_values(row: DomainRow) -> dict[str, Any]:
    largest = row.max_quota
    if largest is not None and largest >= 0:
        largest = to_units(largest, quota_multiplier())
    return {
        "description": row.description,
        "mailboxes": row.max_mailboxes,
        "aliases": row.max_aliases,
        "maxquota": largest,
        "active": row.active,
    }


def new_mailbox(**values: Any) -> Mailbox:
    return built(Mailbox, DEFAULTS[Mailbox] | values)


def own_alias(mailbox: Mailbox) -> Alias:
    values = {"address": mailbox.pk, "goto": mailbox.pk, "domain_id": mailbox.domain_id}
    return built(Alias, DEFAULTS[Alias] | values | {"active": mailbox.active})


def built(model: type[M], values: dict[str, Any]) -> M:
    """Return a row made from the values of all columns, which takes a fifth of the time."""
    return model(*values.values())


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


def goto_of(row: AliasRow, existing: Alias | None, address: str) -> str:
    """Return the targets as they are stored; those that the alias has already are kept."""
    if existing and row.targets == tuple(existing.targets):
        return existing.goto
    return ",".join(rules.check_targets(address, row.targets, existing.goto if existing else ""))
