"""What each mail host does with mail that leads nowhere: refused at RCPT, or deferred."""

from collections.abc import Iterator

import pytest

from mailboxes.handling import DISCARD, Handling, handling_target
from tests import mail_clients
from tests.machine import wait_until
from tests.mailhost import ANNA, BOB, BUNDLE, DOMAIN, MailHost, hosts

pytestmark = pytest.mark.stack

OUTSIDER = "someone@elsewhere.example"
REFUSED = (550, "5.1.1")
ACCEPTED = (250, "2.1.5")
FULL = (552, "5.2.2")
FULL_BEHIND_ALIAS = (452, "4.2.2")
SENTENCE = "Anna's left (2026): write to info@example.org, please."
REFUSAL = handling_target(Handling.REFUSED, SENTENCE)


@pytest.fixture
def forwarding(mail: MailHost) -> Iterator[MailHost]:
    """Aliases that lead nowhere or only partly somewhere; Bob's mailbox is disabled."""
    for name in ("dead.test", "net.test"):
        mail.manage("createdomain", name, check=False)
    mail.insert("alias_domain", alias_domain="net.test", target_domain=DOMAIN)
    mail.insert("alias", address="@dead.test", goto=f"gone@{DOMAIN}", domain="dead.test")
    for name, goto in {
        "dead": f"gone@{DOMAIN},{BOB.address}",
        "nested": f"dead@{DOMAIN}",
        "loop": f"loop2@{DOMAIN}",
        "loop2": f"loop@{DOMAIN}",
        "mixed": f"gone@{DOMAIN}, ANNA@{DOMAIN}",
        "away": OUTSIDER,
        "copies": f"copies@{DOMAIN},anna@net.test",
        "through": "anna+box@net.test",
        "pipe": "|/bin/cat",
        "off": "x@off.test",
        "spaces": f"gone@{DOMAIN} {BOB.address}",
        "either": f"gone@{DOMAIN} anna@{DOMAIN}",
        "left": REFUSAL,
        "to-left": f"left@{DOMAIN}",
        "noreply": DISCARD,
        "both": f"left@{DOMAIN},anna@{DOMAIN}",
        "anna+old": REFUSAL,
        "anna+dead": f"gone@{DOMAIN}",
        "to-anna": f"anna+dead@{DOMAIN}",
        "to-old": "anna+old@net.test,no@rel.test",
        "to-listed": "listed@rel.test",
    }.items():
        mail.alias(f"{name}@{DOMAIN}", goto)
    for name in ("off.test", "rel.test"):
        mail.manage("createdomain", name, "--relay-to", "192.0.2.1", check=False)
    for name, goto in {"listed": "listed@rel.test", "no": REFUSAL}.items():
        mail.insert("alias", address=f"{name}@rel.test", goto=goto, domain="rel.test")
    off = mail.disabled("domain", "domain", "off.test")
    with off, mail.disabled("mailbox", "username", BOB.address):
        mail.machine.run(["postfix", "reload"])  # smtpd caches its last answer for 30 seconds
        yield mail
    mail.sql(f"UPDATE alias SET goto = address, active = 1 WHERE address = '{BOB.address}'")
    mail.sql("DELETE FROM alias WHERE goto NOT IN (address)")
    mail.sql("DELETE FROM alias_domain")
    mail.machine.run(["postfix", "reload"])


def replies(mail: MailHost, *recipients: str) -> dict[str, tuple[int, str]]:
    """Return port 25's answers to another mail server: code and enhanced code by recipient."""
    with mail_clients.connect(mail.machine) as smtp:
        smtp.mail(OUTSIDER)
        answers = {name: smtp.rcpt(name) for name in recipients}
    return {name: (code, text.split()[0].decode()) for name, (code, text) in answers.items()}


def texts(mail: MailHost, *recipients: str) -> dict[str, str]:
    """Return port 25's answers to another mail server by recipient."""
    with mail_clients.connect(mail.machine) as smtp:
        smtp.mail(OUTSIDER)
        answers = {name: smtp.rcpt(name) for name in recipients}
    return {name: f"{code} {text.decode()}" for name, (code, text) in answers.items()}


