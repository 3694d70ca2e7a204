"""What other programs' tables contain for an address: usage, vacation messages, app passwords.

PostfixAdmin 3.3 creates some of these tables, 4.0 all of them, Dovecot's instructions two.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connections, transaction
from django.db.models import Model, Q, QuerySet

from mailboxes.errors import Refused, gettext_noop
from mailboxes.formats import database_message
from mailboxes.models import (
    AppPassword,
    DomainAdministrator,
    Fetchmail,
    LastLogin,
    OldUsage,
    SecondFactorException,
    Usage,
    Vacation,
    VacationNotification,
)
from mailboxes.queries import AT_ONCE, READ_AT_ONCE, exceeds, renamed, tables
from mailboxes.table_errors import DENIED, is_unreadable

# Those that may use MyISAM in an old database come last: a rollback doesn't bring them back.
CLEARED: tuple[type[Model], ...] = (
    *(AppPassword, SecondFactorException, LastLogin, Usage),
    *(OldUsage, Fetchmail, VacationNotification, Vacation),
)
COUNTED: dict[str, type[Model]] = {
    "vacation": Vacation,
    "fetchmail": Fetchmail,
    "app_passwords": AppPassword,
    "second_factor_exceptions": SecondFactorException,
}
"""What somebody has set up, by its name in the log."""

BATCH = READ_AT_ONCE
NOT_GRANTED = gettext_noop(
    "Nothing was changed: the table “%(table)s” contains rows that would belong to the next owner "
    "of the address, and the panel's account can't delete them. On the database host, run: "
    "GRANT SELECT, DELETE ON %(database)s.%(table)s TO %(account)s;"
)
NOT_GRANTED_TO_RENAME = gettext_noop(
    "Nothing was changed: the table “%(table)s” contains rows of the old name, and the panel's "
    "account can't change them. On the database host, run: "
    "GRANT SELECT, UPDATE, DELETE ON %(database)s.%(table)s TO %(account)s;"
)
UNREADABLE = gettext_noop(
    "Nothing was changed: the table “%(table)s” can't be read, so rows of the address might stay "
    "there. The database says: %(reason)s. Repair the table or, if nothing needs it, drop it."
)
Counts = dict[str, int]


def delete_for(addresses: Sequence[str]) -> None:
    """Delete what belongs to these addresses, in the caller's transaction."""
    for model in existing(*CLEARED):
        delete_rows(model, addresses)


def clear_for(addresses: Sequence[str]) -> None:
    """Delete what former owners of new addresses have left, where that can be read at all."""
    for model in existing(*CLEARED):
        try:
            delete_rows(model, addresses)
        except Refused as error:
            if error.code != "unreadable":
                raise


def delete_rows(model: type[Model], addresses: Sequence[str]) -> None:
    concerned = owners_among(addresses, model)
    for start in range(0, len(concerned), BATCH):
        delete(model._default_manager.filter(pk__in=concerned[start : start + BATCH]))


def owners_among(addresses: Sequence[str], model: type[Model]) -> Sequence[str]:
    """Return the addresses that may have rows: fewer than all only if the table has fewer rows."""
    limit = min(len(addresses), BATCH)
    with permitted(model):
        keys = list(model._default_manager.values_list("pk", flat=True)[:limit])
    if len(keys) == limit or not all(map(str.isascii, keys)):  # a collation may ignore accents
        return addresses
    owners = {key.rstrip().lower() for key in keys}
    return [address for address in addresses if address.lower() in owners]


def delete_in(domain: str, addresses: Sequence[str]) -> None:
    """Delete what belongs to a domain and its addresses, in the caller's transaction."""
    for model in existing(DomainAdministrator, *CLEARED):
        for rows in rows_in(model, domain, addresses):
            delete(rows)


def delete(rows: QuerySet) -> None:
    """Delete rows, if there are any: an account that can't delete has no need to, if not."""
    with permitted(rows.model):
        if rows.exists():
            with transaction.atomic(using="mail"):  # `permitted` goes on after an error
                rows.delete()


def rename_for(old: str, new: str) -> None:
    """Let what belongs to an address belong to its new one, in the caller's transaction."""
    for model in existing(*CLEARED):
        values: dict[str, Any] = {str(model._meta.pk.name): new}
        rename(model._default_manager.filter(pk=old), values, new.rpartition("@")[2])


