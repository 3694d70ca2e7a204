"""The panel and PostfixAdmin itself use the same tables side by side."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass

import pytest

from mailboxes.inspection import old_panel
from mailboxes.inspection.rows import password_form
from mailboxes.passwords.schemes import make_password
from mailboxes.variants import V2
from tests import debian_roots
from tests.machine import Machine
from tests.mailhost import HOSTS, MailHost, Person, hosts
from tests.old_panel import PostfixAdmin, read_form
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
FOLDERS = {"debian12": "new.example/bob/", "debian13": "bob@new.example/"}
ENCRYPT = (
    *("md5crypt", "md5", "system", "mysql_encrypt", "authlib", "sha512.b64"),
    *("dovecot:CRAM-MD5", "dovecot:BLF-CRYPT", "php_crypt:BLOWFISH"),
    *("php_crypt:SHA512:10000", "php_crypt:SHA512::{SHA512-CRYPT}"),
)
ON_ONE_RELEASE = pytest.mark.parametrize(
    "host", hosts(release="debian12", variant="v2", database="mariadb"), indirect=True
)
"""For what is the same in both releases' PostfixAdmin."""

PASSWORD, NEW = "Geheim-X-11", "four unrelated words"


@dataclass
class Shared:
    """A mail host whose mail database PostfixAdmin has created, and the panel has adopted."""

    host: MailHost
    settings: dict[str, str]
    postfixadmin: PostfixAdmin

    def dump(self, *options: str) -> str:
        return self.host.machine.run(["mariadb-dump", "--skip-dump-date", "mail", *options]).stdout

    def value(self, column: str, address: str) -> str:
        """Return one column of a mailbox; empty if there is none."""
        statement = f"SELECT {column} FROM mailbox WHERE username = '{address}'"
        return self.host.mariadb.query(statement, "mail").rstrip("\n")

    def store(self, password: str, address: str) -> None:
        change = f"UPDATE mailbox SET password = '{password}' WHERE username = '{address}'"
        self.host.mariadb.query(change, "mail")


@pytest.fixture(scope="module", params=hosts(variant="v2", database="mariadb"))
def host(request: pytest.FixtureRequest) -> Iterator[MailHost]:
    with Machine(debian_roots.get_root(HOSTS[request.param][0], request.config)) as machine:
        yield MailHost(machine, request.param)


@pytest.fixture(scope="module")
def shared(host: MailHost) -> Shared:
    host.mariadb = MariaDB(host.machine)
    host.mariadb.query(DATABASES)
    settings = SETTINGS[host.release.name]
    postfixadmin = PostfixAdmin(host.machine, host.mariadb, **settings)
    shared = Shared(host, settings, postfixadmin)
    fill(postfixadmin)
    host.env["MAIL_PASSWORD_SCHEME"] = "SHA512-CRYPT"
    host.manage("migrate")
    host.manage("adopt", "--confirm")
    host.mariadb.query(MAY_WRITE)
    host.configure()
    return shared


@pytest.fixture(scope="module")
def visitor(shared: Shared) -> Visitor:
    shared.host.serve()
    return Visitor(shared.host.machine, shared.host.env)


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


def test_every_page_works_on_its_tables(shared: Shared, visitor: Visitor) -> None:
    before = shared.dump()
    found = {path: visitor.ask(place(path, user="1"))[0] for path in paths()}
    assert {path: status for path, status in found.items() if status >= 500} == {}
    rows = {status for path, status in found.items() if "mailboxes/" in path and "KEY" in path}
    assert rows == {200, 302} and shared.dump() == before


def test_every_owner_signs_in_as_the_report_says(shared: Shared) -> None:
    host, postfixadmin = shared.host, shared.postfixadmin
    people = []
    for number, encrypt in enumerate(ENCRYPT):
        postfixadmin.configure(**shared.settings | {"encrypt": encrypt})
        people.append(Person(f"u{number}@example.org", PASSWORD))
        postfixadmin.add_mailbox(people[-1].address, PASSWORD)
    postfixadmin.configure(**shared.settings)
    report = json.loads(host.manage("adopt", "--json").stdout)
    lines = report["sections"]["passwords"]
    cannot = [line["examples"] for line in lines if line["code"] == "cannot_sign_in"]
    assert refused(host, people) == {address for examples in cannot for address in examples}
    renewed = [Person(person.address, NEW) for person in people]
    for person in people:
        assert host.change_password(person, NEW) == "/password/changed/", ENCRYPT
    assert refused(host, renewed) == set()
    assert all(postfixadmin.signs_in(person.address, NEW) for person in renewed)


