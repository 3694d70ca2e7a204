"""Letters as a search compares them: “Hürlimann” like “hurlimann”, “Weiß” like “weiss”.

The rule is Unicode's: letters lose their marks, as in the canonical decomposition, and their case.
Those that have no decomposition are written as CLDR's transform from Latin to ASCII writes them.
"""

import unicodedata
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, Transform
from django.db.models.sql.compiler import SQLCompiler

from mailboxes.fields import UnicodeField

# From Latin-1 to Latin Extended-B; modern Greek; Cyrillic; Latin Extended Additional.
BLOCKS = (range(0xC0, 0x250), range(0x370, 0x3D0), range(0x400, 0x460), range(0x1E00, 0x1F00))
TABLES = (range(BLOCKS[0][0], BLOCKS[2][-1] + 1), BLOCKS[3])
"""The blocks as SQLite looks up their letters, with those between them."""

PLAIN = frozenset(map(chr, (*range(0x61, 0x7B), *range(0x3B1, 0x3CA), *range(0x430, 0x460))))
"""The small letters of these scripts."""

MARKS = range(0x300, 0x345)
"""The marks that follow a letter in text that is decomposed. For MariaDB's regular expressions, the
next one is also an iota.
"""

MARKS_EXPRESSION = f"\\\\x{{{MARKS[0]:x}}}-\\\\x{{{MARKS[-1]:x}}}"
"""The same as MariaDB writes them in the brackets of an expression."""

UNDECOMPOSED = {
    **{"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ĳ": "ij", "Ĳ": "ij"},
    **{"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d"},
    **{"þ": "th", "Þ": "th", "ħ": "h", "Ħ": "h", "ŧ": "t", "Ŧ": "t", "ŋ": "n", "Ŋ": "n"},
    **{"ŀ": "l", "Ŀ": "l", "ı": "i", "ſ": "s", "ς": "σ"},  # noqa: RUF001
}
UNEQUAL = "ßẞæœĳøłđðþħŧŋŀй"
"""Those, but for capitals, that utf8mb4_general_ci doesn't take for what they are folded to."""


def folded(letter: str) -> str:
    return UNDECOMPOSED.get(letter) or unicodedata.normalize("NFD", letter)[0].lower()


def letters() -> dict[str, str]:
    """Return the letters that are folded, other than ASCII's capitals, and to what."""
    every = [letter for block in BLOCKS for letter in map(chr, block)]
    found = {letter: folded(letter) for letter in every if folded(letter) != letter}
    return {
        **{one: text for one, text in found.items() if text in PLAIN or one in UNDECOMPOSED},
        **dict.fromkeys(map(chr, MARKS), ""),
    }


LETTERS = letters()
TABLE = str.maketrans({**{letter: letter.lower() for letter in map(chr, range(65, 91))}, **LETTERS})


def fold(text: str) -> str:
    return text.translate(TABLE)


def fold_on_sqlite(text: str) -> str:
    """Return the SQL that folds a text, but for ASCII's capitals, which SQLite takes as equal.

    Each character is looked up by its number: so many calls of REPLACE within each other are too
    many for SQLite. Texts in ASCII are left alone.
    """
    character = f"SUBSTR({text}, n.key + 1, 1)"
    choices = " ".join(folded_on_sqlite(block, character) for block in TABLES)
    plain = f"WHEN {character} < CHAR(128) THEN {character}"
    one = f"CASE {plain} {choices} ELSE {character} END"
    zeros = f"RTRIM(REPLACE(HEX(ZEROBLOB(LENGTH({text}))), '00', '0,'), ',')"
    whole = f"SELECT GROUP_CONCAT({one}, '') FROM json_each('[' || {zeros} || ']') n"  # noqa: S608 # nosec B608
    return f"CASE WHEN {text} GLOB '*[^ -~]*' THEN ({whole}) ELSE {text} END"


def folded_on_sqlite(block: range, character: str) -> str:
    """Return the case of a letter in the block, whose foldings take three bytes each."""
    foldings = b"".join(fold(letter).encode().ljust(3) for letter in map(chr, block)).hex()
    number = f"UNICODE({character})"
    place = f"({number} - {block[0]}) * 3 + 1"
    folding = f"RTRIM(CAST(SUBSTR(X'{foldings}', {place}, 3) AS TEXT))"
    return f"WHEN {number} BETWEEN {block[0]} AND {block[-1]} THEN {folding}"


def fold_on_mysql(text: str) -> str:
    """Return the SQL that folds a text where its collation doesn't; ASCII is left alone.

    With other collations, LOWER changes letters that this one doesn't take for the same.
    """
    unmarked = f"REGEXP_REPLACE({text}, '[{MARKS_EXPRESSION}]', '')"
    found = f"LOWER(CONVERT({unmarked} USING utf8mb4) COLLATE utf8mb4_general_ci)"
    for letter in UNEQUAL:
        found = f"REPLACE({found}, '{letter}', '{LETTERS[letter]}')"
    return f"IF(LENGTH({text}) = CHAR_LENGTH({text}), {text}, {found})"


@UnicodeField.register_lookup
class Folded(Transform):
    """The text of a column, as `fold` writes it or as the column's collation takes for that."""

    lookup_name = "folded"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any
    ) -> Any:
        column, params = compiler.compile(self.lhs)
        return (fold_on_mysql if connection.vendor == "mysql" else fold_on_sqlite)(column), params


def folded_column(model: type[Model], name: str) -> str:
    """Return how a column is asked for with its letters folded, if it has others than ASCII's."""
    is_unicode = isinstance(model._meta.get_field(name), UnicodeField)
    return f"{name}__folded" if is_unicode else name
