"""A renamed mailbox on a real host: its mail, its old address, and signing in."""

from collections.abc import Iterator

import pytest

from tests.mailhost import BOB, DOMAIN, MailHost, Person, hosts

pytestmark = pytest.mark.stack
SECRET = "four words that Clara knows"


@pytest.fixture
def cleared(mail: MailHost) -> Iterator[MailHost]:
    """The host, without the mailbox afterwards: another location would hide its mail."""
    yield mail
    for table, column in (("alias", "address"), ("mailbox", "username")):
        mail.sql(f"DELETE FROM {table} WHERE {column} LIKE 'cla%'")


@pytest.mark.parametrize(
    "host", hosts(release="debian13", variant="v2", database="mariadb"), indirect=True
)
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
