"""How a value is written in each exported file, by that file's own rules."""

import re
import unicodedata

from mailboxes.errors import Sentence
from mailboxes.errors import gettext_noop as _


class BadValue(Sentence):
    """A value that the file it belongs in cannot express."""


# libpam takes 1,024 bytes as one line, of which pam.d/smtp needs about 300 for itself.
LONGEST_PAM_ARGUMENT = 512
# libmariadb reads my.cnf in pieces of 4,096 bytes.
LONGEST_OPTION = 4000


def printable(value: str, setting: str) -> str:
    """Return the value; refuse what no file can hold, since it would end or break the line."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value):
        raise BadValue(
            _(
                "%(setting)s holds a newline, a tab or another control character, which the "
                "configuration files cannot express."
            ),
            setting=setting,
        )
    return value


def bare(value: str, setting: str) -> str:
    """Return a host name, path or the like for a place that knows no quoting."""
    if not re.fullmatch(r"[A-Za-z0-9._/][A-Za-z0-9._/-]*", value):
        raise BadValue(
            _(
                "%(setting)s must consist of letters, digits and . _ / - since it stands in "
                "files that know no quoting."
            ),
            setting=setting,
        )
    return value


def number(value: int, setting: str) -> str:
    """Return a number that is not negative, in digits."""
    if value < 0:
        raise BadValue(_("%(setting)s must not be negative."), setting=setting)
    return str(int(value))


def map_value(value: str, setting: str) -> str:
    """Quote for a Postfix map: all after `=` is taken as it stands but for blanks at the ends."""
    printable(value, setting)
    if not value or value != value.strip(" "):
        raise BadValue(
            _(
                "%(setting)s is empty or has a blank at its beginning or end, which Postfix's "
                "maps cannot express."
            ),
            setting=setting,
        )
    return value


def pam_argument(value: str, setting: str) -> str:
    r"""Quote for `[name=…]` in pam.d, where only `\]` is special and `#` begins a comment."""
    printable(value, setting)
    too_long = len(value.encode()) > LONGEST_PAM_ARGUMENT
    if not value or "#" in value or value.endswith("\\") or too_long:
        raise BadValue(
            _(
                "%(setting)s is empty, has a #, a backslash at its end or more than "
                "%(longest_pam_argument)s bytes, which an argument in a PAM file cannot "
                "express."
            ),
            setting=setting,
            longest_pam_argument=LONGEST_PAM_ARGUMENT,
        )
    return value.replace("]", "\\]")


def pam_option(value: str, setting: str) -> str:
    """Quote for pam_mysql's own configuration file, where `;` ends a value."""
    printable(value, setting)
    if not value or ";" in value or value.startswith(" "):
        raise BadValue(
            _(
                "%(setting)s is empty, has a ; or a blank at its beginning, which pam_mysql's "
                "configuration file cannot express."
            ),
            setting=setting,
        )
    return value


def fits_pam_file(value: str, setting: str, preferred: bool) -> bool:
    """Say whether the value is to stand in pam_mysql's own file, and not as an argument in pam.d.

    The preferred place is taken if it can express the value; if neither can, BadValue is raised.
    """
    printable(value, setting)
    for in_file in (preferred, not preferred):
        try:
            (pam_option if in_file else pam_argument)(value, setting)
        except BadValue:
            continue
        return in_file
    raise BadValue(
        _(
            "%(setting)s cannot be written for pam_mysql: its own file holds no ; and no "
            "blank at the beginning, and an argument in pam.d holds no #, no backslash at "
            "the end and no more than %(longest_pam_argument)s bytes. Choose another value."
        ),
        setting=setting,
        longest_pam_argument=LONGEST_PAM_ARGUMENT,
    )


def mysql_option(value: str, setting: str) -> str:
    """Quote for an option file of the MySQL client library (my.cnf)."""
    quoted = printable(value, setting).replace("\\", "\\\\").replace('"', '\\"')
    if len(quoted.encode()) > LONGEST_OPTION:
        raise BadValue(
            _("%(setting)s is too long for an option file of the MySQL client library."),
            setting=setting,
        )
    return f'"{quoted}"'


def dovecot_text(value: str, setting: str) -> str:
    """Quote for a setting of Dovecot 2.3."""
    quoted = re.sub(r"""([\\"'])""", r"\\\1", printable(value, setting))
    return f'"{quoted}"'


def dovecot_24_text(value: str, setting: str) -> str:
    r"""Quote for a setting of Dovecot 2.4, where `%{` begins a variable and `%%{` stands for it."""
    quoted = re.sub(r'([\\"])', r"\\\1", printable(value, setting)).replace("%{", "%%{")
    return f'"{quoted}"'


def sql_text(value: str, setting: str) -> str:
    """Quote as a string of MySQL; the session's sql_mode must not have NO_BACKSLASH_ESCAPES."""
    quoted = printable(value, setting).replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"


def sql_name(value: str, setting: str) -> str:
    """Quote as a name of MySQL: a database, a table, a column."""
    if not value or value.endswith(" "):
        raise BadValue(
            _("%(setting)s is empty or ends with a blank, which no name in MySQL may."),
            setting=setting,
        )
    quoted = printable(value, setting).replace("`", "``")
    return f"`{quoted}`"


def shell_word(value: str, setting: str) -> str:
    """Quote as one word of a POSIX shell."""
    quoted = printable(value, setting).replace("'", "'\\''")
    return f"'{quoted}'"