def test_mail_that_would_be_bounced_is_refused_at_once(forwarding: MailHost) -> None:
    dead = [
        f"{name}@{place}"
        for name in ("dead", "nested", "loop", "Dead", "dead+box", "pipe", "off", "spaces")
        for place in (DOMAIN, "net.test")
    ]
    dead += ["any@dead.test", BOB.address, f"nobody@{DOMAIN}"]
    assert replies(forwarding, *dead) == dict.fromkeys(dead, REFUSED)
    dead = [f"anna+dead@{DOMAIN}", f"to-anna@{DOMAIN}"]
    assert replies(forwarding, *dead) == dict.fromkeys(dead, REFUSED)
    alive = [f"{name}@{DOMAIN}" for name in ("anna", "anna+box", "mixed", "away", "either")]
    alive += [f"copies@{DOMAIN}", f"to-listed@{DOMAIN}", "listed@rel.test"]
    alive += [f"through@{DOMAIN}", "Anna@net.test", "mixed@net.test"]
    assert replies(forwarding, *alive) == dict.fromkeys(alive, ACCEPTED)
    assert replies(forwarding, OUTSIDER, "any@sub.dead.test") == {
        OUTSIDER: (554, "5.7.1"),
        "any@sub.dead.test": (554, "5.7.1"),
    }
    refuse_below_a_catch_all(forwarding)
    refused = [f"{name}@{DOMAIN}" for name in ("left", "Left+box", "to-left", "bob", "bob+x")]
    refused += ["left@net.test", "left+box@net.test", "bob@net.test"]
    refused += [f"anna+old@{DOMAIN}", "anna+old@net.test", f"to-old@{DOMAIN}", "no@rel.test"]
    for name, text in texts(forwarding, *refused).items():
        assert text.startswith("550 5.1.1 ") and text.endswith(f": {SENTENCE}"), (name, text)
    accepted = [f"{name}@{DOMAIN}" for name in ("noreply", "noreply+x", "both", "any")]
    accepted.append("noreply@net.test")
    assert replies(forwarding, *accepted) == dict.fromkeys(accepted, ACCEPTED)


def refuse_below_a_catch_all(mail: MailHost) -> None:
    """Let Bob's mailbox, which is disabled, refuse its mail as the panel does."""
    mail.alias(f"@{DOMAIN}", ANNA.address)
    mail.sql(f"UPDATE alias SET goto = '{REFUSAL}', active = 0 WHERE address = '{BOB.address}'")
    mail.machine.run(["postfix", "reload"])


def test_signed_in_users_get_a_bounce_that_says_why(forwarding: MailHost) -> None:
    discarded = forwarding.send(ANNA, f"noreply@{DOMAIN}")
    both = forwarding.send(ANNA, f"both@{DOMAIN}")
    for text in (both, "Undelivered Mail Returned to Sender"):
        forwarding.await_mail(ANNA, text)
    assert forwarding.variant == "v2" or "Anna's left (2026)" in forwarding.inbox(ANNA)
    forwarding.send(ANNA, f"dead@{DOMAIN}")
    wait_until(
        lambda: forwarding.inbox(ANNA).count("Undelivered Mail Returned to Sender") > 1, "a bounce"
    )
    assert discarded not in forwarding.inbox(ANNA)


def assert_full_behind_aliases(mail: MailHost) -> None:
    """Bob's mailbox is full, which Dovecot only records on MariaDB."""
    mail.insert("alias_domain", alias_domain="net.test", target_domain=DOMAIN)
    for name, goto in {
        "to-bob": f"gone@{DOMAIN},bob@{DOMAIN}",
        "nested": f"to-bob+x@{DOMAIN}",
        "list": f"bob@{DOMAIN},ANNA@{DOMAIN}",
        "away": f"bob@{DOMAIN},{OUTSIDER}",
    }.items():
        mail.alias(f"{name}@{DOMAIN}", goto)
    full = [f"{name}@{DOMAIN}" for name in ("to-bob", "To-Bob+box", "nested", "bob+box")]
    full += ["nested@net.test", "bob@net.test", "bob+box@net.test"]
    answer = FULL_BEHIND_ALIAS if mail.on_mariadb else ACCEPTED
    others = [f"{name}@{DOMAIN}" for name in ("list", "away", "anna+box")]
    assert replies(mail, *full) == dict.fromkeys(full, answer)
    assert replies(mail, *others) == dict.fromkeys(others, ACCEPTED)
    mail.sql(f"UPDATE mailbox SET quota = 1000000 WHERE username = '{BOB.address}'")
    mail.machine.run(["postfix", "reload"])  # smtpd caches its last answer for 30 seconds
    assert replies(mail, *full) == dict.fromkeys(full, ACCEPTED)


