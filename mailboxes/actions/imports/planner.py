"""What is known while an import decides about its rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mailboxes.actions import rules
from mailboxes.actions.base import Row, authorize
from mailboxes.actions.imports.forwarding import (
    Sources,
    addresses_in,
    passed_domains,
    read_expansion,
)
from mailboxes.actions.imports.outcomes import ImportOptions, Outcome, Verb
from mailboxes.actions.imports.rows import ImportRow, MailboxRow
from mailboxes.actions.imports.seen import Name, Place, Seen
from mailboxes.actions.imports.tables import Tables, names_in
from mailboxes.addresses import Address, CatchAll
from mailboxes.adoption.mark import folder_form, quota_megabyte
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes
from mailboxes.audit.models import Subject
from mailboxes.conf import mail_host
from mailboxes.errors import Refused, gettext_noop
from mailboxes.forwarding.lookups import LookUps
from mailboxes.models import Alias, Domain, Mailbox

NOWHERE = Place("")
OCCURS_TWICE = gettext_noop("%(name)s already occurs earlier (%(place)s).")
CHANGED_MEANWHILE = gettext_noop(
    "Someone else has changed targets of the aliases in the meantime. Import the file again."
)
DIFFERS = gettext_noop("It already exists and is left as it is.")


class Planner:
    """The actor, the host, and what is there already; `tables` has what a batch is about."""

    def __init__(self, actor: Actor, options: ImportOptions, continues: int = 0) -> None:
        self.actor = actor
        self.options = options
        self.continues = continues
        """The entry of the import's first batch, if an earlier request has written it."""

        self.host = mail_host()
        self.tables = Tables()
        self.look_ups = LookUps()
        self.sources = Sources([], self.tables, self.look_ups)
        self.folder_form = folder_form()
        self.megabyte = quota_megabyte()
        self.seen = Seen()
        self.places: dict[Name, Place] = {}
        """Where the names in this batch were read before."""

        self.places_before = self.places

    def close(self) -> None:
        self.seen.database.close()

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

    def note_name(self, kind: str, name: str, place: str) -> None:
        """Refuse a name that has occurred before, whatever became of it."""
        first = self.places.setdefault((kind, name.lower()), Place(place)).text
        if first and first != place:
            raise Refused(OCCURS_TWICE, {"name": name, "place": first}, code="twice")

    def note_added(self, kind: str, name: str, place: str) -> None:
        self.places[kind, name] = Place(place, True)

    def is_added(self, kind: str, name: str) -> bool:
        """Say whether the import adds this row, or an earlier batch has done so."""
        return self.places.get((kind, name), NOWHERE).is_added

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

    def check_limit(self, domain: Domain, limit: int, what: str) -> None:
        if limit:
            number = self.tables.count
            rules.check_limit(domain, limit, lambda _: number(domain, what), *LIMITS[what])

    def check_quota(self, domain: Domain, quota: int, old: int) -> None:
        others = self.tables.count(domain, "quota") - old if domain.quota > 0 else 0
        rules.check_quota_beside(domain, quota, others)

    def load(self, batch: Sequence[ImportRow], lock: bool) -> None:
        """Read what the tables have of a batch, and what was read before it."""
        addresses, domains = names_in(batch)
        self.tables.load(addresses, domains | (passed_domains(batch) if lock else set()), lock)
        self.places_before = self.seen.places(addresses | domains)
        self.places = self.places_before | self.added_before(addresses)
        self.look_ups = LookUps(all_domains=True, saved=self.tables.by_model())
        # What the aliases forward to is read at once, so that none needs queries of its own.
        read_expansion(addresses_in(batch), self.look_ups)
        self.sources = Sources(batch, self.tables, self.look_ups)

    def check_locked(self) -> None:
        """Refuse a batch whose mail passes domains that others have added or changed meanwhile.

        Of two imports that add domains which forward to each other, the second one waits here for
        the end of the first.
        """
        own = self.tables.domains.keys()
        unknown = sorted(self.look_ups.unknown_domains() - own)
        found = Domain.objects.select_for_update().filter(pk__in=unknown).first()
        if found or self.look_ups.domains() - own:
            raise Refused(CHANGED_MEANWHILE, code="changed")

    def remember(self) -> None:
        """Keep for later batches what was read in this one."""
        new = self.places.keys() - self.places_before.keys()
        self.seen.add({name: self.places[name] for name in new})


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


def given(values: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in values.items() if value is not None}


def without_password(row: ImportRow) -> ImportRow:
    if not isinstance(row, MailboxRow):
        return row
    return replace(row, password="", stored="")  # nosec B106
