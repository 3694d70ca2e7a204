"""Changing many rows in one transaction, with few statements; each is refused by itself."""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.db import connections, transaction

from mailboxes.access.scope import Scope
from mailboxes.actions import expansion, rules
from mailboxes.actions.activation import save_active
from mailboxes.actions.base import Row, authorize, subject_of
from mailboxes.actions.updating import update_rows
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes, begin, end
from mailboxes.audit.models import Phase, Subject
from mailboxes.audit.refusals import refusal_as_json
from mailboxes.errors import Refused
from mailboxes.forwarding.expansion import Expansion
from mailboxes.forwarding.lookups import LookUps, start_of
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.storage_engines import check_engines

Wanted = Callable[[Any, Alias | None], dict[str, Any]]
"""Gives a row's new values by column, from the row and a mailbox's own alias as they are now.

Of a mailbox, `goto` stands for the target of its alias.
"""


AT_ONCE, AT_ONCE_ON_SQLITE = 500, 200
"""How many rows one transaction changes; on SQLite, all who write wait for the whole of it."""


def rows_at_once() -> int:
    return AT_ONCE if connections["mail"].vendor == "mysql" else AT_ONCE_ON_SQLITE


@dataclass
class BulkResult:
    """What happened to the rows, each of which is changed or refused by itself."""

    done: list[Any] = field(default_factory=list)
    changed: list[Any] = field(default_factory=list)
    """Those that are done and weren't as they should be before."""

    refused: list[tuple[Any, Refused]] = field(default_factory=list)
    entry: int = 0
    """The entry in the log that stands for all batches."""


@dataclass
class Change:
    """What is to be changed of a row."""

    row: Any
    values: Changes
    own: Alias | None = None
    """A mailbox's own alias, as it is about to be."""

    before: Alias | None = None
    """What forwarded to others until now: the row or the own alias, if it was active."""

    refusal: Refused | None = None

    @property
    def forwards(self) -> Alias | None:
        """The alias that is active after this and forwards to others, unless it did before."""
        alias = self.row if isinstance(self.row, Alias) else self.own
        is_changed = alias and alias.active and self.values.keys() & {"active", "goto"}
        return alias if is_changed and alias and alias.goto != alias.pk else None


def change_rows(
    actor: Actor,
    action: str,
    rows: Sequence[Row],
    wanted: Wanted,
    continues: int = 0,
    undoes: bool = False,
) -> BulkResult:
    """Give rows of one model new values; the actor needs the right to the action for each.

    Nothing is written of what is as it should be. If it `undoes` the action, the values were there
    before.
    """
    result = BulkResult(entry=continues)
    if not rows:
        return result
    with transaction.atomic(using="mail"):
        locked = lock(planned(actor, action, read(rows), wanted))
        changes = planned(actor, action, read(rows, lock=True), wanted)
        check_quotas(changes, undoes)
        named = [change for change in changes if change.values or change.refusal]
        if named:
            subjects = [subject_of(change.row, change.values) for change in named]
            logged = f"{rows[0]._meta.model_name}.undo" if undoes else action
            begun = begin(actor, logged, subjects, continues)
            result.entry = begun.parent or begun.seq
            write([change for change in named if not change.refusal], actor.scope, locked)
    result.refused = [(change.row, change.refusal) for change in changes if change.refusal]
    done = [change for change in changes if not change.refusal]
    result.done = [change.row for change in done]
    result.changed = [change.row for change in done if change.values]
    if named:
        end(begun, Phase.DONE, subjects=refusals_of(result))
    return result


def refusals_of(result: BulkResult) -> list[Subject]:
    """Return what the log says of the rows that were refused."""
    return [
        subject_of(row, {"refused": [None, refusal_as_json(error)]})
        for row, error in result.refused
    ]


Found = list[tuple[Any, Alias | None]]


def read(rows: Sequence[Row], lock: bool = False) -> Found:
    """Return the rows as they are in the table, with the mailboxes' own aliases.

    One that isn't there any more comes back as it was, without a table to be saved in.
    """
    model = type(rows[0])
    keys = [row.pk for row in rows]
    locks = lock and model is not AliasDomain  # whose action locks the domains first
    found = by_key(model, keys, locks)
    own = by_key(Alias, keys, locks) if model is Mailbox else {}
    for row in rows:
        row._state.adding = row.pk.lower() not in found
    return [(found.get(row.pk.lower(), row), own.get(row.pk.lower())) for row in rows]


def by_key(model: Any, keys: Sequence[str], lock: bool) -> dict[str, Any]:
    rows = model._default_manager.filter(pk__in=keys).order_by("pk")
    rows = rows.select_for_update() if lock else rows
    return {row.pk.lower(): row for row in rows}


def planned(actor: Actor, action: str, found: Found, wanted: Wanted) -> list[Change]:
    """Return what is to be changed of each row, with the new values in it, or why it isn't."""
    aliases = [row.pk for row, _own in found if isinstance(row, Alias)]
    states = Mailbox.objects.filter(pk__in=aliases).values_list("pk", "active")
    of_mailboxes = {key.lower(): active for key, active in states} if aliases else {}
    changes = []
    for row, own in found:
        change = Change(row, {}, own)
        try:
            plan(change, wanted)
            check(actor, action, change, of_mailboxes.get(row.pk.lower()))
        except Refused as error:
            change.refusal = error
        changes.append(change)
    return changes


