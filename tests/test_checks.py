"""The system checks name each setting that the mail host can't use."""

from typing import Any

import pytest
from pytest_django import Settings

from mailboxes.checks import check_mail_host
from mailboxes.conf import BadSetting, DatabaseHost, database_host, mail_database, mail_host
from mailboxes.variants import VARIANTS


def found(settings: Settings, **changes: object) -> list[tuple[str | None, str]]:
    for name, value in changes.items():
        setattr(settings, name, value)
    return [(message.id, message.msg) for message in check_mail_host(None)]


def test_the_test_settings_pass_the_checks(settings: Settings) -> None:
    assert found(settings) == []


@pytest.mark.parametrize(
    ("variant", "scheme"),
    [("v1", "CRAM-MD5"), ("v1", "BLF-CRYPT"), ("v2", "MD5"), ("v2", "PLAIN"), ("v2", "cram-md5")],
)
def test_a_scheme_that_the_daemons_cannot_verify_is_refused(
    settings: Settings, variant: str, scheme: str
) -> None:
    ((name, sentence),) = found(settings, MAIL_VARIANT=variant, MAIL_PASSWORD_SCHEME=scheme)
    assert name == "mailboxes.E001" and f"“{scheme}”" in sentence
    assert check_mail_host(None)[0].hint


@pytest.mark.parametrize(
    ("variant", "scheme"),
    [(variant.name, scheme) for variant in VARIANTS.values() for scheme in variant.schemes],
)
def test_every_scheme_of_a_variant_is_accepted(
    settings: Settings, variant: str, scheme: str
) -> None:
    identities = [
        name for name, _ in found(settings, MAIL_VARIANT=variant, MAIL_PASSWORD_SCHEME=scheme)
    ]
    unreadable = variant == "v1" and not settings.MAIL_ON_MYSQL
    assert identities == (["mailboxes.W001"] if unreadable else [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_VARIANT", "v3"),
        ("MAIL_RELEASE", "debian99"),
        ("MAIL_HOSTNAME", "localhost"),
        ("MAIL_HOSTNAME", "mail.example.test\nx"),
        ("MAIL_TLS_CERT", "/etc/ssl/mail.pem"),
        ("MAIL_RECIPIENT_DELIMITER", "x"),
        ("MAIL_POSTMASTER", "nobody"),
        ("MAIL_RECIPIENT_DELIMITER", "++"),
        ("MAIL_HOME", "var/vmail"),
        ("MAIL_HOME", "/var/../etc"),
        ("MAIL_HOME", "/var/v mail"),
        ("MAIL_LOCATION", "mbox:~/mail"),
        ("MAIL_UID", 0),
        ("MAIL_GID", 99),
    ],
)
def test_an_invalid_setting_is_named(settings: Settings, name: str, value: object) -> None:
    ((identity, sentence),) = found(settings, **{name: value})
    assert identity == "mailboxes.E001" and sentence.startswith(name)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("127.0.0.1", DatabaseHost("127.0.0.1")),
        ("db1.example.org:3307", DatabaseHost("db1.example.org", 3307)),
        ("unix:/run/mysqld/mysqld.sock", DatabaseHost(socket="/run/mysqld/mysqld.sock")),
        ("localhost", DatabaseHost(socket="/run/mysqld/mysqld.sock")),
        ("[2001:db8::1]:3307", DatabaseHost("2001:db8::1", 3307)),
        ("[::1]", DatabaseHost("::1")),
    ],
)
def test_a_database_host_is_parsed(text: str, host: DatabaseHost) -> None:
    assert database_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "::1",
        "[::1",
        "[fe80]",
        "[::g]:3306",
        "db1:0",
        "db1:99999",
        "db 1",
        "unix:x",
        "unix:/a b",
        "-x",
        "",
    ],
)
def test_a_database_host_that_no_daemon_could_use_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="MAIL_DB_HOSTS"):
        database_host(text)


@pytest.mark.parametrize(
    ("database", "host"),
    [
        ({"HOST": "", "PORT": ""}, DatabaseHost(socket="/run/mysqld/mysqld.sock")),
        ({"HOST": "db1", "PORT": 3307}, DatabaseHost("db1", 3307)),
        ({"HOST": "::1", "PORT": ""}, DatabaseHost("::1")),
        (
            {"HOST": "", "PORT": "", "OPTIONS": {"unix_socket": "/run/my.sock"}},
            DatabaseHost(socket="/run/my.sock"),
        ),
    ],
)
def test_daemons_use_the_panels_database_host_by_default(
    database: dict[str, object], host: DatabaseHost
) -> None:
    whole = {"ENGINE": "django.db.backends.mysql", "NAME": "mail"} | database
    assert mail_database(whole, []).hosts == (host,)


def test_secrets_are_not_in_the_hosts_repr(settings: Settings) -> None:
    settings.MAIL_AUTH_PASSWORD = "geheim"
    assert "geheim" not in repr(mail_host())


def test_one_database_for_both_is_refused(settings: Settings, monkeypatch: Any) -> None:
    monkeypatch.setitem(settings.DATABASES, "mail", settings.DATABASES["default"])
    ((identity, sentence),) = found(settings)
    assert identity == "mailboxes.E002" and "the same database" in sentence


def mysql(socket: str, **more: object) -> dict[str, object]:
    whole = {"ENGINE": "django.db.backends.mysql", "NAME": "mail", "HOST": "", "PORT": ""}
    return whole | {"OPTIONS": {"unix_socket": socket} if socket else {}} | more


@pytest.mark.parametrize(
    ("panel", "mail", "is_same"),
    [
        (mysql("/run/a.sock"), mysql("/run/a.sock"), True),
        (mysql("/run/a.sock"), mysql("/run/b.sock"), False),
        (mysql("/run/a.sock"), mysql(""), False),
        (mysql(""), mysql(""), True),
        (mysql("/run/a.sock"), mysql("/run/a.sock", NAME="panel"), False),
        (mysql("", HOST="db1"), mysql("", HOST="db2"), False),
        (mysql("", HOST="db1", PORT=3306), mysql("", HOST="db1", PORT=3307), False),
    ],
)
def test_databases_on_different_sockets_or_hosts_are_not_the_same(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    panel: dict[str, object],
    mail: dict[str, object],
    is_same: bool,
) -> None:
    monkeypatch.setitem(settings.DATABASES, "default", panel)
    monkeypatch.setitem(settings.DATABASES, "mail", mail)
    assert [identity for identity, _ in found(settings)] == ["mailboxes.E002"] * is_same
