"""Domains whose mail goes to another host, as a server elsewhere and that host see them."""

import json
import re
from collections.abc import Iterator

import pytest

from tests import mail_clients
from tests.machine import wait_until
from tests.mailhost import ANNA, BOB, MailHost, Person, hosts
from tests.stack.test_login import OUTSIDER, outside_code

pytestmark = pytest.mark.stack
ON_BOTH_DATABASES = pytest.mark.parametrize("host", hosts(variant="v2"), indirect=True)
OWN_ADDRESS = "192.0.2.25"
OTHER_HOST = "[127.0.0.1]:2525"
MAILS = "/srv/other-host"
SINK = f"echo $$ >/run/other-host.pid; exec smtp-sink -u postfix -d {MAILS}/%s. 127.0.0.1:2525 100"


@pytest.fixture
def relaying(mail: MailHost) -> Iterator[MailHost]:
    """A mail host, and another host that receives what it relays: Postfix's own test server."""
    machine = mail.machine
    machine.run(["install", "-d", "-o", "postfix", MAILS])
    machine.start("other-host", ["sh", "-c", SINK], lambda: machine.listens(2525))
    yield mail
    machine.stop("other-host", "/run/other-host.pid")
    machine.run(["rm", "-r", MAILS])


def relayed(mail: MailHost) -> set[str]:
    """Return the recipients for whom the other host has received mail."""
    texts = [path.read_text() for path in (mail.machine / MAILS).iterdir()]
    return set(re.findall(r"^X-Rcpt-Args: <(.*)>", "\n".join(texts), re.M))


def queued(mail: MailHost) -> set[str]:
    """Return the recipients of the mail in the queue."""
    messages = map(json.loads, mail.machine.run(["postqueue", "-j"]).stdout.splitlines())
    return {one["address"] for message in messages for one in message["recipients"]}


def send(mail: MailHost, *recipients: str) -> None:
    with mail_clients.connect(mail.machine) as smtp:
        assert smtp.sendmail(OUTSIDER, recipients, "Subject: from-outside\n\nHello.") == {}


def submission_code(mail: MailHost, recipient: str) -> int:
    """Return the reply code to Anna, signed in, with mail for this address."""
    with mail_clients.submission(mail.machine) as smtp:
        assert mail_clients.smtp_auth(smtp, "PLAIN", ANNA.address, ANNA.password) == 235
        smtp.mail(ANNA.address)
        return smtp.rcpt(recipient)[0]


def add_domain(mail: MailHost, name: str, transport: str, backupmx: str = "0") -> None:
    """Add a domain as PostfixAdmin does."""
    mail.insert("domain", domain=name, description="", transport=transport, backupmx=backupmx)


def add_alias(mail: MailHost, address: str, goto: str) -> None:
    mail.insert("alias", address=address, goto=goto, domain=address.partition("@")[2])


@ON_BOTH_DATABASES
def test_mail_for_relayed_domains_reaches_the_other_host(relaying: MailHost) -> None:
    mail = relaying
    before = queued(mail)  # bounces of other tests
    mail.manage("createdomain", "any.test", "--relay-to", OTHER_HOST)
    add_alias(mail, "info@any.test", "info@any.test")
    add_domain(mail, "unlisted.test", f"relay:{OTHER_HOST}")
    add_domain(mail, "listed.test", f"smtp:{OTHER_HOST}", backupmx="1")
    add_alias(mail, "anna@listed.test", "anna@listed.test")
    add_alias(mail, "info@listed.test", f"{ANNA.address},bob@any.test")
    for target in ("any.test", "unlisted.test", "listed.test"):
        add_domain(mail, f"to-{target}", "virtual")
        mail.insert("alias_domain", alias_domain=f"to-{target}", target_domain=target)
    for unknown in ("bob@listed.test", "bob@to-listed.test"):
        assert outside_code(mail, unknown) == 550, unknown
    assert outside_code(mail, "carl@elsewhere.any.test") in (454, 554)
    assert submission_code(mail, "carl@elsewhere.any.test") == 250
    direct = ("anyone+box@any.test", "anyone@unlisted.test", "anna+box@listed.test")
    renamed = ("carl@to-any.test", "carl@to-unlisted.test", "anna@to-listed.test")
    send(mail, *direct, *renamed, "info@listed.test", BOB.address)
    expected = {"anyone+box@any.test", "anyone@unlisted.test", "anna@listed.test", "bob@any.test"}
    expected |= {"carl@any.test", "carl@unlisted.test"}
    wait_until(lambda: relayed(mail) == expected, "mail at the other host")
    mail.await_mail(ANNA, "from-outside")
    mail.await_mail(BOB, "from-outside")
    assert queued(mail) <= before


