"""What to do about a finding: a sentence and, where there is one, the command to copy.

Commands are run as root in the panel's folder, on the mail host unless the sentence says otherwise.
"""

from shlex import quote
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MailDatabase


class Remedy(NamedTuple):
    advice: str | Promise
    command: str = ""


EXPORT = 'd=$(mktemp -d) && .venv/bin/python manage.py exportconfig --output "$d/bundle"'
APPLY_COMMAND = f'{EXPORT} && sh "$d/bundle/apply"'

NONE = Remedy("")
APPLY = Remedy(_("Export and apply the configuration again:"), APPLY_COMMAND)
"""Puts every file, right, group and service of the mail host in order."""

APPLY_AND_RESTART = Remedy(
    _("Export and apply the configuration again, then restart Postfix:"),
    f"{APPLY_COMMAND}; systemctl restart postfix",
)
"""Also for an smtpd that holds on to what it has read or connected to."""

GRANT = Remedy(
    _("Create the daemons' accounts again. On the database host, run:"),
    f'{EXPORT} && mariadb < "$d/bundle/grants.sql"',
)
START_DATABASE = Remedy(
    _("Start the database. On the database host, run:"), "systemctl restart mariadb"
)


def restart(advice: str, *services: str) -> Remedy:
    return Remedy(advice, f"systemctl restart {' '.join(services)}")


def on_database(database: MailDatabase, *statements: str) -> Remedy:
    """Return the remedy of running these statements in the mail database."""
    sql, name = quote(f"{'; '.join(statements)};"), quote(database.name)
    if database.engine == "sqlite":
        return Remedy(_("Run:"), f"sqlite3 {name} {sql}")
    return Remedy(_("On the database host, run:"), f"mariadb {name} --execute={sql}")
