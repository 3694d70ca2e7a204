"""What a host's daemons need to work with its database, and with its name."""

from django.utils.translation import gettext

from mailboxes.conf import MailHost, is_example, is_for_tests
from mailboxes.errors import gettext_noop
from mailboxes.export.bundle import BadExport


def check_exportable(host: MailHost) -> None:
    """Refuse a host whose daemons can't work with its database, or that isn't named yet."""
    if is_example(host.hostname):
        message = gettext_noop(
            "MAIL_HOSTNAME is %(name)s, which is only an example. Set it in .env to the full name "
            "of the mail host, or for a trial to one that ends in .test, and restart the panel."
        )
        raise BadExport(message, {"name": host.hostname})
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


def name_warning(host: MailHost) -> str:
    """Say that a name is reserved for tests; with a mere example, nothing is exported at all."""
    if not is_for_tests(host.hostname):
        return ""
    return gettext(
        "MAIL_HOSTNAME is %(name)s. Names ending in .test are reserved for tests, so other mail "
        "servers and mail programs will never find the host. Set it in .env to the host's real "
        "name, restart the panel and export the configuration again."
    ) % {"name": host.hostname}


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
    if is_v1(host):
        check_pam_mysql(host)
    elif host.database.authority and any(place.socket for place in host.database.hosts):
        raise BadExport(
            gettext_noop(
                "MAIL_DB_TLS is set, but the mail host reaches the database through a socket "
                "(MAIL_DB_HOSTS), which needs no encryption. Leave MAIL_DB_TLS empty."
            )
        )
    elif host.needs_proxy and (
        host.database.authority or any(place.socket for place in host.database.hosts)
    ):
        raise BadExport(
            gettext_noop(
                "MAIL_DB_HOSTS contains several hosts, which on %(release)s are reached through "
                "HAProxy. Give each of them by its name or address, not by a socket, and leave "
                "MAIL_DB_TLS empty, because the daemons can't check which host they reach."
            ),
            {"release": host.release.title},
        )
    elif host.release.one_port and len(ports(host)) > 1:
        raise BadExport(
            gettext_noop(
                "MAIL_DB_HOSTS contains different ports, but Dovecot on %(release)s uses the same "
                "port for all database hosts."
            ),
            {"release": host.release.title},
        )


def check_pam_mysql(host: MailHost) -> None:
    """Refuse what pam_mysql can't do: it has no options for TLS, and reads `::1` as a port."""
    if host.database.authority:
        raise BadExport(
            gettext_noop(
                "MAIL_DB_TLS is set, but MAIL_VARIANT is v1, whose pam_mysql can't encrypt its "
                "connection to the database. Use v2, a database on the mail host, or a tunnel such "
                "as stunnel or WireGuard without MAIL_DB_TLS."
            )
        )
    if any(":" in place.name for place in host.database.hosts):
        raise BadExport(
            gettext_noop(
                "MAIL_DB_HOSTS contains an IPv6 address, but MAIL_VARIANT is v1, whose pam_mysql "
                "can't use one. Use a host name instead."
            )
        )


def ports(host: MailHost) -> list[int]:
    return sorted({place.port for place in host.database.hosts if not place.socket})


def uses_mysql(host: MailHost) -> bool:
    return host.database.engine == "mysql"


def is_v1(host: MailHost) -> bool:
    return host.variant.name == "v1"
