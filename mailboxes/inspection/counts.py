"""Rows with something that this panel doesn't support, counted by the database."""

from collections.abc import Iterator

from django.db import connections
from django.utils.translation import gettext_lazy as _

from mailboxes import sending
from mailboxes.foreign_flags import with_conditions
from mailboxes.inspection.lines import Line
from mailboxes.inspection.products import Columns

EXPORT = _("The exported configuration doesn't check this.")
DELETED = _("Deleted together with the mailbox.")
KEPT = _("To the mail host they are disabled. The number is kept until the state is changed.")
APP_PASSWORDS = _(
    "Deleted together with the mailbox. They keep working when its password is changed."
)
OFF = _("Receive-only mailboxes are not available")
SMTP_ACTIVE = "ALTER TABLE mailbox ADD COLUMN smtp_active tinyint(1) NOT NULL DEFAULT 1;"
NEEDED = _(
    "PostfixAdmin has this column since 4.0. Run this as the database's administrator, then export "
    "the configuration again, with grants.sql."
)
COUNTS = (
    (
        *("smtp_off", "mailbox", "smtp_active", _("Mailboxes that may not send (smtp_active)")),
        *("", "SELECT COUNT(*) FROM mailbox WHERE {off smtp_active}"),
    ),
    (
        *("expired", "mailbox", "password_expiry", _("Mailboxes with an expired password"), EXPORT),
        "SELECT COUNT(*) FROM mailbox WHERE password_expiry > '2000-01-02' "
        "AND password_expiry < CURRENT_TIMESTAMP",
    ),
    (
        *("vacation", "vacation", "active", _("Active vacation messages"), DELETED),
        "SELECT COUNT(*) FROM vacation WHERE {on active}",
    ),
    (
        *("fetchmail", "fetchmail", "mailbox", _("Fetchmail accounts"), DELETED),
        "SELECT COUNT(*) FROM fetchmail",
    ),
    (
        *("app_passwords", "mailbox_app_password", "username", _("App passwords")),
        *(APP_PASSWORDS, "SELECT COUNT(*) FROM mailbox_app_password"),
    ),
    (
        *("totp", "mailbox", "totp_secret", _("Mailboxes with a second factor"), ""),
        "SELECT COUNT(*) FROM mailbox WHERE totp_secret <> ''",
    ),
    (
        *(
            "totp_exceptions",
            "totp_exception_address",
            "ip",
            _("Clients that need no second factor"),
        ),
        *(DELETED, "SELECT COUNT(*) FROM totp_exception_address"),
    ),
    (
        *("odd_active", "mailbox", "active", _("Mailboxes with “active” other than 0 and 1")),
        *(KEPT, "SELECT COUNT(*) FROM mailbox WHERE active NOT IN (0, 1)"),
    ),
    (
        *("odd_active_alias", "alias", "active", _("Aliases with “active” other than 0 and 1")),
        *(KEPT, "SELECT COUNT(*) FROM alias WHERE active NOT IN (0, 1)"),
    ),
)


def lines(columns: Columns) -> Iterator[Line]:
    """Yield what there is, where the tables have the column."""
    if sending.COLUMN not in columns.get("mailbox", ()):
        yield Line("no_smtp_active", OFF, SMTP_ACTIVE, NEEDED)
    for code, table, column, label, note, sql in COUNTS:
        if column in columns.get(table, ()) and (number := count(sql)):
            yield Line(code, label, number, note)


def count(sql: str) -> int:
    with connections["mail"].cursor() as cursor:
        cursor.execute(with_conditions(sql))
        return int(cursor.fetchone()[0])
