"""The triggers that keep the lookup tables as the mail tables are."""

from dataclasses import dataclass

from mailboxes.lookup_models import Flag
from mailboxes.lookup_tables.statements import Dialect, sources

MAILBOX_FLAGS = (Flag.DISABLED_MAILBOX, Flag.WEAK, Flag.FULL)
ALIAS_FLAGS = (Flag.DISABLED_ALIAS, Flag.HANDLED, Flag.ALIAS)


@dataclass(frozen=True)
class Trigger:
    name: str
    event: str
    """Such as `INSERT ON mailbox`."""

    statements: list[str]
    condition: str = ""


def triggers(dialect: Dialect, usage: bool) -> list[Trigger]:
    """Return the triggers that keep the lookup tables as the mail tables are."""
    found = [*mailbox_triggers(dialect, usage), *alias_triggers(dialect)]
    empty = "domain = OLD.domain AND mailboxes = 0 AND aliases = 0"
    gone = f"DELETE FROM lookup_count WHERE {empty}"  # noqa: S608 # nosec B608
    found.append(Trigger("lookup_domain_deleted", "DELETE ON domain", [gone]))
    return [*found, *usage_triggers(dialect)] if usage else found


def of(dialect: Dialect, usage: bool, table: str, target: str) -> list[str]:
    """Return the statements that add the new row of a mail table to one lookup table."""
    return [
        source.sql(dialect, "NEW")
        for source in sources(dialect, usage)
        if source.table == table and source.target.startswith(f"{target} ")
    ]


def changed(dialect: Dialect, *columns: str) -> str:
    pairs = ((f"NEW.{column}", f"OLD.{column}") for column in columns)
    return " OR ".join(dialect.differs.format(*pair) for pair in pairs)


def mailbox_triggers(dialect: Dialect, usage: bool) -> list[Trigger]:
    flags, words, counts, activity = (
        of(dialect, usage, "mailbox", f"lookup_{name}")
        for name in ("flag", "word", "count", "activity")
    )
    no_words = remove("lookup_word", "OLD.username", word_of("mailbox"))
    no_flags = remove("lookup_flag", "OLD.username", flag_in(MAILBOX_FLAGS))
    uncounted = (
        "UPDATE lookup_count SET mailboxes = mailboxes - 1, quota = quota - OLD.quota "
        "WHERE domain = OLD.domain"
    )
    # An alias that was there before is a mailbox's own from now on, and the other way round.
    taken = [counted(dialect, -1, plain("NEW.username")), remove_plain("NEW.username")]
    alias = "FROM alias a WHERE a.address = OLD.username"
    freed = [
        counted(dialect, 1, alias, "a"),
        f"{dialect.ignore} lookup_flag (flag, domain, address) SELECT 'alias', a.domain, a.address "  # nosec B608
        f"{alias}",
    ]
    no_activity = ["DELETE FROM lookup_activity WHERE address = OLD.username"] if usage else []
    added = [*counts, *words, *flags, *activity, *taken]
    deleted = [uncounted, no_words, no_flags, *no_activity, *freed]
    found = [
        Trigger("lookup_mailbox_added", "INSERT ON mailbox", added),
        Trigger("lookup_mailbox_deleted", "DELETE ON mailbox", deleted),
        Trigger(
            "lookup_mailbox_words",
            "UPDATE ON mailbox",
            [no_words, *words],
            changed(dialect, "username", "local_part", "name", "domain"),
        ),
        Trigger(
            "lookup_mailbox_flags",
            "UPDATE ON mailbox",
            [no_flags, *flags],
            changed(dialect, "username", "active", "password", "quota", "domain"),
        ),
        Trigger(
            "lookup_mailbox_count",
            "UPDATE ON mailbox",
            [uncounted, *counts],
            changed(dialect, "quota", "domain"),
        ),
        Trigger(
            "lookup_mailbox_renamed",
            "UPDATE ON mailbox",
            [*freed, *taken],
            changed(dialect, "username"),
        ),
    ]
    if usage:
        statements, condition = [*no_activity, *activity], changed(dialect, "username", "domain")
        found.append(Trigger("lookup_mailbox_activity", "UPDATE ON mailbox", statements, condition))
    return found