@pytest.fixture
def with_full_bob(mail: MailHost) -> Iterator[MailHost]:
    mail.manage("createdomain", "net.test", check=False)
    mail.await_mail(BOB, mail.send(ANNA, BOB.address))
    if mail.on_mariadb:
        count = f"SELECT messages FROM quota2 WHERE username = '{BOB.address}'"
        wait_until(lambda: mail.mariadb.query(count, "mail").strip() > "0", "Bob's usage")
    mail.sql(f"UPDATE mailbox SET quota = 10 WHERE username = '{BOB.address}'")
    yield mail
    mail.machine.run(["systemctl", "start", "dovecot"])
    mail.sql(f"UPDATE mailbox SET quota = 0 WHERE username = '{BOB.address}'")
    mail.sql("DELETE FROM alias WHERE goto NOT IN (address)")
    mail.sql("DELETE FROM alias_domain")
    mail.await_services()


@pytest.mark.parametrize("host", hosts(variant="v2"), indirect=True)
def test_a_full_mailbox_is_refused_at_once_unless_dovecot_is_down(with_full_bob: MailHost) -> None:
    mail = with_full_bob
    assert replies(mail, BOB.address, ANNA.address) == {BOB.address: FULL, ANNA.address: ACCEPTED}
    assert_full_behind_aliases(mail)
    with mail_clients.connect(mail.machine) as smtp:
        smtp.mail(OUTSIDER, ["SIZE=2000000"])
        assert smtp.rcpt(BOB.address)[0] == 552
    assert replies(mail, BOB.address) == {BOB.address: ACCEPTED}
    mail.sql(f"UPDATE mailbox SET quota = 10 WHERE username = '{BOB.address}'")
    mail.machine.run(["systemctl", "stop", "dovecot"])
    assert replies(mail, BOB.address) == {BOB.address: ACCEPTED}


# What the panel refuses to save, since this is what would happen.
DEFERRED = {
    "loop": {"loop": "loop2", "loop2": "loop"},
    "a list with a loop": {"loop": "anna loop2", "loop2": "loop"},
    "1,001 recipients": {"loop": " ".join(f"x{number}" for number in range(1001))},
    "two lists": {
        "loop": "loop2 loop3",
        "loop2": " ".join(f"x{number}" for number in range(600)),
        "loop3": " ".join(f"y{number}" for number in range(600)),
    },
}
DELIVERED = {
    "a copy": {"loop": "loop anna"},
    "a copy on the way": {"loop": "loop2", "loop2": "loop2 loop anna"},
    "1,000 recipients": {"loop": " ".join(f"x{number}" for number in range(1000))},
}


def data_code(mail: MailHost, aliases: dict[str, str]) -> int:
    """Return the reply to a message for the address `loop` with these aliases."""
    for name, targets in aliases.items():
        places = (
            f"{each}@{DOMAIN if each[0] in 'al' else 'e.example'}" for each in targets.split()
        )
        mail.alias(f"{name}@{DOMAIN}", ",".join(places))
    with mail_clients.submission(mail.machine) as smtp:
        mail_clients.smtp_auth(smtp, "PLAIN", ANNA.address, ANNA.password)
        smtp.mail(ANNA.address)
        assert smtp.rcpt(f"loop@{DOMAIN}")[0] == 250
        return int(smtp.data(b"Subject: Hello\r\n\r\nHello.")[0])


@pytest.mark.parametrize("host", hosts(variant="v2", database="mariadb"), indirect=True)
def test_postfix_defers_what_the_panel_refuses_and_nothing_else(mail: MailHost) -> None:
    try:
        for name, aliases in DEFERRED.items():
            assert data_code(mail, aliases) == 451, name
        for name, aliases in DELIVERED.items():
            assert data_code(mail, aliases) == 250, name
    finally:
        mail.sql("DELETE FROM alias WHERE address LIKE 'loop%'")
        mail.machine.run(["postsuper", "-d", "ALL"])


