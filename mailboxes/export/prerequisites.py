"""What a host's daemons need to work with its database."""

from mailboxes.conf import MailHost
from mailboxes.errors import gettext_noop
from mailboxes.export.bundle import BadExport


def check_exportable(host: MailHost) -> None:
    """Refuse a host whose daemons can't work with its database."""
    if uses_mysql(host):
        check_accounts(host)
        check_database_hosts(host)
    elif is_v1(host):
        raise BadExport(
            gettext_noop(
                "MAIL_VARIANT is v1, which needs MySQL or MariaDB, because pam_mysql can't read "
                "SQLite. Set MAIL_DATABASE_URL to such a database, or MAIL_VARIANT to v2."
            )
        )
    elif not host.database.name.startswith("/"):
        raise BadExport(
            gettext_noop(
                "MAIL_DATABASE_URL must contain the absolute path of the SQLite file, because the "
                "mail daemons have a different working directory."
            )
        )


def check_accounts(host: MailHost) -> None:
    for name, account in (("LOOKUP", host.lookup), ("AUTH", host.auth)):
        for part, value in (("USER", account.user), ("PASSWORD", account.password)):
            if not value:
                setting = f"MAIL_{name}_{part}"
                message = gettext_noop("%(setting)s is empty. The mail daemons need a value.")
                raise BadExport(message, {"setting": setting})
    if host.lookup.user == host.auth.user:
        raise BadExport(
            gettext_noop(
                "MAIL_LOOKUP_USER and MAIL_AUTH_USER must be different accounts, so that Postfix's "
                "lookups can't read passwords."
            )
        )


def check_database_hosts(host: MailHost) -> None:
    if not host.database.hosts:
        raise BadExport(
            gettext_noop(
                "MAIL_DB_HOSTS is empty. Set it to the address at which the mail host reaches "
                "MySQL."
            )
        )
    if not is_v1(host) and host.release.one_port and len(ports(host)) > 1:
        raise BadExport(
            gettext_noop(
                "MAIL_DB_HOSTS contains different ports, but Dovecot on %(release)s uses the same "
                "port for all database hosts."
            ),
            {"release": host.release.title},
        )


def ports(host: MailHost) -> list[int]:
    return sorted({place.port for place in host.database.hosts if not place.socket})


def uses_mysql(host: MailHost) -> bool:
    return host.database.engine == "mysql"


def is_v1(host: MailHost) -> bool:
    return host.variant.name == "v1"