@ON_BOTH_DATABASES
def test_the_hosts_own_address_is_no_host_to_relay_to(mail: MailHost) -> None:
    mail.machine.run(["ip", "address", "replace", f"{OWN_ADDRESS}/32", "dev", "lo"])
    names = mail.machine / "etc/hosts"
    before = names.read_text()
    names.write_text(f"{before}{OWN_ADDRESS} own.test\n192.0.2.26 else.test\n")
    for own in (OWN_ADDRESS, f"[{OWN_ADDRESS}]:587", "own.test"):
        done = mail.manage("createdomain", "loop.test", "--relay-to", own, check=False)
        assert done.returncode == 1 and "is this mail host itself" in done.stderr
    mail.manage("createdomain", "other.test", "--relay-to", "else.test")
    assert "relay_loops" not in doctor_codes(mail)
    add_domain(mail, "loop.test", f"relay:[{OWN_ADDRESS}]")
    assert "tables.relay_loops" in doctor_codes(mail)
    send(mail, "anyone@loop.test")
    bounced = "to=<anyone@loop.test>.* status=bounced .*loops back to myself"
    wait_until(lambda: re.search(bounced, journal(mail)), "a bounce")
    for name in ("loop.test", "other.test"):
        mail.sql(f"DELETE FROM domain WHERE domain = '{name}'")
    names.write_text(before)


def journal(mail: MailHost) -> str:
    return mail.machine.run(["journalctl", "--no-pager", "--since=-1min"]).stdout


def doctor_codes(mail: MailHost) -> set[str]:
    """Return what the doctor finds, as the panel's account."""
    hops = json.loads(mail.manage("doctor", "--json", check=False).stdout)["hops"]
    return {finding["code"] for hop in hops for finding in hop["findings"]}


@ON_BOTH_DATABASES
def test_a_mailbox_of_a_relayed_domain_receives_nothing_here(relaying: MailHost) -> None:
    mail = relaying
    mail.manage("createdomain", "moved.test")
    eve = mail.create(Person("eve@moved.test", "four moved unrelated words"))
    mail.sql(f"UPDATE domain SET transport = 'relay:{OTHER_HOST}' WHERE domain = 'moved.test'")
    send(mail, eve.address)
    wait_until(lambda: relayed(mail) == {eve.address}, "mail at the other host")
    assert not mail.inbox(eve)
    mail.sql(f"UPDATE mailbox SET active = 0 WHERE username = '{eve.address}'")
    mail.sql(f"UPDATE alias SET active = 0 WHERE address = '{eve.address}'")
    mail.machine.run(["postfix", "reload"])  # smtpd caches its last answer for 30 seconds
    assert outside_code(mail, eve.address) == 550


@ON_BOTH_DATABASES
def test_a_backup_mx_keeps_mail_for_the_other_hosts_of_the_domain(mail: MailHost) -> None:
    add_domain(mail, "backup.test", "virtual", backupmx="1")
    add_domain(mail, "by-transport.test", "relay")
    recipients = {"anyone@backup.test", "anyone@by-transport.test"}
    send(mail, *recipients)
    wait_until(lambda: recipients <= queued(mail), "mail in the queue")
    mail.machine.run(["postsuper", "-d", "ALL"])


@ON_BOTH_DATABASES
def test_mail_for_a_disabled_relayed_domain_is_rejected(mail: MailHost) -> None:
    for name, transport, backupmx in (
        ("off.test", f"smtp:{OTHER_HOST}", "0"),
        ("mx.test", "", "1"),
    ):
        add_domain(mail, name, transport, backupmx)
        assert outside_code(mail, f"anna@{name}") == 250
        with mail.disabled("domain", "domain", name):
            mail.machine.run(["postfix", "reload"])
            assert outside_code(mail, f"anna@{name}") in (454, 554)
