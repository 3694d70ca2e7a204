"""Dovecot's files in the syntax of each release."""

import re
from dataclasses import replace

import pytest

from mailboxes.conf import DatabaseHost, MailHost
from mailboxes.variants import DEBIAN12, V2, Scheme
from tests.export.conftest import (
    HOSTS,
    TWO_PORTS,
    mail_host,
    reached_by,
    texts,
    with_passwords,
)


def test_query_parameters_of_dovecot_are_always_quoted(host: MailHost) -> None:
    if host.variant is V2:
        queries = texts(host)["etc/dovecot/mailadmin-sql.conf.ext"].partition("query")[2]
        assert "%" in queries
        assert "%" not in re.sub(r"'[^']*'", "", queries)


@pytest.mark.parametrize("scheme", V2.schemes.values(), ids=V2.schemes)
def test_dovecot_offers_the_mechanisms_that_the_scheme_supports(scheme: Scheme) -> None:
    conf = texts(mail_host(V2, scheme=scheme))["etc/dovecot/conf.d/99-mailadmin.conf"]
    offered = re.findall(r"^auth_mechanisms = (.*)$", conf, re.MULTILINE)
    assert offered == [" ".join(scheme.mechanisms).lower()]


@pytest.mark.parametrize(("weak", "value"), [(True, "yes"), (False, "no")])
def test_dovecot_24_allows_weak_schemes_if_configured(weak: bool, value: str) -> None:
    files = texts(replace(mail_host(), weak_schemes=weak))
    conf = files["etc/dovecot/conf.d/99-mailadmin.conf"]
    assert re.findall(r"^auth_allow_weak_schemes = (\w+)$", conf, re.M) == [value]


def test_settings_of_dovecot_23_and_24_are_not_mixed() -> None:
    for host in HOSTS.values():
        if host.variant is V2:
            files = texts(host)
            dovecot = "".join(files[path] for path in files if path.startswith("etc/dovecot/"))
            settings = re.sub("^ *#.*", "", dovecot, flags=re.M)
            old = ("disable_plaintext_auth", "mail_location", "'%u'", "plugin {", "args =")
            new = (
                "auth_allow_cleartext",
                "mail_driver",
                "%{user}",
                "passdb_sql_query",
                "mail_path",
            )
            wanted, unknown = (old, new) if host.release is DEBIAN12 else (new, old)
            assert all(name in settings for name in wanted)
            assert not [name for name in unknown if name in settings]


@pytest.mark.parametrize("value", ['a"b', "a\\b", "%{user}", "%%{user}", "%u %% %", "$SET:x #"])
def test_values_of_dovecot_24_are_read_back_unchanged(value: str) -> None:
    files = texts(with_passwords(mail_host(), value))
    conf = files["etc/dovecot/mailadmin-connect.conf.ext"]
    [written] = re.findall(r'mysql_password = "(.*)"', conf)
    assert not re.search(r"(?<!%)%\{", written)
    assert re.sub(r"\\(.)", r"\1", written).replace("%%{", "%{") == value


def test_several_database_hosts_are_reached_through_haproxy_on_24() -> None:
    files = texts(mail_host(V2, TWO_PORTS))
    proxy = "/run/haproxy/mailadmin.sock"
    servers = re.findall(r"    server \d (.+) check", files["etc/haproxy/conf.d/mailadmin.cfg"])
    assert servers == ["a:3306", "b:3307"]
    sent = "".join(re.findall(r"send-binary (\w+)", files["etc/haproxy/conf.d/mailadmin.cfg"]))
    assert b"SELECT 'ready' AS state WHERE NOT @@wsrep_on OR EXISTS (" in bytes.fromhex(sent)
    conf = files["etc/dovecot/mailadmin-connect.conf.ext"]
    assert re.findall(r"^  (?:host|port) = (.+)", conf, re.MULTILINE) == [proxy]
    assert f"\nhosts = unix:{proxy}\n" in files["etc/postfix/mailadmin/domains.cf"]


def test_dovecot_24_connects_to_one_database_host_by_name_and_port() -> None:
    files = texts(mail_host(V2, reached_by(DatabaseHost("::1", 3307))))
    assert "  host = ::1\n  port = 3307\n" in files["etc/dovecot/mailadmin-connect.conf.ext"]
    assert "\nhosts = inet:::1:3307\n" in files["etc/postfix/mailadmin/domains.cf"]
    assert "etc/haproxy/conf.d/mailadmin.cfg" not in files
