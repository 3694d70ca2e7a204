"""The SQL that fills the lookup tables, of a whole table, of some rows, or of a trigger's row.

A statement is written with `r` for the row of the mail table; triggers have NEW or OLD there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mailboxes.addresses import REFUSED_DOMAIN
from mailboxes.folding import MARKS_EXPRESSION, fold_on_mysql, fold_on_sqlite
from mailboxes.handling import DISCARD
from mailboxes.lookup_models import WORD_LENGTH, Flag

KEYS = {"mailbox": "username", "alias": "address"}
STRONG = (
    *("{SHA256-CRYPT}", "{SHA512-CRYPT}", "{BLF-CRYPT}", "{ARGON2", "{PBKDF2", "{SCRAM-SHA-"),
    *(f"{start}{name}" for start in ("", "{CRYPT}") for name in ("$5$", "$6$", "$2_$", "$y$")),
    *("$argon2", "{CRYPT}$argon2"),
)
"""How hashes begin that are slow to crack (`passwords.schemes.SLOW`)."""

KNOWN_SALTS = ("%$$%", "%$c9809462$%")
SEPARATORS = "._-+,;:()[]{}<>@'\"/\\&|!?#*=~%$^`\t\r\n"
"""What stands between words, on SQLite, which has no regular expressions."""


@dataclass(frozen=True)
class Dialect:
    """How a kind of database writes what isn't the same in all of them."""

    ignore: str
    differs: str
    concat: str
    upsert: str
    replaced: str
    words: Callable[[str], str]
    """Return a table with the words in a text, in the column `value`."""

    targets: Callable[[str], str]
    """The same with the targets of an alias."""

    fold: Callable[[str], str]
    """Return a word with its letters as a search compares them."""

    local_part: str
    domain: str
    dual: str


def regular_array(text: str) -> str:
    array = f"""CONCAT('["', {text}, '"]')"""
    return (
        f"JSON_TABLE({array}, '$[*]' COLUMNS (value varchar(255) CHARACTER SET utf8mb4 PATH '$'))"
    )


def words_by_expression(text: str) -> str:
    return regular_array(
        f"""REGEXP_REPLACE({text}, '[^\\\\p{{L}}\\\\p{{N}}{MARKS_EXPRESSION}]+', '","')"""
    )


def targets_by_expression(text: str) -> str:
    plain = f"""REGEXP_REPLACE({text}, '["\\\\\\\\]', '')"""
    return regular_array(f"""REGEXP_REPLACE({plain}, '[[:space:][:cntrl:],]+', '","')""")


def array_between(text: str, separators: str) -> str:
    """Return a SQLite table of what is between these characters; nothing if that isn't JSON.

    In steps, since SQLite's parser only bears so many calls within each other.
    """
    found = f"SELECT {text} AS t"
    for start in range(0, len(separators), 10):
        step = "t"
        for code in map(ord, separators[start : start + 10]):
            step = f"REPLACE({step}, char({code}), ' ')"
        found = f"SELECT {step} AS t FROM ({found})"  # noqa: S608 # nosec B608
    array = f"""SELECT '["' || REPLACE(t, ' ', '","') || '"]' AS t FROM ({found})"""  # noqa: S608 # nosec B608
    return f"json_each((SELECT CASE WHEN json_valid(t) THEN t ELSE '[]' END FROM ({array})))"  # noqa: S608 # nosec B608


def words_between(text: str) -> str:
    return array_between(text, SEPARATORS)


def targets_between(text: str) -> str:
    return array_between(text, ',"\\\t\r\n')


MYSQL = Dialect(
    ignore="INSERT IGNORE INTO",
    differs="NOT ({0} <=> {1})",
    concat="CONCAT({})",
    upsert="ON DUPLICATE KEY UPDATE",
    replaced="VALUES({})",
    words=words_by_expression,
    targets=targets_by_expression,
    fold=fold_on_mysql,
    local_part="SUBSTRING_INDEX({0}, '@', 1)",
    domain="IF(INSTR({0}, '@'), SUBSTRING_INDEX({0}, '@', -1), '')",
    dual=" FROM DUAL",
)
SQLITE = Dialect(
    ignore="INSERT OR IGNORE INTO",
    differs="{0} IS NOT {1}",
    concat="({})",
    upsert="ON CONFLICT (domain) DO UPDATE SET",
    replaced="excluded.{}",
    words=words_between,
    targets=targets_between,
    fold=fold_on_sqlite,
    local_part="SUBSTR({0}, 1, INSTR({0}, '@') - 1)",
    domain="CASE WHEN INSTR({0}, '@') THEN SUBSTR({0}, INSTR({0}, '@') + 1) ELSE '' END",
    dual="",
)
DIALECTS = {"mysql": MYSQL, "sqlite": SQLITE}