def plan(change: Change, wanted: Wanted) -> None:
    row, own = change.row, change.own
    if row._state.adding:
        raise Refused(rules.DELETED, {"row": str(row)}, code="deleted")
    forwarding = row if isinstance(row, Alias) else own
    change.before = copy(forwarding) if forwarding and forwarding.active else None
    for column, value in wanted(row, own).items():
        holder = own if column == "goto" and isinstance(row, Mailbox) else row
        old = getattr(holder, column) if holder else None
        if old != value:
            change.values[column] = [old, value]
            if holder and value is not None:
                setattr(holder, column, value)
    if own and change.values:
        own.active = row.active


def check(actor: Actor, action: str, change: Change, mailbox_active: bool | None) -> None:
    """Refuse what the role doesn't allow, and what the row by itself can't be."""
    row, domain = change.row, subject_of(change.row).domain
    authorize(actor, action, domain, row.pk)
    if "goto" in change.values and (isinstance(row, Mailbox) or mailbox_active is not None):
        authorize(actor, "mailbox.change", domain, row.pk)
    check_engines()
    if "active" in change.values and mailbox_active not in (None, row.active):
        raise Refused(rules.OWN_ALIAS, {"alias": row.pk}, code="mailbox_alias", field="active")
    if "quota" in change.values:
        rules.check_columns(row, "quota")


def lock(changes: Sequence[Change]) -> set[str]:
    """Lock the domains of the rows and those that mail passes; return their names."""
    look_ups = LookUps(all_domains=True)
    aliases = list(filter(None, (change.forwards for change in changes)))
    Expansion(
        [name for alias in aliases for name in (start_of(alias.pk), *alias.targets)], look_ups
    )
    own = {one.row.domain_id.lower() for one in changes if isinstance(one.row, Mailbox | Alias)}
    return rules.lock_domains(*own, *look_ups.domains()) if own else set()


def check_quotas(changes: Iterable[Change], undoes: bool) -> None:
    """Refuse quotas that the domains don't allow; smaller ones first, so that others fit.

    The sum of a domain's quotas is read once. To what was there before, no other limit applies.
    """
    changed = [one for one in changes if "quota" in one.values and isinstance(one.row, Mailbox)]
    names = {one.row.domain_id.lower() for one in changed}
    domains = {row.pk.lower(): row for row in Domain.objects.filter(pk__in=names)}
    limited = [name for name, row in domains.items() if row.quota > 0]
    sums = {name: rules.sum_of_quotas(domains[name]) for name in limited}
    for one in sorted(changed, key=lambda one: one.values["quota"][1] - one.values["quota"][0]):
        name = one.row.domain_id.lower()
        old, new = one.values["quota"]
        if one.refusal or name not in domains or (undoes and not new):
            continue
        if undoes:
            domains[name].maxquota = 0
        try:
            rules.check_quota_beside(domains[name], new, sums.get(name, 0) - old)
        except Refused as error:
            one.refusal = error
        else:
            sums[name] = sums.get(name, 0) - old + new


def write(changes: Sequence[Change], scope: Scope, locked: set[str]) -> None:
    """Save the rows; what forwards to others is checked together and, if need be, one by one."""
    forwarding = [one for one in changes if one.forwards]
    each = [one for one in changes if isinstance(one.row, AliasDomain)]
    save([one for one in changes if not one.forwards and not isinstance(one.row, AliasDomain)])
    try:
        save_forwarding(forwarding, scope, locked)
    except Refused:
        each += forwarding
    for one in each:
        try:
            if isinstance(one.row, AliasDomain):
                save_active(one.row, one.row.active, scope)
            else:
                save_forwarding([one], scope, locked)
        except Refused as error:
            one.refusal = error


@transaction.atomic(using="mail")
def save_forwarding(changes: Sequence[Change], scope: Scope, locked: set[str]) -> None:
    save(changes)
    aliases = list(filter(None, (one.forwards for one in changes)))
    before = {one.before.pk.lower(): one.before for one in changes if one.before}
    expansion.check_saved_aliases(aliases, scope, locked, before)


def save(changes: Iterable[Change]) -> None:
    by_columns: dict[tuple[str, ...], list[Any]] = {}
    targets = []
    for one in changes:
        columns = set(one.values)
        if isinstance(one.row, Mailbox) and "goto" in columns:
            columns.remove("goto")
            targets.append(one)
        if columns:
            by_columns.setdefault(tuple(sorted(columns)), []).append(one.row)
    for names, rows in by_columns.items():
        update_rows(type(rows[0]), rows, names)
    save_targets(targets)


def save_targets(changes: Iterable[Change]) -> None:
    """Save what becomes of mail for mailboxes: the targets of their own aliases."""
    changed, added, removed = [], [], []
    for one in changes:
        old, new = one.values["goto"]
        if new is None:
            removed.append(one.row.pk)
        elif old is None or one.own is None:
            row = one.row
            added.append(
                Alias(address=row.pk, goto=new, domain_id=row.domain_id, active=row.active)
            )
        else:
            changed.append(one.own)
    if changed:
        update_rows(Alias, changed, ("active", "goto"))
    Alias.objects.bulk_create(added)
    if removed:
        Alias.objects.filter(pk__in=removed).delete()
