"""The database accounts are granted only what the daemons need."""

import re
from dataclasses import replace

import pytest

from mailboxes.conf import DatabaseHost, MailHost
from mailboxes.export import reach_sql
from mailboxes.variants import V1, V2, Variant
from tests.export.conftest import MYSQL, SQLITE, mail_host, reached_by, texts


@pytest.mark.finding("config-injection")
@pytest.mark.parametrize("variant", [V1, V2])
@pytest.mark.parametrize("name", ["'; DROP TABLE x; --", "a`b", "post fix", "pöst-fix.1"])
def test_the_name_of_the_database_is_quoted_everywhere(variant: Variant, name: str) -> None:
    grants = texts(mail_host(variant, replace(MYSQL, name=name)))["grants.sql"]
    quoted = name.replace("`", "``")
    assert grants.count(" ON ") == grants.count(f" ON `{quoted}`.")


@pytest.mark.parametrize(
    ("hosts", "places"),
    [
        ([DatabaseHost("127.0.0.1")], {"localhost", "127.0.0.1", "::1"}),
        ([DatabaseHost(socket="/run/my")], {"localhost", "127.0.0.1", "::1"}),
        ([DatabaseHost("db1"), DatabaseHost("127.0.0.1")], {"%"}),
    ],
)
@pytest.mark.parametrize("variant", [V1, V2])
def test_accounts_are_granted_for_the_hosts_that_they_connect_from(
    variant: Variant, hosts: list[DatabaseHost], places: set[str]
) -> None:
    grants = texts(mail_host(variant, reached_by(*hosts)))["grants.sql"]
    assert set(re.findall(r" TO '.*?'@'(.*?)'", grants)) == places


def test_the_lookup_account_cannot_read_passwords() -> None:
    grants = texts(mail_host())["grants.sql"].splitlines()
    lookups = [line for line in grants if line.startswith("GRANT") and "'maillookup'" in line]
    sign_ins = [line for line in grants if line.startswith("GRANT") and "'mailauth'" in line]
    assert lookups and not [line for line in lookups if "password" in line]
    assert [line for line in sign_ins if "password" in line]
    assert all(line.startswith("GRANT SELECT (") for line in lookups)


def tables_written(host: MailHost) -> set[str]:
    """Return the tables that the mail host's accounts can write to."""
    grants = texts(host)["grants.sql"]
    written = re.findall(r"^GRANT (?!SELECT \()(.*) ON `postfix`\.(\w+) TO '(\w+)'", grants, re.M)
    assert {(rights, account) for rights, _, account in written} <= {
        ("SELECT, INSERT, UPDATE", "mailauth")
    }
    return {table for _, table, _ in written}


def test_dovecot_only_writes_to_two_tables_and_only_on_mysql(host: MailHost) -> None:
    dovecot = "".join(text for path, text in texts(host).items() if "/dovecot/" in path)
    if host.variant is V2 and host.database is MYSQL:
        assert tables_written(host) == {"quota2", "last_login"}
        written = re.findall(r"^ +(?:sql_)?table = (\w+)", dovecot, re.M)
        assert written == ["quota2", "quota2", "last_login"]
    else:
        assert host.database is SQLITE or not tables_written(host)
        assert not re.search("quota_clone|last_login|quota2", dovecot)


@pytest.mark.parametrize(
    ("host", "columns", "is_recorded"),
    [
        (mail_host(), (), True),
        (mail_host(), ("mailbox.username", "quota2.username"), True),
        (mail_host(), ("mailbox.username",), False),
        (mail_host(V1), (), False),
        (mail_host(database=SQLITE), (), False),
    ],
)
def test_postfix_looks_for_full_mailboxes_where_dovecot_records_usage(
    host: MailHost, columns: tuple[str, ...], is_recorded: bool
) -> None:
    known = dict.fromkeys(columns, "latin1_general_ci")
    found = reach_sql.is_full(host, "'%s'", reach_sql.conversion(known), known)
    assert ("quota2" in found) == is_recorded
    if not columns:
        assert (" ON `postfix`.quota2 TO 'maillookup'@" in texts(host).get("grants.sql", "")) == (
            is_recorded
        )