def rename_in(old: str, new: str, addresses: Sequence[str]) -> None:
    """Let what belongs to a domain and its old addresses belong to its new name."""
    for model in existing(DomainAdministrator, *CLEARED):
        key = str(model._meta.pk.name)
        for rows in rows_in(model, old, addresses, BATCH // 2):  # triggers read 13 rows for each
            rename(rows, {key: renamed(key, old, new)}, new)


def rows_in(
    model: type[Model], domain: str, addresses: Sequence[str], number: int | None = None
) -> Iterator[QuerySet]:
    """Yield what belongs to a domain and its addresses, in batches.

    No index finds the rows of a domain, so a large table is only asked for addresses that exist:
    of others, what is left is deleted once somebody gets them (`clear_for`).
    """
    rows = model._default_manager.all()
    if not is_large(model):
        yield rows.filter(of_domain(domain))
        return
    yield rows.filter(pk=domain)
    number = number or BATCH
    for start in range(0, len(addresses), number):
        yield rows.filter(pk__in=addresses[start : start + number])


def is_large(model: type[Model]) -> bool:
    """Say whether a table has more rows than one statement may search."""
    with permitted(model):
        return exceeds(model._default_manager.all(), AT_ONCE)


def rename(rows: QuerySet, values: dict[str, Any], domain: str) -> None:
    """Change whose rows these are, and their domain, if there are any.

    Only who has been sent a vacation message is forgotten: a constraint ties that to the address.
    """
    if rows.model is VacationNotification:
        delete(rows)
        return
    with permitted(rows.model, NOT_GRANTED_TO_RENAME):
        if rows.exists():
            domains = {"domain": domain} if has_domain(rows.model) else {}
            with transaction.atomic(using="mail"):  # `permitted` goes on after an error
                rows.update(**domains | values)


def has_domain(model: type[Model]) -> bool:
    """Say whether the rows have a domain besides an address; old tables lack the column."""
    if "domain" not in {field.name for field in model._meta.fields}:
        return False
    connection = connections["mail"]
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, model._meta.db_table)
    return "domain" in {column.name for column in columns}


def count_for(addresses: Sequence[str]) -> dict[str, Counts]:
    """Return by lowercase address what was set up for at most a page of addresses, if anything."""
    found: dict[str, Counts] = {}
    for name, model in counted():
        rows = model._default_manager.filter(pk__in=addresses)
        for address, number in Counter(owners(rows)).items():
            found.setdefault(address, {})[name] = number
    return found


def count_in(domain: str, addresses: Sequence[str]) -> Counts:
    """Return what was set up for a domain and its addresses, if anything."""
    numbers = {name: number_in(model, domain, addresses) for name, model in counted()}
    return {name: number for name, number in numbers.items() if number}


def number_in(model: type[Model], domain: str, addresses: Sequence[str]) -> int:
    """Return how many rows belong to a domain and its addresses; 0 if the table can't be read."""
    try:
        return sum(len(owners(rows)) for rows in rows_in(model, domain, addresses))
    except Refused:
        return 0


def are_countable() -> bool:
    """Say whether `count_in` counts everything without knowing the addresses."""
    for _name, model in counted():
        try:
            if is_large(model):
                return False
        except Refused:  # it can't be read
            continue
    return True


def counted() -> list[tuple[str, type[Model]]]:
    present = existing(*COUNTED.values())
    return [(name, model) for name, model in COUNTED.items() if model in present]


def owners(rows: QuerySet) -> list[str]:
    """Return to whom these rows belong; nothing if the table can't be read."""
    try:
        return [key.lower() for key in rows.values_list("pk", flat=True)]
    except DatabaseError as error:
        if not is_unreadable(error):
            raise
        return []


def existing(*models: type[Model]) -> list[type[Model]]:
    names = tables()
    return [model for model in models if model._meta.db_table in names]


def of_domain(domain: str) -> Q:
    return Q(pk=domain) | Q(pk__iendswith=f"@{domain}")


@contextmanager
def permitted(
    model: type[Model], refusal: str = NOT_GRANTED, unreadable: str = UNREADABLE
) -> Iterator[None]:
    """Refuse what the account isn't allowed to do, or what nobody can, saying what helps."""
    try:
        yield
    except DatabaseError as error:
        if not is_unreadable(error):
            raise
        if error.args[0] not in DENIED:
            params = {"table": model._meta.db_table, "reason": database_message(error)}
            raise Refused(unreadable, params, code="unreadable") from error
        connection = connections["mail"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT CURRENT_USER()")
            user, _, host = cursor.fetchone()[0].rpartition("@")
        params = {
            "table": model._meta.db_table,
            "database": connection.settings_dict["NAME"],
            "account": f"'{user}'@'{host}'",
        }
        raise Refused(refusal, params, code="not_granted") from error
