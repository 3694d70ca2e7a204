"""Each mail host as mail clients see it: who can sign in and send, and where mail arrives."""

import imaplib
import smtplib
import time
from collections.abc import Callable, Iterable

import pytest

from mailboxes.open_sessions import kick_command
from tests import mail_clients
from tests.machine import Machine, wait_until
from tests.mailhost import ANNA, BOB, DOMAIN, MailHost, Person, hosts
from tests.stack.test_doctor import examine

pytestmark = pytest.mark.stack

OUTSIDER = "someone@elsewhere.example"
SUBMISSION = [mail_clients.submission, mail_clients.submissions]
STRANGER = Person(ANNA.address, "not Anna's password at all")


def test_auth_is_only_offered_under_tls_with_the_mechanisms_of_the_scheme(mail: MailHost) -> None:
    with mail_clients.connect(mail.machine, 587) as smtp:
        assert not mail_clients.mechanisms(smtp)
        assert smtp.docmd("AUTH", "PLAIN")[0] == 530
        smtp.starttls(context=mail_clients.any_certificate())
        smtp.ehlo()
        assert mail_clients.mechanisms(smtp) == set(mail.scheme.mechanisms)


@pytest.mark.parametrize("host", hosts(variant="v2"), indirect=True)
def test_imap_offers_the_same_mechanisms_as_smtp(mail: MailHost) -> None:
    session = mail_clients.imap(mail.machine)
    offered = {name[5:] for name in session.capabilities if name.startswith("AUTH=")}
    session.logout()
    assert offered | {"LOGIN"} == set(mail.scheme.mechanisms)


@pytest.mark.parametrize("host", hosts(variant="v2"), indirect=True)
def test_imap_accepts_no_password_before_tls(mail: MailHost) -> None:
    with mail.machine.network():
        # Not 127.0.0.1: Dovecot trusts a client whose address equals the server's.
        session = imaplib.IMAP4("127.0.0.2", 143, timeout=30)
    assert "LOGINDISABLED" in session.capabilities
    assert not mail_clients.imap_auth(session, "PLAIN", ANNA.address, ANNA.password)
    session.starttls(mail_clients.any_certificate())
    assert mail_clients.imap_auth(session, "PLAIN", ANNA.address, ANNA.password)
    session.logout()


def test_port_25_offers_no_auth(mail: MailHost) -> None:
    with mail_clients.connect(mail.machine) as smtp:
        assert not mail_clients.mechanisms(smtp)
        smtp.starttls(context=mail_clients.any_certificate())
        smtp.ehlo()
        assert not mail_clients.mechanisms(smtp)
        assert smtp.docmd("AUTH", "PLAIN")[0] == 503


def test_the_right_password_signs_in_and_a_wrong_one_does_not(mail: MailHost) -> None:
    for mechanism in mail.scheme.mechanisms:
        assert mail.signs_in(ANNA, mechanism)
        assert not mail.signs_in(STRANGER, mechanism)
    assert not mail.signs_in(Person(f"nobody@{DOMAIN}", ANNA.password))
    assert not mail.signs_in(Person(ANNA.address, ""))


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [("mailbox", "username", ANNA.address), ("domain", "domain", DOMAIN)],
)
def test_disabled_mailboxes_and_domains_cannot_sign_in(
    mail: MailHost, table: str, key: str, value: str
) -> None:
    assert mail.signs_in(ANNA)
    with mail.disabled(table, key, value):
        for mechanism in mail.scheme.mechanisms:
            assert not mail.signs_in(ANNA, mechanism)
    assert mail.signs_in(ANNA)


@pytest.mark.parametrize("host", hosts(variant="v2", database="sqlite"), indirect=True)
def test_open_sessions_go_on_until_the_command_ends_them(mail: MailHost) -> None:
    for names in ([ANNA.address], [BOB.address, ANNA.address], [f"*@{DOMAIN}"]):
        session = mail_clients.imap(mail.machine)
        assert mail_clients.imap_auth(session, "PLAIN", ANNA.address, ANNA.password)
        with mail.disabled("mailbox", "username", ANNA.address):
            assert session.noop()[0] == "OK"
            mail.machine.run(["sh", "-c", kick_command(names)], check=False)
            with pytest.raises((imaplib.IMAP4.abort, OSError)):
                for _ in range(50):  # it is told of on its way to the next command
                    session.noop()
                    time.sleep(0.1)
        session.shutdown()