@ON_ONE_RELEASE
def test_the_report_names_settings_with_which_postfixadmin_reads_passwords(shared: Shared) -> None:
    postfixadmin = shared.postfixadmin
    for number, (handler, form) in enumerate(old_panel.FORMS.items()):
        address = f"form{number}@example.org"
        postfixadmin.add_mailbox(address, PASSWORD)
        shared.store(make_password(NEW, handler), address)
        settings = str(old_panel.READ_BY_3[form]).replace("…", "CRAM-MD5").split(", ")
        for encrypt in {*settings, "php_crypt", "md5", "dovecot:CRAM-MD5", "md5crypt"}:
            postfixadmin.configure(**shared.settings | {"encrypt": encrypt})
            assert postfixadmin.signs_in(address, NEW) == (encrypt in settings)
        shared.store(make_password(NEW, "dovecot_sha512_crypt"), address)  # for other tests
    postfixadmin.configure(**shared.settings)


@ON_ONE_RELEASE
def test_one_setting_reads_existing_and_new_passwords(shared: Shared) -> None:
    postfixadmin, scheme = shared.postfixadmin, V2.schemes["SHA512-CRYPT"]
    for number, encrypt in enumerate((*ENCRYPT, "dovecot:SSHA")):
        address = f"both{number}@example.org"
        postfixadmin.configure(**shared.settings | {"encrypt": encrypt})
        postfixadmin.add_mailbox(address, PASSWORD)
        form = password_form(shared.value("password", address))
        setting = old_panel.common_setting("PostfixAdmin 3.3", {form: 1}, scheme)
        postfixadmin.configure(**shared.settings | {"encrypt": setting})
        assert postfixadmin.signs_in(address, PASSWORD) == (encrypt != "authlib")
        shared.store(make_password(NEW, scheme.handler), address)
        assert postfixadmin.signs_in(address, NEW)
    postfixadmin.configure(**shared.settings)


def refused(host: MailHost, people: list[Person]) -> set[str]:
    """Return the addresses of those who can't sign in to the mail host."""
    with ThreadPoolExecutor(len(people)) as pool:
        signed_in = list(pool.map(host.signs_in, people))
    return {person.address for person, fits in zip(people, signed_in, strict=True) if not fits}


BOB = Person("bob@new.example", NEW)
PAGES = "/admin/mailboxes"
LIMITS = {
    "mailboxes": "0",
    "aliases": "0",
    "maxquota_0": "0",
    "quota_0": "0",
    "active": "on",
    "delivery": "local",
}
# What an unchanged Save must keep; PostfixAdmin renews the date of the change.
KEPT = {
    "domain": "domain, description, aliases, mailboxes, maxquota, quota, transport, active",
    "mailbox": "username, password, name, maildir, quota, created, active, password_expiry",
    "alias": "address, goto, domain, created, active",
    "alias_domain": "alias_domain, target_domain, created, active",
}


def kept(shared: Shared) -> list[str]:
    statements = (f"SELECT {columns} FROM {table}" for table, columns in KEPT.items())
    return [shared.host.mariadb.query(statement, "mail") for statement in statements]


def fill_in(visitor: Visitor, page: str, **values: str) -> None:
    """Save a form of the panel, unchanged but for these values."""
    status, text = visitor.ask(f"{PAGES}/{page}/")
    assert status == 200, page
    status, text = visitor.ask(f"{PAGES}/{page}/", read_form(text) | values)
    assert status == 302, text


