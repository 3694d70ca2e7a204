"""Renamed on a real host: the mail, the old address, and signing in."""

from collections.abc import Iterator

import pytest

from tests.mailhost import BOB, DOMAIN, MailHost, Person, hosts

pytestmark = [
    pytest.mark.stack,
    pytest.mark.parametrize(
        "host", hosts(release="debian13", variant="v2", database="mariadb"), indirect=True
    ),
]
SECRET = "four words that Clara knows"


@pytest.fixture
def cleared(mail: MailHost) -> Iterator[MailHost]:
    """The host, without the mailbox afterwards: another location would hide its mail."""
    yield mail
    for table, column in (("alias", "address"), ("mailbox", "username")):
        mail.sql(f"DELETE FROM {table} WHERE {column} LIKE 'cla%' OR domain LIKE '%.test.example'")
    mail.sql("DELETE FROM alias_domain")
    mail.sql("DELETE FROM domain WHERE domain LIKE '%.test.example'")


def test_a_renamed_mailbox_keeps_its_mail_and_gets_that_to_its_old_address(
    cleared: MailHost,
) -> None:
    mail = cleared
    old = mail.create(Person(f"clara@{DOMAIN}", SECRET))
    new = Person(f"claire@{DOMAIN}", SECRET)
    first = mail.send(BOB, old.address)
    mail.await_mail(old, first)
    mail.manage("renamemailbox", old.address, new.address, "--yes")
    assert mail.signs_in(new) and not mail.signs_in(old)
    assert first in mail.inbox(new)
    for address in (old.address, new.address, f"clara+x@{DOMAIN}"):
        mail.await_mail(new, mail.send(BOB, address))
    mail.await_mail(new, mail.send(new, old.address))
    usage = "SELECT username, messages FROM quota2 WHERE username LIKE 'cla%'"
    assert mail.mariadb.query(usage, "mail").split() == [new.address, "5"]


def test_a_renamed_domain_keeps_its_mail_and_gets_that_to_its_old_name(cleared: MailHost) -> None:
    mail = cleared
    mail.manage("createdomain", "old.test.example")
    old = mail.create(Person("gert@old.test.example", SECRET))
    new = Person("gert@new.test.example", SECRET)
    first = mail.send(BOB, old.address)
    mail.await_mail(old, first)
    mail.manage("renamedomain", "old.test.example", "new.test.example", "--yes")
    assert mail.signs_in(new) and not mail.signs_in(old)
    for address in (old.address, new.address):
        mail.await_mail(new, mail.send(BOB, address))
    assert first in mail.inbox(new)