def test_the_owner_of_a_receive_only_mailbox_reads_but_does_not_send(mail: MailHost) -> None:
    mail.sql(f"UPDATE mailbox SET smtp_active = 0 WHERE username = '{ANNA.address}'")
    try:
        assert [mail.smtp_code(person) for person in (ANNA, BOB)] == [535, 235]
        if mail.variant == "v2":
            login = (mail.machine, "PLAIN", ANNA.address, ANNA.password)
            assert mail_clients.imap_login(*login)
    finally:
        mail.sql("UPDATE mailbox SET smtp_active = 1")
    assert mail.smtp_code(ANNA) == 235


@pytest.mark.parametrize("host", hosts(variant="v2"), indirect=True)
def test_system_users_are_not_mail_users(mail: MailHost) -> None:
    sam = Person("sam", "four words of the system")
    mail.machine.run(["useradd", "--create-home", sam.address])
    mail.machine.run(["chpasswd"], input=f"{sam.address}:{sam.password}\n")
    assert not mail.signs_in(sam)
    assert mail.signs_in(ANNA)


def test_letter_case_of_the_address_does_not_matter(mail: MailHost) -> None:
    assert mail.signs_in(Person("Anna@Example.TEST", ANNA.password))
    assert not mail.signs_in(Person("Anna@Example.TEST", ANNA.password.upper()))
    mail.await_mail(ANNA, mail.send(BOB, "ANNA@example.TEST"))


def test_an_address_can_contain_an_apostrophe(mail: MailHost) -> None:
    neil = mail.create(Person(f"o'neil@{DOMAIN}", "four words of O'Neil"))
    assert mail.signs_in(neil)
    assert not mail.signs_in(Person(neil.address, STRANGER.password))
    mail.await_mail(neil, mail.send(neil, neil.address))
    assert not mail.signs_in(Person(f"x' OR '1'='1@{DOMAIN}", neil.password))


@pytest.mark.parametrize("connect", [mail_clients.connect, *SUBMISSION])
@pytest.mark.parametrize("sender", [ANNA.address, OUTSIDER])
def test_nobody_relays_without_signing_in(
    mail: MailHost, connect: Callable[[Machine], smtplib.SMTP], sender: str
) -> None:
    with connect(mail.machine) as smtp:
        smtp.mail(sender)
        assert smtp.rcpt(OUTSIDER)[0] in (553, 554)


@pytest.mark.parametrize("connect", SUBMISSION)
def test_signed_in_users_can_send_anywhere(
    mail: MailHost, connect: Callable[[Machine], smtplib.SMTP]
) -> None:
    with connect(mail.machine) as smtp:
        assert mail_clients.mechanisms(smtp) == set(mail.scheme.mechanisms)
        assert mail_clients.smtp_auth(smtp, "PLAIN", ANNA.address, ANNA.password) == 235
        smtp.mail(ANNA.address)
        assert smtp.rcpt(OUTSIDER)[0] == 250


def refused_senders(
    mail: MailHost,
    senders: Iterable[str],
    connect: Callable[[Machine], smtplib.SMTP] = mail_clients.submission,
    person: Person | None = ANNA,
) -> list[str]:
    """Return the addresses that this person, or an outsider, can't send as."""
    refused = []
    with connect(mail.machine) as smtp:
        if person:
            mail_clients.smtp_auth(smtp, "PLAIN", person.address, person.password)
        for sender in senders:
            smtp.mail(sender)
            code, text = smtp.rcpt(BOB.address)
            assert code == 250 or (code, text[:5]) == (553, b"5.7.1"), (sender, text)
            refused += [sender] * (code == 553)
            smtp.rset()
    return refused


