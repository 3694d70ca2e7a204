"""The panel and PostfixAdmin itself use the same tables side by side."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests import debian_roots
from tests.machine import Machine
from tests.mailhost import HOSTS, MailHost, Person, hosts
from tests.old_panel import PostfixAdmin
from tests.routes import paths, place
from tests.servers import MariaDB
from tests.visitor import Visitor

pytestmark = pytest.mark.stack

DATABASES = """
CREATE DATABASE panel CHARACTER SET utf8mb4; CREATE DATABASE mail;
CREATE USER panel@localhost IDENTIFIED BY 'panel'; GRANT ALL ON panel.* TO panel@localhost;
GRANT SELECT ON mail.* TO panel@localhost;
"""
MAY_WRITE = "GRANT INSERT, UPDATE, DELETE ON mail.* TO panel@localhost"
# What each release's PostfixAdmin is set to.
SETTINGS = {
    "debian12": {"encrypt": "php_crypt", "domain_path": "YES", "domain_in_mailbox": "NO"},
    "debian13": {"encrypt": "dovecot:SHA512-CRYPT", "domain_path": "NO"},
}
ENCRYPT = (
    *("md5crypt", "md5", "system", "mysql_encrypt", "authlib"),
    *("dovecot:CRAM-MD5", "dovecot:BLF-CRYPT", "php_crypt:BLOWFISH"),
    *("php_crypt:SHA512:10000", "php_crypt:SHA512::{SHA512-CRYPT}"),
)
PASSWORD, NEW = "Geheim-X-11", "four unrelated words"


@dataclass
class Shared:
    """A mail host whose mail database PostfixAdmin has created, and the panel has adopted."""

    host: MailHost
    postfixadmin: PostfixAdmin

    def dump(self) -> str:
        return self.host.machine.run(["mariadb-dump", "--skip-dump-date", "mail"]).stdout

    def rows(self, table: str, where: str) -> str:
        return self.host.mariadb.query(f"SELECT * FROM {table} WHERE {where}", "mail")


@pytest.fixture(scope="module", params=hosts(variant="v2", database="mariadb"))
def host(request: pytest.FixtureRequest) -> Iterator[MailHost]:
    with Machine(debian_roots.get_root(HOSTS[request.param][0], request.config)) as machine:
        yield MailHost(machine, request.param)


@pytest.fixture(scope="module")
def shared(host: MailHost) -> Shared:
    host.mariadb = MariaDB(host.machine)
    host.mariadb.query(DATABASES)
    settings = SETTINGS[host.release.name]
    shared = Shared(host, PostfixAdmin(host.machine, host.mariadb, **settings))
    fill(shared.postfixadmin)
    host.env["MAIL_PASSWORD_SCHEME"] = "SHA512-CRYPT"
    host.manage("migrate")
    host.manage("adopt", "--confirm")
    host.mariadb.query(MAY_WRITE)
    host.configure()
    return shared


def fill(postfixadmin: PostfixAdmin) -> None:
    postfixadmin.create_tables()
    for domain in ("example.org", "example.edu"):
        postfixadmin.cli("domain", "add", domain, mailboxes="0", aliases="0", description="Ö")
    postfixadmin.add_mailbox("anna@example.org", PASSWORD, quota="10", name="Änna")
    postfixadmin.cli("alias", "add", "info@example.org", goto="anna@example.org,x@example.net")
    postfixadmin.cli("aliasdomain", "add", "example.edu", **{"target-domain": "example.org"})
    postfixadmin.serve()


def test_report_adoption_and_undo_change_nothing(shared: Shared) -> None:
    before, host = shared.dump(), shared.host
    report = json.loads(host.manage("adopt", "--json").stdout)
    assert (report["product"], report["version"]) == ("PostfixAdmin", "3.3")
    for option in ("--undo", "--confirm"):
        host.manage("adopt", option)
        assert shared.dump() == before


def test_every_page_works_on_its_tables(shared: Shared) -> None:
    host = shared.host
    host.serve()
    before = shared.dump()
    visitor = Visitor(host.machine, host.env)
    found = {path: visitor.ask(place(path, user="1"))[0] for path in paths()}
    assert {path: status for path, status in found.items() if status >= 500} == {}
    rows = {status for path, status in found.items() if "mailboxes/" in path and "KEY" in path}
    assert rows == {200, 302} and shared.dump() == before


def test_every_owner_signs_in_as_the_report_says(shared: Shared) -> None:
    host, postfixadmin = shared.host, shared.postfixadmin
    people = []
    for number, encrypt in enumerate(ENCRYPT):
        postfixadmin.configure(encrypt=encrypt)
        people.append(Person(f"u{number}@example.org", PASSWORD))
        postfixadmin.add_mailbox(people[-1].address, PASSWORD)
    postfixadmin.configure(**SETTINGS[host.release.name])
    report = json.loads(host.manage("adopt", "--json").stdout)
    lines = report["sections"]["passwords"]
    cannot = [line["examples"] for line in lines if line["code"] == "cannot_sign_in"]
    assert refused(host, people) == {address for examples in cannot for address in examples}
    renewed = [Person(person.address, NEW) for person in people]
    for person in people:
        assert host.change_password(person, NEW) == "/password/changed/", ENCRYPT
    assert refused(host, renewed) == set()
    assert all(postfixadmin.signs_in(person.address, NEW) for person in renewed)


def refused(host: MailHost, people: list[Person]) -> set[str]:
    """Return the addresses of those who can't sign in to the mail host."""
    with ThreadPoolExecutor(len(people)) as pool:
        signed_in = list(pool.map(host.signs_in, people))
    return {person.address for person, fits in zip(people, signed_in, strict=True) if not fits}