def test_postfixadmin_goes_on_with_what_the_panel_has_written(
    shared: Shared, visitor: Visitor
) -> None:
    host, postfixadmin = shared.host, shared.postfixadmin
    for domain in ("new.example", "old.example"):
        fill_in(visitor, "domain/add", domain=domain, **LIMITS)
    host.create(BOB, "--quota", "10M", "--name", "Böb")
    fill_in(visitor, "alias/add", address_0="all@new.example", goto=BOB.address)
    names = {"alias_domain": "old.example", "target_domain": "new.example"}
    fill_in(visitor, "aliasdomain/add", **names)
    listed = postfixadmin.open("list-virtual.php?domain=new.example")[1]
    assert all(name in listed for name in (BOB.address, "all@new.example", "old.example"))
    shown = postfixadmin.cli("mailbox", "view", BOB.address)
    assert "Name: Böb\n" in shown and "Quota: 10\n" in shown and "Active: YES\n" in shown
    assert shared.value("maildir", BOB.address) == FOLDERS[host.release.name]
    before = kept(shared)
    for table, key in (
        *(("mailbox", BOB.address), ("alias", "all@new.example")),
        *(("domain", "new.example"), ("aliasdomain", "old.example")),
    ):
        postfixadmin.save(table, key)
    assert kept(shared) == before
    postfixadmin.save("mailbox", BOB.address, quota="20", name="Bert")
    fill_in(visitor, "mailbox/bob_40new.example/change", quota_0="30")
    assert shared.value("CONCAT(name, quota, active)", BOB.address) == "Bert307200001"
    assert postfixadmin.signs_in(*astuple(BOB)) and host.signs_in(BOB)
    fill_in(visitor, "mailbox/bob_40new.example/change", active="")
    assert "Active: NO\n" in postfixadmin.cli("mailbox", "view", BOB.address)
    assert not postfixadmin.signs_in(*astuple(BOB)) and not host.signs_in(BOB)
    delete = {"post": "yes", "confirm": "old.example"}
    assert visitor.ask(f"{PAGES}/mailbox/bob_40new.example/delete/", delete)[0] == 302
    for domain in ("old.example", "new.example"):
        delete["confirm"] = domain
        assert visitor.ask(f"{PAGES}/domain/{domain}/delete/", delete)[0] == 302
    listed = postfixadmin.open("list.php?table=domain")[1]
    assert "example.org" in listed and "new.example" not in listed


def test_the_panel_goes_on_with_what_postfixadmin_has_written(
    shared: Shared, visitor: Visitor
) -> None:
    host, postfixadmin = shared.host, shared.postfixadmin
    carl, page = Person("carl@example.org", PASSWORD), "mailbox/carl_40example.org"
    postfixadmin.add_mailbox(carl.address, carl.password, quota="7", name="Cärl")
    postfixadmin.set_vacation(carl.address, "Gone fishing")
    before = shared.dump()
    assert "Gone fishing" in before
    for unchanged in (page, "alias/info_40example.org", "domain/example.org"):
        fill_in(visitor, f"{unchanged}/change")
    assert shared.dump() == before
    fields = read_form(visitor.ask(f"{PAGES}/{page}/change/")[1]) | {"name": "Karl"}
    postfixadmin.save("mailbox", carl.address, quota="8", name="Charles")
    status, text = visitor.ask(f"{PAGES}/{page}/change/", fields)
    assert status == 200 and "Charles" in text and shared.value("name", carl.address) == "Charles"
    fill_in(visitor, f"{page}/change", name="Karl")
    assert shared.value("CONCAT(name, quota)", carl.address) == "Karl8192000"
    assert visitor.ask(f"{PAGES}/{page}/delete/", {"post": "yes"})[0] == 302
    assert carl.address not in shared.dump("--ignore-table=mail.log")
    heir = Person(carl.address, "Another-password-22")
    postfixadmin.add_mailbox(heir.address, heir.password)
    assert postfixadmin.signs_in(*astuple(heir)) and not postfixadmin.signs_in(*astuple(carl))
    assert host.change_password(heir, NEW) == "/password/changed/"
    assert "Gone fishing" not in postfixadmin.open(f"vacation.php?username={carl.address}")[1]
    postfixadmin.delete("mailbox", carl.address)
    assert visitor.ask(f"{PAGES}/{page}/change/")[0] == 302
    host.create(Person(carl.address, NEW), "--quota", "10M")
    assert postfixadmin.signs_in(carl.address, NEW)