@pytest.mark.parametrize("connect", SUBMISSION)
def test_senders_are_the_own_address_and_aliases_that_forward_to_it(
    mail: MailHost, connect: Callable[[Machine], smtplib.SMTP]
) -> None:
    mail.insert("domain", domain="senders.test", description="", transport="virtual")
    mail.insert("alias_domain", alias_domain="senders.test", target_domain=DOMAIN)
    mail.alias(f"anna.berg@{DOMAIN}", f"gone@{DOMAIN}, Anna@{DOMAIN}")
    mail.alias(f"sales@{DOMAIN}", f"{BOB.address},anna.berg+box@senders.test")
    mail.alias(f"circle@{DOMAIN}", f"circle@senders.test,{BOB.address}")
    own = [f"{name}@{DOMAIN}" for name in ("anna", "ANNA", "anna+box", "anna.berg", "sales")]
    own += [f"{name}@senders.test" for name in ("anna", "anna.berg+box", "Sales")]
    forged = [BOB.address, "bob@senders.test", OUTSIDER, f"nobody@{DOMAIN}", f"circle@{DOMAIN}"]
    assert refused_senders(mail, own + forged, connect) == forged
    for table, key, value in (
        ("alias", "address", f"anna.berg@{DOMAIN}"),
        ("alias_domain", "alias_domain", "senders.test"),
        ("domain", "domain", "senders.test"),
    ):
        with mail.disabled(table, key, value):
            assert refused_senders(mail, [f"sales@{DOMAIN}"], connect) == [f"sales@{DOMAIN}"]


def test_mail_from_one_mailbox_to_another_arrives(mail: MailHost) -> None:
    mail.await_mail(BOB, mail.send(ANNA, BOB.address))


def test_mail_to_an_alias_arrives_at_all_its_targets(mail: MailHost) -> None:
    mail.alias(f"team@{DOMAIN}", f"{ANNA.address},{BOB.address}")
    subject = mail.send(ANNA, f"team@{DOMAIN}")
    mail.await_mail(ANNA, subject)
    mail.await_mail(BOB, subject)


def test_a_catch_all_receives_the_rest_but_cannot_be_used_as_a_sender(mail: MailHost) -> None:
    mail.manage("createdomain", "all.test")
    mail.insert("alias", address="@all.test", goto=ANNA.address, domain="all.test")
    mail.await_mail(ANNA, mail.send(BOB, "anyone@all.test"))
    assert outside_code(mail, f"nobody@{DOMAIN}") == 550
    assert refused_senders(mail, ["anyone@all.test"]) == ["anyone@all.test"]


def test_mail_to_an_address_with_an_extension_arrives(mail: MailHost) -> None:
    mail.await_mail(BOB, mail.send(ANNA, f"bob+shopping@{DOMAIN}"))


@pytest.mark.parametrize("host", hosts(variant="v2", database="sqlite"), indirect=True)
def test_the_delimiter_and_who_else_may_send_are_settings(host: MailHost) -> None:
    host.alias(f"bob-anna@{DOMAIN}", ANNA.address)
    host.insert("domain", domain="caught.test", description="", transport="virtual")
    host.insert("domain", domain="elsewhere.test", description="", transport="relay:[192.0.2.9]")
    host.insert("alias", address="@caught.test", goto=ANNA.address, domain="caught.test")
    others = [OUTSIDER, "any@elsewhere.test", f"any@sub.{DOMAIN}", ""]
    ours = [ANNA.address, f"nobody@{DOMAIN}", "new+box@caught.test"]
    host.configure(
        MAIL_RECIPIENT_DELIMITER="-",
        MAIL_CATCH_ALL_SENDERS="true",
        MAIL_REFUSE_FORGED_SENDERS="true",
    )
    host.await_mail(ANNA, host.send(ANNA, f"bob-anna@{DOMAIN}"))
    host.await_mail(BOB, host.send(ANNA, f"bob-shopping@{DOMAIN}"))
    assert outside_code(host, f"bob+shopping@{DOMAIN}") == 550
    senders = [f"anna-box@{DOMAIN}", "new-box@caught.test", BOB.address]
    assert refused_senders(host, senders) == [BOB.address]
    assert refused_senders(host, others + ours, mail_clients.connect, None) == ours
    with host.disabled("domain", "domain", "caught.test"):
        assert refused_senders(host, ["any@caught.test"]) == ["any@caught.test"]
        assert refused_senders(host, ["new@caught.test"], mail_clients.connect, None) == []


