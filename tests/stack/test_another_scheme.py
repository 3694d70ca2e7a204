"""From MD5 on V1 to SHA512-CRYPT on V2, without a new password for anybody."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from csv import DictReader
from uuid import uuid4

import pytest

from tests import mail_clients
from tests.hashes import CHEAP, COSTLY, UNREADABLE
from tests.mailhost import MailHost, Person, hosts

pytestmark = pytest.mark.stack
SHA512 = {"MAIL_PASSWORD_SCHEME": "SHA512-CRYPT"}
WEAK = {"MAIL_ALLOW_WEAK_SCHEMES": "true"}
PEOPLE = [
    Person(f"{name}@people.test", f"four words of {name}, größer") for name in ("ada", "ben", "cyd")
]
FORMS = {
    f"form{number:03}@forms.test": stored
    for number, stored in enumerate([*CHEAP, *COSTLY, *UNREADABLE])
    if not stored.startswith("{DIGEST-MD5}")  # which contains the address
}
"""Stored hashes of the password `foo` in every known form, and rows that no daemon reads."""


@pytest.fixture
def people(host: MailHost) -> Iterator[list[Person]]:
    """Three people with MD5 on V1, and a mailbox for each form."""
    host.configure()
    for domain in ("people.test", "forms.test"):
        host.manage("createdomain", domain)
    values = ", ".join(
        f"('{address}', '{stored}', 'forms.test/{address[:7]}/', '', 'forms.test', 0, '', 1)"
        for address, stored in FORMS.items()
    )
    columns = "username, password, maildir, local_part, domain, quota, name, active"

    host.sql(f"INSERT INTO mailbox ({columns}) VALUES {values}")
    yield [host.create(person) for person in PEOPLE]
    for table in ("mailbox", "alias", "domain"):
        host.sql(f"DELETE FROM {table} WHERE domain IN ('people.test', 'forms.test')")


def listed(host: MailHost) -> list[dict[str, str]]:
    """Return the rows of the list of those to ask."""
    path, key = f"/tmp/{uuid4()}.csv", f"{host.variant}/{host.release.name}/{host.scheme.name}"
    host.manage("exportconfig", "--compare", key, "--list", path)
    text = host.machine.run(["cat", path]).stdout.removeprefix("\ufeff")
    return list(DictReader(text.splitlines()))


def refused_forms(host: MailHost) -> set[str]:
    """Return the mailboxes of FORMS whose owners the host really refuses."""

    def is_refused(address: str) -> bool:
        if host.variant == "v2":
            return not mail_clients.imap_login(host.machine, "PLAIN", address, "foo")
        return mail_clients.smtp_login(host.machine, "PLAIN", address, "foo") != 235

    with ThreadPoolExecutor(6) as pool:
        return {
            address
            for address, refused in zip(FORMS, pool.map(is_refused, FORMS), strict=True)
            if refused
        }


def assert_as_listed(host: MailHost, people: list[Person], left: int) -> None:
    """Sign in everybody: nobody is refused except those whom the list names."""
    for person in people:
        assert host.signs_in(person)
    assert not host.signs_in(Person(people[0].address, people[1].password))
    rows = listed(host)
    assert [row["domain"] for row in rows].count("people.test") == left
    refused = {row["address"] for row in rows if row["can_sign_in"] == "False"}
    assert sorted(refused_forms(host) ^ (refused & FORMS.keys())) == []


def sign_in_once(host: MailHost, person: Person) -> None:
    assert host.signs_in(person)
    assert host.change_password(person, "") == "/password/kept/"
    assert host.signs_in(person)
    assert not host.signs_in(Person(person.address, person.password.upper()))


@pytest.mark.parametrize("host", hosts(release="debian13", variant="v1"), indirect=True)
def test_md5_becomes_sha512_crypt_and_v1_becomes_v2_without_new_passwords(
    host: MailHost, people: list[Person]
) -> None:
    assert_as_listed(host, people, left=0)
    host.configure(**SHA512, **WEAK)
    assert_as_listed(host, people, left=3)
    sign_in_once(host, people[0])
    host.configure(MAIL_VARIANT="v2", **SHA512, **WEAK)
    assert_as_listed(host, people, left=2)
    for person in people[1:]:
        sign_in_once(host, person)
    host.configure(MAIL_VARIANT="v2", **SHA512)
    assert_as_listed(host, people, left=0)
