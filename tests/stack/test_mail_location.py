"""Mail of an existing host: it is found, and more is delivered there, in each layout."""

from collections.abc import Iterator
from itertools import product

import pytest
from pytest import ParameterSet

from tests import mail_clients
from tests.machine import wait_until
from tests.mailhost import ANNA, DOMAIN, MailHost, Person, hosts

pytestmark = pytest.mark.stack

# The host's MAIL_LOCATION, and for each mailbox the column and where its Maildir is.
LAYOUTS = {
    "maildir:~/Maildir": {
        "relative": ("old/relative/", "/var/vmail/old/relative/Maildir"),
        "absolute": ("/var/vmail/old/absolute/", "/var/vmail/old/absolute/Maildir"),
        "elsewhere": ("/srv/mail/elsewhere/", "/srv/mail/elsewhere/Maildir"),
    },
    "maildir:/var/vmail/%d/%n": {"Mixed": ("nowhere/", f"/var/vmail/{DOMAIN}/mixed")},
    "maildir:/var/vmail/%u:LAYOUT=fs": {"nested": ("nowhere", f"/var/vmail/nested@{DOMAIN}")},
}
ADD = """
REPLACE INTO mailbox
  (username, password, name, maildir, quota, local_part, domain, created, modified, active)
SELECT '{address}', password, 'moved in', '{maildir}', 0, '{name}', domain, created, modified, 1
FROM mailbox WHERE username = '{anna}'
"""
FILL = """
set -e
for number in 1 2 3; do
    install -D -m 0600 /dev/stdin "$1/cur/$number.old:2,S" <<END
Subject: old $number

Hello.
END
done
mkdir -p "$1/new" "$1/tmp" "$2/cur" "$2/new" "$2/tmp"
cp "$1/cur/1.old:2,S" "$2/cur"
chown -R 5000:5000 /var/vmail /srv/mail
"""
TAKE_AWAY = "mkdir -p /var/vmail /srv/mail; mv /var/vmail /var/vmail.away; mkdir /var/vmail"
BRING_BACK = "rm -r /var/vmail /srv/mail; mv /var/vmail.away /var/vmail"
MOVED_IN = "IN (SELECT username FROM mailbox WHERE name = 'moved in')"


@pytest.fixture
def moved_in(host: MailHost) -> Iterator[MailHost]:
    """The host without any mail; afterwards, it has its own again."""
    host.machine.run(["sh", "-c", TAKE_AWAY])
    yield host
    host.sql(f"DELETE FROM alias WHERE address {MOVED_IN}")
    host.sql("DELETE FROM mailbox WHERE name = 'moved in'")
    host.machine.run(["sh", "-c", BRING_BACK])


def move_in(host: MailHost, name: str, maildir: str, place: str, folder: str) -> Person:
    """Put a mailbox with three messages where an old host would have them."""
    person = Person(f"{name}@{DOMAIN}", ANNA.password)
    host.sql(ADD.format(address=person.address, name=name, maildir=maildir, anna=ANNA.address))
    host.alias(person.address, person.address)
    host.machine.run(["sh", "-c", FILL, "sh", place, f"{place}/{folder}"])
    return person


def messages(host: MailHost, person: Person, place: str, folder: str = "INBOX") -> int:
    """Count the messages: on V1 in the Maildir, on V2 over IMAP."""
    if host.variant == "v1":
        return len([*(host.machine / place).glob("cur/*"), *(host.machine / place).glob("new/*")])
    session = mail_clients.imap(host.machine)
    assert mail_clients.imap_auth(session, "PLAIN", person.address, person.password)
    _, (count, *_) = session.select(folder, readonly=True)
    session.logout()
    return int(count or 0)


def receives_more(host: MailHost, person: Person, place: str) -> None:
    assert messages(host, person, place) == 3
    with mail_clients.connect(host.machine) as smtp:
        smtp.sendmail("someone@elsewhere.example", [person.address], "Subject: new\n\nHello.\n")
    wait_until(lambda: messages(host, person, place) == 4, f"the fourth message in {place}")


def layouts() -> list[ParameterSet]:
    """Return each layout on both releases of V2, and one on each release of V1."""
    on_v1 = zip(hosts(variant="v1"), LAYOUTS, strict=False)
    on_v2 = product(hosts(variant="v2", database="mariadb"), LAYOUTS)
    return [
        pytest.param(*host.values, location, marks=host.marks)
        for host, location in (*on_v1, *on_v2)
    ]


@pytest.mark.parametrize(("host", "location"), layouts(), indirect=["host"])
def test_no_message_is_out_of_sight(moved_in: MailHost, location: str) -> None:
    host = moved_in
    folder = "Sent" if "LAYOUT" in location else ".Sent"
    people = {
        place: move_in(host, name, maildir, place, folder)
        for name, (maildir, place) in LAYOUTS[location].items()
        if host.env["MAIL_VARIANT"] == "v2" or place.startswith("/var/vmail/")
    }
    host.configure(MAIL_LOCATION=location)
    for place, person in people.items():
        receives_more(host, person, place)
        if host.variant == "v2":
            assert messages(host, person, place, "Sent") == 1
    if location.endswith("%n") and host.release.name == "debian13":
        renames(host, people.popitem()[1])


def renames(host: MailHost, person: Person) -> None:
    """Rename a mailbox whose folder is named after it, as its command says."""
    new, place = Person(f"renamed@{DOMAIN}", person.password), f"/var/vmail/{DOMAIN}/renamed"
    rename = ("renamemailbox", person.address, new.address)
    before = host.manage(*rename, "--dry-run").stdout.splitlines()[-2]
    host.machine.run(["sh", "-c", before])
    done = host.manage(*rename, "--yes", "--folder-is-linked").stdout
    if host.variant == "v2":  # a link to a folder of the machine leads nowhere outside of it
        assert messages(host, new, place) == 4
    host.machine.run(["sh", "-c", done.partition("as root:\n")[2]])
    with mail_clients.connect(host.machine) as smtp:
        smtp.sendmail("someone@elsewhere.example", [person.address], "Subject: new\n\nHello.\n")
    wait_until(lambda: messages(host, new, place) == 5, f"the fifth message in {place}")
    assert not (host.machine / f"var/vmail/{DOMAIN}/mixed").exists()


@pytest.mark.parametrize(
    "host",
    [*hosts(release="debian12", variant="v1"), *hosts(release="debian13", database="sqlite")],
    indirect=True,
)
def test_apply_looks_where_the_panel_cannot(moved_in: MailHost) -> None:
    moved_in.configure()
    place = f"/var/vmail/{DOMAIN}/hidden/Maildir"
    move_in(moved_in, "hidden", "x/", place, ".Sent")
    moved_in.machine.run(["chmod", "0750", "/var/vmail"])
    moved_in.export()
    done = moved_in.apply(check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"apply: The mail of hidden@{DOMAIN} is in {place}/cur, but the mail host would look for "
        "it in /var/vmail/x/cur. "
    )
    assert done.stderr.endswith("MAIL_LOCATION=maildir:/var/vmail/%d/%n/Maildir.\n")