@pytest.mark.parametrize("host", hosts(variant="v2", database="sqlite"), indirect=True)
def test_pop3_is_served_if_it_is_set(host: MailHost) -> None:
    # Debian serves each protocol that is installed.
    own = host.machine / "usr/share/dovecot/protocols.d/pop3d.protocol"
    saved = own.read_text()
    own.write_text("")
    try:
        host.configure(MAIL_POP3="true")
        wait_until(lambda: host.machine.listens(995), "POP3")
        assert mail_clients.pop3_accepts(host.machine, ANNA.address, ANNA.password)
        assert not mail_clients.pop3_accepts(host.machine, ANNA.address, BOB.password)
        findings = [each for hop in examine(host)["hops"] for each in hop["findings"]]
        states = {each["code"]: each["state"] for each in findings}
        assert {states[f"ports.{port}"] for port in (993, 995, 143, 110)} == {"working"}
        host.configure()
        assert not host.machine.listens(995)
    finally:
        own.write_text(saved)


def test_mail_to_an_alias_domain_arrives_in_the_other_domain(mail: MailHost) -> None:
    mail.manage("createdomain", "alias.test")
    mail.insert("alias_domain", alias_domain="alias.test", target_domain=DOMAIN)
    mail.await_mail(BOB, mail.send(ANNA, "bob@alias.test"))
    assert outside_code(mail, "nobody@alias.test") == 550


def outside_code(mail: MailHost, recipient: str) -> int:
    """Return the reply code of port 25 to another mail server with mail for this address."""
    with mail_clients.connect(mail.machine) as smtp:
        smtp.mail(OUTSIDER)
        return smtp.rcpt(recipient)[0]


def test_mail_from_outside_only_arrives_at_existing_addresses(mail: MailHost) -> None:
    with mail_clients.connect(mail.machine) as smtp:
        smtp.sendmail(OUTSIDER, [BOB.address], "Subject: from-outside\n\nHello.")
    mail.await_mail(BOB, "from-outside")
    assert outside_code(mail, f"nobody@{DOMAIN}") == 550
    assert outside_code(mail, OUTSIDER) in (454, 554)
    assert refused_senders(mail, [ANNA.address], mail_clients.connect, None) == []


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [("mailbox", "username", BOB.address), ("domain", "domain", DOMAIN)],
)
def test_mail_to_disabled_mailboxes_and_domains_is_rejected(
    mail: MailHost, table: str, key: str, value: str
) -> None:
    assert outside_code(mail, BOB.address) == 250
    with mail.disabled(table, key, value):
        assert outside_code(mail, BOB.address) in (454, 550, 554)
    mail.machine.run(["postfix", "reload"])  # smtpd caches its last answer for 30 seconds


@pytest.mark.parametrize("host", hosts(variant="v2"), indirect=True)
def test_mail_over_quota_is_returned_to_its_sender(mail: MailHost) -> None:
    small = mail.create(Person(f"small@{DOMAIN}", "four small unrelated words"), "--quota", "20K")
    mail.await_mail(small, mail.send(BOB, small.address, text="x" * 70 + "\n"))
    too_big = mail.send(BOB, small.address, text=("x" * 70 + "\n") * 1000)
    mail.await_mail(BOB, "Undelivered Mail Returned to Sender")
    assert too_big not in mail.inbox(small)


@pytest.mark.parametrize("host", hosts(variant="v2"), indirect=True)
def test_a_quota_of_minus_1_means_no_limit(mail: MailHost) -> None:
    """PostfixAdmin's command line writes it."""
    free = mail.create(Person(f"free@{DOMAIN}", "four free unrelated words"))
    mail.sql(f"UPDATE mailbox SET quota = -1 WHERE username = '{free.address}'")
    mail.await_mail(free, mail.send(BOB, free.address))


def test_a_change_on_the_password_page_takes_effect_at_once(mail: MailHost) -> None:
    chris = mail.create(Person(f"chris@{DOMAIN}", "the first words of Chris"))
    assert mail.signs_in(chris)
    changed = Person(chris.address, 'other "words" of Chris, größer')
    assert mail.change_password(chris, changed.password) == "/password/changed/"
    for mechanism in mail.scheme.mechanisms:
        assert not mail.signs_in(chris, mechanism)
        assert mail.signs_in(changed, mechanism)


def test_a_wrong_password_on_the_password_page_changes_nothing(mail: MailHost) -> None:
    dora = mail.create(Person(f"dora@{DOMAIN}", "the first words of Dora"))
    mistaken = Person(dora.address, STRANGER.password)
    assert mail.change_password(mistaken, "other words of Dora") == "/password/"
    assert mail.signs_in(dora)
    assert not mail.signs_in(Person(dora.address, "other words of Dora"))
