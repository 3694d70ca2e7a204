"""Mail hosts and their bundles."""

from dataclasses import replace

import pytest

from mailboxes.conf import Account, DatabaseHost, MailDatabase, MailHost
from mailboxes.export import render
from mailboxes.export.bundle import File
from mailboxes.mail_location import MailLocation
from mailboxes.variants import DEBIAN13, RELEASES, V1, V2, Release, Scheme, Variant

LOOKUP, AUTH = "look-ups' secret", 'sign-ins" secret'
MYSQL = MailDatabase("mysql", "postfix", (DatabaseHost("127.0.0.1"),))
SQLITE = MailDatabase("sqlite", "/srv/mail admin/mail.sqlite3", ())
CHAINS = {"v1-mysql": (V1, MYSQL), "v2-mysql": (V2, MYSQL), "v2-sqlite": (V2, SQLITE)}


def mail_host(
    variant: Variant = V2,
    database: MailDatabase = MYSQL,
    release: Release = DEBIAN13,
    scheme: Scheme | None = None,
) -> MailHost:
    return MailHost(
        variant=variant,
        release=release,
        scheme=scheme or variant.default_scheme,
        weak_schemes=False,
        hostname="mail.example.test",
        certificate="",
        certificate_key="",
        delimiter="+",
        catch_all_senders=False,
        refuses_forged_senders=False,
        pop3=False,
        database=database,
        lookup=Account("maillookup", LOOKUP),
        auth=Account("mailauth", AUTH),
        home="/var/vmail",
        location=MailLocation(),
        has_smtp_active=True,
        uid=5000,
        gid=5001,
    )


HOSTS = {
    f"{release}-{chain}": mail_host(*CHAINS[chain], RELEASES[release])
    for release in RELEASES
    for chain in CHAINS
}


def with_passwords(host: MailHost, password: str) -> MailHost:
    return replace(host, lookup=Account("maillookup", password), auth=Account("mailauth", password))


def reached_by(*hosts: DatabaseHost) -> MailDatabase:
    return replace(MYSQL, hosts=hosts)


TWO_PORTS = reached_by(DatabaseHost("a"), DatabaseHost("b", 3307))


def texts(host: MailHost) -> dict[str, str]:
    return {file.path: file.text for file in render.render_bundle(host)}


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> MailHost:
    return HOSTS[request.param]


@pytest.fixture
def files(host: MailHost) -> list[File]:
    return render.render_bundle(host)