@dataclass(frozen=True)
class Source:
    """What rows of a mail table give to a lookup table."""

    table: str
    target: str
    """The lookup table, with its columns."""

    values: str
    others: str = ""
    """Further tables, separated by commas."""

    where: str = "1 = 1"
    counts: bool = False
    """Whether the rows of each domain are added up."""

    def sql(self, dialect: Dialect, row: str = "", keys: int = 0) -> str:
        """Return the statement for all rows, for a number of them, or for NEW or OLD."""
        tables = ", ".join(filter(None, ["" if row else f"{self.table} r", self.others]))
        start = f" FROM {tables}" if tables else dialect.dual
        where = self.where
        if keys:
            where = f"{where} AND r.{KEYS[self.table]} IN ({', '.join(['?'] * keys)})"
        group = " GROUP BY r.domain" if self.counts and not row else ""
        insert = "INSERT INTO" if self.counts else dialect.ignore
        values = self.values if not (self.counts and row) else alone(self.values)
        text = f"{insert} {self.target} SELECT {values}{start} WHERE {where}{group}"  # nosec B608
        if self.counts:
            text += f" {dialect.upsert} {added(self.target, dialect)}"
        if keys:
            return text.replace("%", "%%").replace("?", "%s")
        return re.sub(r"\br\.", f"{row}.", text) if row else text


def alone(values: str) -> str:
    return values.replace("COUNT(*)", "1").replace("SUM(r.quota)", "r.quota")


def added(target: str, dialect: Dialect) -> str:
    """Return the assignments that add the new numbers to those which are there."""
    _table, names = target.rstrip(")").split(" (")
    columns = [name for name in names.split(", ") if name != "domain"]
    return ", ".join(
        f"{name} = lookup_count.{name} + {dialect.replaced.format(name)}" for name in columns
    )


def sources(dialect: Dialect, usage: bool) -> list[Source]:
    """Return all of them; `usage` says whether that of mailboxes is among them."""
    flag = "lookup_flag (flag, domain, address)"
    word = "lookup_word (kind, word, domain, address)"
    local_part = dialect.local_part.format("r.address")
    text = dialect.concat.format(joined(dialect, "r.local_part", "' '", "r.name"))
    names = dialect.concat.format(joined(dialect, local_part, "' '", "r.goto"))
    target_domain = dialect.domain.format("w.value")
    folded = dialect.fold("w.value")
    disabled, plain = "COALESCE(r.active, 0) <> 1", f"NOT EXISTS ({OWN})"
    found = [
        Source("mailbox", "lookup_count (domain, mailboxes, quota)",
               "r.domain, COUNT(*), SUM(r.quota)", counts=True),
        Source("mailbox", word, word_values("mailbox", folded, "r.username"),
               f"{dialect.words(text)} w", "w.value <> ''"),
        Source("mailbox", flag, flag_values(Flag.DISABLED_MAILBOX, "r.username"), "", disabled),
        Source("mailbox", flag, flag_values(Flag.WEAK, "r.username"), "", weak()),
        Source("alias", "lookup_count (domain, aliases)",
               "r.domain, COUNT(*)", where=plain, counts=True),
        Source("alias", flag, flag_values(Flag.ALIAS, "r.address"), "", plain),
        Source("alias", flag, flag_values(Flag.DISABLED_ALIAS, "r.address"), "", disabled),
        Source("alias", flag, flag_values(Flag.HANDLED, "r.address"), "", handled()),
        Source("alias", word, word_values("alias", folded, "r.address"),
               f"{dialect.words(names)} w", "r.goto <> r.address AND w.value <> ''"),
        Source("alias", "lookup_target (target, alias, domain, crosses)",
               f"w.value, r.address, {target_domain}, {target_domain} <> r.domain",
               f"{dialect.targets('r.goto')} w",
               "r.goto <> r.address AND w.value <> '' AND w.value <> r.address"),
    ]  # fmt: skip
    if usage:
        full = "u.username = r.username AND r.quota > 0 AND u.bytes * 10.0 >= r.quota * 9.0"
        values = flag_values(Flag.FULL, "r.username")
        found.append(Source("mailbox", flag, values, "quota2 u", full))
        activity = "lookup_activity (address, domain, bytes, last_login)"
        numbers = f"{recorded('bytes', 'quota2')}, {recorded('last_login', 'last_login')}"
        found.append(Source("mailbox", activity, f"r.username, r.domain, {numbers}"))
    return found


OWN = "SELECT 1 FROM mailbox m WHERE m.username = r.address"


def recorded(column: str, table: str) -> str:
    """Return what Dovecot has recorded for a mailbox."""
    row = f"SELECT u.{column} FROM {table} u WHERE u.username = r.username"  # noqa: S608 # nosec B608
    return f"COALESCE(({row}), 0)"


def joined(dialect: Dialect, *parts: str) -> str:
    return (", " if dialect is MYSQL else " || ").join(parts)


def flag_values(flag: str, key: str) -> str:
    return f"'{flag}', r.domain, {key}"


def word_values(kind: str, word: str, key: str) -> str:
    return f"'{kind}', SUBSTR({word}, 1, {WORD_LENGTH}), r.domain, {key}"


def weak() -> str:
    """Return the condition that a mailbox's password is in a form that is cracked quickly."""
    strong = " OR ".join(f"r.password LIKE '{start}%'" for start in STRONG)
    salts = " OR ".join(f"r.password LIKE '{salt}'" for salt in KNOWN_SALTS)
    return f"r.active = 1 AND r.password <> '' AND (NOT ({strong}) OR {salts})"


def handled() -> str:
    return f"(r.goto LIKE '%@{REFUSED_DOMAIN}' OR r.goto = '{DISCARD}')"
