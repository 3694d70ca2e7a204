"""Syntax highlighting of the bundle's files, with CSS classes instead of inline styles."""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from django.utils.safestring import SafeString
from pygments import highlight as format_tokens
from pygments.filter import Filter
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer, RegexLexer, bygroups, include
from pygments.lexers.diff import DiffLexer
from pygments.lexers.shell import BashLexer
from pygments.lexers.special import TextLexer
from pygments.lexers.sql import MySqlLexer
from pygments.token import (
    Comment,
    Generic,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)

from mailboxes.export.render import MASK

SQL_WORDS = (
    "SELECT|FROM|WHERE|AND|OR|NOT|IN|AS|EXISTS|UNION|CASE|WHEN|THEN|ELSE|END|IF|CONCAT|LENGTH"
    "|SUBSTR"
)
# Each has its color in panel.css. All other tokens stay plain.
COLOURED = {
    Comment: Comment,
    Keyword: Keyword,
    Name.Attribute: Name.Attribute,
    Name.Builtin: Keyword,
    Name.Variable: Name.Variable,
    Number: Number,
    String: String,
    String.Interpol: Name.Variable,
    Generic.Deleted: Generic.Deleted,
    Generic.Inserted: Generic.Inserted,
    Generic.Subheading: Generic.Subheading,
}


class ConfigurationLexer(RegexLexer):  # type: ignore[misc]
    """`name = value`, `name: value`, [sections] and blocks in braces, as mail daemons use them.

    Any other line continues the value before it, as in Postfix.
    """

    name = "Configuration of a mail daemon"
    flags = re.MULTILINE
    tokens = {
        "root": [
            (r"^[ \t]*#.*$", Comment),
            (r"^[ \t]*\[[^\]\n]+\]$", Keyword),
            (
                r"^([ \t]*)(-o[ \t]+)?([\w.-]+)([ \t]*)([=:])",
                bygroups(Whitespace, Keyword, Name.Attribute, Whitespace, Operator),
                "value",
            ),
            (
                r"^([ \t]*)([\w-]+)([^={}\n]*)(\{)$",
                bygroups(Whitespace, Keyword, String, Punctuation),
            ),
            (r"^([ \t]*)(\})$", bygroups(Whitespace, Punctuation)),
            (r"^([ \t]*)(!\w+)", bygroups(Whitespace, Keyword), "value"),
            (r"\n", Whitespace),
            (r"(?=.)", Text, "value"),
        ],
        "value": [
            (r"\\\n", String.Interpol),
            (r"\n", Whitespace, "#pop"),
            (r'"(\\.|[^"\\\n])*"', String),
            include("words"),
            (r"\w+|[^\w\n]", Text),
        ],
        "words": [
            (r"'[^'\n]*'", String),
            (r"%\{[^}\n]*\}|\$\w+(:\w+)?", Name.Variable),
            (rf"\b({SQL_WORDS})\b", Keyword),
            (r"\b(yes|no)\b", Keyword),
            (r"\b\d+\b", Number),
        ],
    }


class Colours(Filter):  # type: ignore[misc]
    """Reduces tokens to the few kinds that have a color, so that the page stays small."""

    def filter(
        self, lexer: Lexer, stream: Iterable[tuple[_TokenType, str]]
    ) -> Iterator[tuple[_TokenType, str]]:
        for token, value in stream:
            yield token_type(token), value


@cache
def token_type(token: _TokenType) -> _TokenType:
    """Return the colored kind that the token belongs to, the nearest first."""
    nearest = (COLOURED[part] for part in reversed(token.split()) if part in COLOURED)
    return next(nearest, Text)


LEXERS = {
    "configuration": ConfigurationLexer,
    "diff": DiffLexer,
    "sh": BashLexer,
    "sql": MySqlLexer,
    "text": TextLexer,
}


@cache
def lexer(language: str) -> Lexer:
    made = LEXERS[language](stripnl=False, ensurenl=False)
    made.add_filter(Colours())
    return made


def language(path: str) -> str:
    """Return the language of a file, judging by its path."""
    name = path.rpartition("/")[2]
    if name in ("README", "MANIFEST"):
        return "text"
    if name in ("apply", "saslauthd"):
        return "sh"
    return "sql" if name.endswith(".sql") else "configuration"


@lru_cache(maxsize=100)  # the files of two hosts, which hardly ever change
def highlight(text: str, language: str) -> SafeString:
    """Return the text as escaped HTML, with hidden passwords marked as such."""
    html = format_tokens(text, lexer(language), HtmlFormatter(nowrap=True))
    html = html.replace(MASK, f"<mark>{MASK}</mark>")
    return SafeString(html)  # nosec B703 # Pygments escapes the text
