"""What most tests need: Anna and Bob, who own mailboxes, and Rita, a superuser."""

import gc
import re
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import translation
from pytest_django import Settings
from xdist.scheduler import LoadScopeScheduling

from mailboxes import actions, middleware
from mailboxes.access.scope import EVERYTHING
from mailboxes.addresses import Address, DomainName
from mailboxes.audit.actors import COMMAND, Actor
from mailboxes.audit.models import Entry, Phase
from mailboxes.conf import mail_host
from mailboxes.export.compare import Comparison, parse_host
from mailboxes.lookup_tables import tables as lookup_tables
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.passwords import schemes
from mailboxes.throttle import gate, lockouts
from tests.hashes import CRAM, MD5, SHA512_CRYPT
from tests.name_server import NameServer, name_server

# A property does not fail because the machine is busy.
hypothesis.settings.register_profile("patient", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("patient")

PASSWORD = "four unrelated words"
TESTER = Actor(COMMAND, "tester", "pytest", EVERYTHING)
BOTH_DATABASES = pytest.mark.django_db(databases=["default", "mail"])
STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"
MANY = 50
"""How many tests a unit has that takes minutes."""

MACHINE = re.compile(r"(fresh-)?(debian\d+)(-v\d-\w+)?")


def unit(nodeid: str) -> str:
    """Return what one worker runs as a whole: tests of one mail host, or of one file."""
    file, _, test = nodeid.partition("::")
    found = MACHINE.search(test)
    if not found:
        return file
    fresh, release, chain = found.groups(default="")
    return nodeid if fresh else release + (chain or file)


def slowness(item: pytest.Item, tests: int) -> int:
    """Rank slow units first, so that no worker finishes long after the others."""
    marks = {mark.name for mark in item.iter_markers()} & {"stack", "browser"}
    of_host = bool(MACHINE.search(unit(item.nodeid)))
    return len(marks) + (of_host + (tests >= MANY) if marks else 0)


def changes_host(item: pytest.Item) -> bool:
    """Say whether the test may change the settings of a mail host that it shares."""
    names = set(getattr(item, "fixturenames", ()))
    return "changed" in names or "mail" not in names


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Keep tests that share a machine together; those that change a mail host come last.

    Which databases are needed is said here: they are created for the first test that needs any.
    """
    yield
    for item in items:
        if "tables" in getattr(item, "fixturenames", ()):
            item.add_marker(BOTH_DATABASES)
    units = [unit(item.nodeid) for item in items]
    places, tests = {name: place for place, name in enumerate(units)}, Counter(units)

    def rank(item: pytest.Item) -> tuple[int, int, bool]:
        name = unit(item.nodeid)
        return -slowness(item, tests[name]), places[name], changes_host(item)

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over thousands of tests, which stay until the end."""
    gc.freeze()


class Units(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Distribute units. (pytest-xdist's own groups do nothing under pytest 9.2: its issue 1386.)"""
    config.option.loadscopereorder = False
    return Units(config, log)


@pytest.fixture(autouse=True)
def plain_static_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve static files under their own names; only collectstatic writes the manifest."""
    monkeypatch.setitem(settings.STORAGES, "staticfiles", {"BACKEND": STATIC})


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """Reset the language that a page of an earlier test has activated."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def patient_throttle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test depend on how long the requests of another part of it took."""
    monkeypatch.setattr(gate, "RESERVE", 3600.0)
    monkeypatch.setattr(lockouts, "MAX_AGE", 0.0)
    for each in middleware.GATES.values():
        monkeypatch.setattr(each, "left", gate.RESERVE)
    monkeypatch.setattr(middleware, "LOCKOUTS", lockouts.Lockouts())


@pytest.fixture(autouse=True)
def quick_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash administrators' passwords at the least cost: most tests have one, and many sign in."""
    for name, value in {"time_cost": 1, "memory_cost": 8, "parallelism": 1}.items():
        monkeypatch.setattr(Argon2PasswordHasher, name, value)


@pytest.fixture(scope="session")
def _name_server() -> Iterator[NameServer]:
    with name_server() as server:
        yield server


@pytest.fixture(autouse=True)
def dns(_name_server: NameServer, settings: Settings) -> NameServer:
    """The name server that the panel asks; it knows no name until a test tells it some."""
    settings.DNS_SERVERS = [_name_server.address]
    _name_server.records = {}
    return _name_server


@pytest.fixture
def tables(request: pytest.FixtureRequest) -> None:
    """Both databases, empty."""
    request.applymarker(BOTH_DATABASES)
    request.getfixturevalue("_django_db_helper")
    if (
        settings.MAIL_ON_MYSQL
    ):  # otherwise the first test that counts its queries would find one more
        lookup_tables.existing(connections["mail"])


@pytest.fixture
def steady_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands still, so that no code of an app expires in the middle of a test."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


@pytest.fixture
def mail_file(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings for a mail database in a file, with a path that can be exported."""
    whole = {"ENGINE": "django.db.backends.sqlite3", "NAME": "/srv/mailadmin/var/mail.sqlite3"}
    monkeypatch.setitem(settings.DATABASES, "mail", settings.DATABASES["mail"] | whole)


def are_logged(request: pytest.FixtureRequest) -> bool:
    """Say whether actions create the objects of fixtures, which takes up to 50 times as long."""
    return request.node.get_closest_marker("logged_fixtures") is not None


@pytest.fixture
def domain(request: pytest.FixtureRequest, tables: None) -> Domain:
    if are_logged(request):
        return actions.create_domain(TESTER, DomainName.parse("example.org"))
    return Domain.objects.create(domain="example.org")


def insert_mailbox(address: str, password: str, name: str = "") -> Mailbox:
    """Insert the rows that `actions.create_mailbox` does, without its checks and its log entry."""
    local_part, _, domain = address.partition("@")
    mailbox = Mailbox(username=address, local_part=local_part, domain_id=domain, name=name)
    mailbox.maildir = f"{domain}/{local_part}/"
    mailbox.password = schemes.make_password(password, mail_host().scheme.handler)
    mailbox.save(force_insert=True)
    Alias.objects.create(address=address, goto=address, domain_id=domain)
    return mailbox


@pytest.fixture
def anna(request: pytest.FixtureRequest, domain: Domain) -> Mailbox:
    if are_logged(request):
        address = Address.parse("anna@example.org")
        return actions.create_mailbox(TESTER, address, PASSWORD, name="Anna Berg")
    return insert_mailbox("anna@example.org", PASSWORD, "Anna Berg")


@pytest.fixture
def bob(request: pytest.FixtureRequest, domain: Domain) -> Mailbox:
    password = PASSWORD + " of Bob"
    if are_logged(request):
        return actions.create_mailbox(TESTER, Address.parse("bob@example.org"), password)
    return insert_mailbox("bob@example.org", password)


@pytest.fixture
def many(domain: Domain) -> list[str]:
    """The addresses of 120 mailboxes, in their order."""
    names = [f"box{number:03}@example.org" for number in range(120)]
    Mailbox.objects.bulk_create(
        Mailbox(username=name, domain=domain, local_part=name[:6], maildir=name, password="x")
        for name in names
    )
    return names


@pytest.fixture
def rita(tables: None) -> Client:
    """A superuser, signed in."""
    client = Client()
    client.force_login(User.objects.create_superuser("rita"))
    return client


def add_mailbox(address: str, stored: str, **more: Any) -> None:
    domain = Domain.objects.get_or_create(domain=address.partition("@")[2])[0]
    local_part = address.partition("@")[0]
    Mailbox.objects.create(
        username=address, password=stored, domain=domain, local_part=local_part, **more
    )


STORED = {
    "cram": f"{{CRAM-MD5}}{CRAM}",
    "empty": "",
    "md5": MD5,
    "nope": "{NOPE}geheim",
    "sha": f"{{SHA512-CRYPT}}{SHA512_CRYPT}",
    "six": SHA512_CRYPT,
}


@pytest.fixture
def sample_mailboxes(tables: None) -> None:
    for local_part, stored in STORED.items():
        add_mailbox(f"{local_part}@example.org", stored)


@pytest.fixture
def on_mysql(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings for MariaDB, which both variants support; the tables stay where they are."""
    connections["mail"]  # created now: Django reads the settings at its first use
    settings.MAIL_LOOKUP_PASSWORD = "secret of look-ups"
    settings.MAIL_AUTH_PASSWORD = "secret of sign-ins"
    whole = {"ENGINE": "django.db.backends.mysql", "NAME": "mail", "HOST": "", "PORT": ""}
    monkeypatch.setitem(settings.DATABASES, "mail", settings.DATABASES["mail"] | whole)


def compare(old: str, new: str) -> Comparison:
    return Comparison(parse_host(old), parse_host(new))


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Let somebody else act between the page's checks and the action's transaction."""
    done: list[str] = []

    def wrapper(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("SAVEPOINT") and not done:
            done.append(sql)
            act()
        return execute(sql, *args)

    with connections["default"].execute_wrapper(wrapper):
        yield
    assert done


def logged(action: str = "") -> list[tuple[str, str, str]]:
    """Return who, what and which object of each entry in the log, except those of fixtures."""
    found = Entry.objects.filter(phase__in=[Phase.BEGUN, Phase.CHANGE, Phase.EVENT]).exclude(
        actor=TESTER.name
    )
    found = found.filter(action__startswith=action).order_by("seq")
    if "sign-in" not in action:
        found = found.exclude(action__endswith="sign-in")
    return [
        (entry.actor, entry.action, subject.name)
        for entry in found
        for subject in entry.subjects.order_by("pk")
    ]


def forget_lookups() -> None:
    """Let the rest of a test find the mail tables without what the panel keeps beside them, as in
    an adopted database.

    MariaDB would commit the test's rows with the end of a trigger, so there the session only
    knows of none.
    """
    connection = connections["mail"]
    if connection.vendor == "mysql":
        lookup_tables.KNOWN[connection.connection] = set()
    else:
        lookup_tables.drop(connection)


@pytest.fixture(autouse=True)
def known_lookups() -> Iterator[None]:
    yield
    lookup_tables.forget(connections["mail"])


@pytest.fixture
def unindexed(tables: None) -> None:
    forget_lookups()
