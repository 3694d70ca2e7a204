"""SQL that returns a mailbox's folders, so that Postfix and Dovecot agree about each row."""

from mailboxes.conf import MailHost
from mailboxes.export import quoting
from mailboxes.mail_location import split

# In lower case, as Dovecot looks addresses up, since mail_location's own variables would have the
# case of the row when the owner signs in, but not when mail is delivered.
VARIABLES = {
    "%u": "LOWER(username)",
    "%d": "SUBSTR(LOWER(username), INSTR(username, '@') + 1)",
    "%n": "SUBSTR(LOWER(username), 1, INSTR(username, '@') - 1)",
    "%1n": "SUBSTR(LOWER(username), 1, 1)",
}
IS_ABSOLUTE = "SUBSTR(maildir, 1, 1) = '/'"


def home(host: MailHost) -> str:
    """Return an expression for the folder of a mailbox as an absolute path, as Dovecot needs it."""
    base = quoting.sql_text(f"{host.home}/", "MAIL_HOME")
    if host.location.folder:
        return joined(host, base, *template(host.location.folder))
    below = joined(host, base, "maildir")
    return f"CASE WHEN {IS_ABSOLUTE} THEN maildir ELSE {below} END"


def maildir(host: MailHost) -> str:
    """Return an expression for the Maildir of a mailbox below MAIL_HOME, as Postfix needs it.

    In V1, which puts MAIL_HOME in front of everything, it is NULL for an absolute path elsewhere.
    """
    location = host.location
    end = template(f"{location.subfolder}/") if location.subfolder else []
    if location.folder:
        return joined(host, *template(location.folder), *end)
    base, length = quoting.sql_text(f"{host.home}/", "MAIL_HOME"), len(host.home) + 1
    absolute = "NULL" if host.variant.name == "v1" else "maildir"
    column = (
        f"CASE WHEN SUBSTR(maildir, 1, {length}) = {base} "
        f"THEN SUBSTR(maildir, {length + 1}) "
        f"WHEN {IS_ABSOLUTE} THEN {absolute} ELSE maildir END"
    )
    return joined(host, column, *end)


def sample(host: MailHost) -> str:
    """Return an expression for a line with the address, its Maildir and its folder in the table."""
    blank = "' '"
    return joined(host, VARIABLES["%u"], blank, maildir(host), blank, "maildir")


def template(folder: str) -> list[str]:
    return [
        VARIABLES.get(part) or quoting.sql_text(part, "MAIL_LOCATION") for part in split(folder)
    ]


def joined(host: MailHost, *parts: str) -> str:
    if len(parts) == 1:
        return parts[0]
    if host.database.engine == "mysql":
        return f"CONCAT({', '.join(parts)})"
    return " || ".join(parts)