def alias_triggers(dialect: Dialect) -> list[Trigger]:
    flags, words, targets, counts = (
        of(dialect, False, "alias", f"lookup_{name}")
        for name in ("flag", "word", "target", "count")
    )
    no_words = remove("lookup_word", "OLD.address", word_of("alias"))
    no_targets = "DELETE FROM lookup_target WHERE alias = OLD.address"
    no_flags = remove("lookup_flag", "OLD.address", flag_in(ALIAS_FLAGS))
    uncounted = counted(dialect, -1, plain("OLD.address"))
    return [
        Trigger("lookup_alias_added", "INSERT ON alias", [*counts, *words, *targets, *flags]),
        Trigger(
            "lookup_alias_deleted",
            "DELETE ON alias",
            [uncounted, no_words, no_targets, no_flags],
        ),
        Trigger(
            "lookup_alias_targets",
            "UPDATE ON alias",
            [no_words, no_targets, *words, *targets],
            changed(dialect, "address", "goto", "domain"),
        ),
        Trigger(
            "lookup_alias_flags",
            "UPDATE ON alias",
            [uncounted, no_flags, *flags, *counts],
            changed(dialect, "address", "goto", "active", "domain"),
        ),
    ]


def usage_triggers(dialect: Dialect) -> list[Trigger]:
    """Return those of the tables that Dovecot writes with each message and each sign-in."""
    full = (
        f"{dialect.ignore} lookup_flag (flag, domain, address) SELECT 'full', m.domain, m.username "  # noqa: S608 # nosec B608
        "FROM mailbox m WHERE m.username = NEW.username AND m.quota > 0 "
        "AND NEW.bytes * 10.0 >= m.quota * 9.0"
    )
    was_full = remove("lookup_flag", "OLD.username", "flag = 'full'")
    used, unused = activity_of("bytes")
    signed_in, never = activity_of("last_login")
    return [
        Trigger("lookup_usage_added", "INSERT ON quota2", [full, used]),
        Trigger("lookup_usage_deleted", "DELETE ON quota2", [was_full, unused]),
        Trigger(
            "lookup_usage_changed",
            "UPDATE ON quota2",
            [was_full, full, unused, used],
            changed(dialect, "username", "bytes"),
        ),
        Trigger("lookup_login_added", "INSERT ON last_login", [signed_in]),
        Trigger("lookup_login_deleted", "DELETE ON last_login", [never]),
        Trigger(
            "lookup_login_changed",
            "UPDATE ON last_login",
            [never, signed_in],
            changed(dialect, "username", "last_login"),
        ),
    ]


def activity_of(column: str) -> tuple[str, str]:
    """Return the statements for a new or changed row of Dovecot's, and for one that is gone."""
    table = "UPDATE lookup_activity SET"
    new = f"{table} {column} = COALESCE(NEW.{column}, 0) WHERE address = NEW.username"
    gone = f"{table} {column} = 0 WHERE address = OLD.username"
    return new, gone


def counted(dialect: Dialect, number: int, rows: str, name: str = "f") -> str:
    """Return a statement that adds a number to the aliases of a row's domain.

    An update with the domain from another table reads all domains on MariaDB 11.
    """
    more = f"aliases = lookup_count.aliases + {dialect.replaced.format('aliases')}"
    select = f"SELECT {name}.domain, {number} {rows}"
    return f"INSERT INTO lookup_count (domain, aliases) {select} {dialect.upsert} {more}"  # nosec B608


def plain(address: str) -> str:
    return f"FROM lookup_flag f WHERE f.flag = 'alias' AND f.address = {address}"


def remove_plain(address: str) -> str:
    return remove("lookup_flag", address, "flag = 'alias'")


def word_of(kind: str) -> str:
    """Return a condition for which SQLite can't choose the primary key, as it would without
    statistics: it would then read all words of this kind.

    The plus changes nothing else: https://www.sqlite.org/optoverview.html#uplus
    """
    return f"+kind = '{kind}'"


def flag_in(flags: tuple[str, ...]) -> str:
    names = "', '".join(flags)
    return f"flag IN ('{names}')"


def remove(table: str, address: str, condition: str) -> str:
    return f"DELETE FROM {table} WHERE address = {address} AND {condition}"  # noqa: S608 # nosec B608