MIXED = """\
SET sql_mode = '';
ALTER TABLE alias CONVERT TO CHARACTER SET utf8mb4;
ALTER TABLE alias_domain CONVERT TO CHARACTER SET latin1 COLLATE latin1_swedish_ci;
INSERT INTO alias (address, goto, domain, created, modified)
SELECT CONCAT('list@', domain), GROUP_CONCAT('x', seq, '@', domain), domain, created, created
FROM domain, seq_1_to_50 WHERE domain = '{domain}';
INSERT INTO domain (domain, transport, active)
VALUES ('m.example', 'virtual', 1), ('r.example', 'relay', 1);
INSERT INTO mailbox (username, domain, maildir, quota, active)
SELECT CONCAT('m', seq, '@', domain), domain, 'm/', 20000, 1 FROM domain, seq_1_to_1000
WHERE domain IN ('m.example', 'r.example');
INSERT INTO quota2 SELECT username, 10001, 1 FROM mailbox WHERE maildir = 'm/';
INSERT INTO alias (address, goto, domain, active, created, modified)
SELECT CONCAT('list@', domain), GROUP_CONCAT('m', seq, '@', domain), domain, 1, created, created
FROM domain, seq_1_to_50 WHERE domain IN ('m.example', 'r.example') GROUP BY domain;
"""
AS_BEFORE = """\
DELETE FROM mailbox WHERE maildir = 'm/';
DELETE FROM quota2 WHERE username LIKE '%@_.example';
DELETE FROM domain WHERE domain IN ('m.example', 'r.example');
DELETE FROM alias WHERE address LIKE 'list@%';
ALTER TABLE alias CONVERT TO CHARACTER SET latin1 COLLATE latin1_general_ci;
ALTER TABLE alias_domain CONVERT TO CHARACTER SET latin1 COLLATE latin1_general_ci;
"""


@pytest.mark.parametrize(
    "host", hosts(release="debian13", variant="v2", database="mariadb"), indirect=True
)
@pytest.mark.usefixtures("forwarding")
def test_no_table_is_read_as_a_whole_where_collations_differ(mail: MailHost) -> None:
    mail.mariadb.query(MIXED.format(domain=DOMAIN), "mail")
    try:
        mail.manage("exportconfig", "--output", "/tmp/mixed")
        for name, local_part, domain, answer, most in (
            ("undeliverable", "list", DOMAIN, "550 5.1.1 ", 5000),
            ("undeliverable", "list", "m.example", "452 4.2.2 ", 5000),
            ("undeliverable", "list", "r.example", "DUNNO", 5000),
            ("alias_domains", "mixed", "net.test", f"mixed@{DOMAIN}", 100),
            ("alias_domain_catchalls", "", "net.test", "", 100),
            ("sender_logins", "anna", "net.test", ANNA.address, 100),
        ):
            text = (mail.machine / f"tmp/mixed/etc/postfix/mailadmin/{name}.cf").read_text()
            query = text.partition("\nquery = ")[2].replace("%s", f"{local_part}@{domain}")
            for mark, value in (("%u", local_part), ("%d", domain), ("%%", "%")):
                query = query.replace(mark, value)
            found = mail.mariadb.query(f"{query}; SHOW SESSION STATUS LIKE 'Handler_read%'", "mail")
            answers, _, counts = found.partition("Handler_read")
            assert answers.startswith(answer)
            assert sum(int(line.split()[1]) for line in counts.splitlines()) < most, name
    finally:
        mail.mariadb.query(AS_BEFORE, "mail")
        mail.machine.run(["rm", "-rf", "/tmp/mixed"])


@pytest.mark.parametrize("host", hosts(variant="v2"), indirect=True)
def test_a_database_that_cannot_run_a_query_is_refused_by_apply(mail: MailHost) -> None:
    for name in ("undeliverable", "alias_sender_logins"):
        map_file = mail.machine / BUNDLE / f"etc/postfix/mailadmin/{name}.cf"
        text = map_file.read_text()
        map_file.write_text(text.replace("WITH RECURSIVE", "WITH RECURSIVELY"))
        done = mail.apply(check=False)
        map_file.write_text(text)
        assert done.returncode == 1 and f"{name}.cf; it needs MariaDB 10.6" in done.stderr
    assert mail.apply().stdout.startswith("Nothing to change.")
