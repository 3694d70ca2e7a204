"""Quoting of values in each exported file, by that file's own rules."""

import re
import shlex
import unicodedata

from mailboxes.errors import Refused, gettext_noop


class BadValue(Refused):
    """A value that the file it belongs in doesn't support."""


# libpam reads lines of up to 1,024 bytes, of which pam.d/smtp needs about 300 for itself.
MAX_PAM_ARGUMENT = 512
# libmariadb reads my.cnf in pieces of 4,096 bytes.
MAX_OPTION = 4000


def require_printable(value: str, setting: str) -> str:
    """Return the value; refuse characters that would end or break a line in any file."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value):
        raise BadValue(
            gettext_noop(
                "%(setting)s contains a newline, a tab or another control character, which "
                "can't be written to the configuration files."
            ),
            {"setting": setting},
        )
    return value


def host_name(value: str, setting: str) -> str:
    """Return a host name or an address, which may be an IPv6 address without brackets."""
    return value if re.fullmatch(r"[0-9A-Fa-f.]*(:[0-9A-Fa-f.]*)+", value) else bare(value, setting)


def bare(value: str, setting: str) -> str:
    """Return a host name, a path or the like for places that don't support quoting."""
    if not re.fullmatch(r"[A-Za-z0-9._/][A-Za-z0-9._/-]*", value):
        raise BadValue(
            gettext_noop(
                "%(setting)s may only contain letters, digits and the characters . _ / - because "
                "it is written to files that don't support quoting."
            ),
            {"setting": setting},
        )
    return value


def signs(value: str, setting: str) -> str:
    """Return punctuation that means nothing special in Postfix's main.cf."""
    if not re.fullmatch(r"[-+_.=~]+", value):
        raise BadValue(
            gettext_noop("%(setting)s may only contain these characters: + - _ . = ~."),
            {"setting": setting},
        )
    return value


def digits(value: int, setting: str) -> str:
    """Return a non-negative number in digits."""
    if value < 0:
        raise BadValue(gettext_noop("%(setting)s must not be negative."), {"setting": setting})
    return str(int(value))


def map_value(value: str, setting: str) -> str:
    """Quote for a Postfix map: everything after `=` is literal, except spaces at the ends."""
    require_printable(value, setting)
    if not value or value != value.strip(" "):
        raise BadValue(
            gettext_noop(
                "%(setting)s is empty, or starts or ends with a space, which Postfix's maps don't "
                "support."
            ),
            {"setting": setting},
        )
    return value


def pam_argument(value: str, setting: str) -> str:
    r"""Quote for `[name=…]` in pam.d, where only `\]` is special and `#` starts a comment."""
    require_printable(value, setting)
    too_long = len(value.encode()) > MAX_PAM_ARGUMENT
    if not value or "#" in value or value.endswith("\\") or too_long:
        raise BadValue(
            gettext_noop(
                "%(setting)s is empty, contains a #, ends with a backslash or is longer than "
                "%(limit)s bytes, which an argument in a PAM file doesn't support."
            ),
            {"setting": setting, "limit": MAX_PAM_ARGUMENT},
        )
    return value.replace("]", "\\]")


def pam_option(value: str, setting: str) -> str:
    """Quote for pam_mysql's own configuration file, where `;` ends a value."""
    require_printable(value, setting)
    if not value or ";" in value or value.startswith(" "):
        raise BadValue(
            gettext_noop(
                "%(setting)s is empty, contains a semicolon or starts with a space, which "
                "pam_mysql's configuration file doesn't support."
            ),
            {"setting": setting},
        )
    return value


def fits_pam_file(value: str, setting: str, preferred: bool) -> bool:
    """Say whether the value goes into pam_mysql's own file rather than an argument in pam.d.

    The preferred place is used if it supports the value; if neither does, BadValue is raised.
    """
    require_printable(value, setting)
    for in_file in (preferred, not preferred):
        try:
            (pam_option if in_file else pam_argument)(value, setting)
        except BadValue:
            continue
        return in_file
    raise BadValue(
        gettext_noop(
            "%(setting)s can't be written for pam_mysql: its own file supports neither a "
            "semicolon nor a space at the start, and an argument in pam.d neither a #, nor a "
            "backslash at the end, nor more than %(limit)s bytes. Choose another value."
        ),
        {"setting": setting, "limit": MAX_PAM_ARGUMENT},
    )


def mysql_option(value: str, setting: str) -> str:
    """Quote for an option file of the MySQL client library (my.cnf)."""
    quoted = require_printable(value, setting).replace("\\", "\\\\").replace('"', '\\"')
    if len(quoted.encode()) > MAX_OPTION:
        raise BadValue(
            gettext_noop("%(setting)s is too long for an option file of the MySQL client library."),
            {"setting": setting},
        )
    return f'"{quoted}"'


def dovecot_text(value: str, setting: str) -> str:
    """Quote for a setting of Dovecot 2.3."""
    quoted = re.sub(r"""([\\"'])""", r"\\\1", require_printable(value, setting))
    return f'"{quoted}"'


def dovecot_24_text(value: str, setting: str) -> str:
    r"""Quote for a setting of Dovecot 2.4, where `%{` starts a variable and `%%{` escapes it."""
    quoted = re.sub(r'([\\"])', r"\\\1", require_printable(value, setting)).replace("%{", "%%{")
    return f'"{quoted}"'


def sql_text(value: str, setting: str) -> str:
    """Quote as a MySQL string; the session's sql_mode must not have NO_BACKSLASH_ESCAPES."""
    quoted = require_printable(value, setting).replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"


def sql_name(value: str, setting: str) -> str:
    """Quote as a MySQL name: that of a database, a table or a column."""
    if not value or value.endswith(" "):
        raise BadValue(
            gettext_noop(
                "%(setting)s is empty or ends with a space, which MySQL doesn't allow in a name."
            ),
            {"setting": setting},
        )
    quoted = require_printable(value, setting).replace("`", "``")
    return f"`{quoted}`"


def shell_word(value: str, setting: str) -> str:
    """Quote as one word of a POSIX shell."""
    return shlex.quote(require_printable(value, setting))
