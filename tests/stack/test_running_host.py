"""`apply` on a host that already serves domains, mailboxes and users of its own."""

import re
import smtplib

import pytest

from tests import mail_clients
from tests.busy_host import OTHERS, OTTO, SETTINGS, make_busy, sentences, set_users
from tests.machine import HOSTNAME, wait_until
from tests.mailhost import ANNA, BOB, BUNDLE, DOMAIN, ON_MARIADB, MailHost, Person, fresh_hosts

pytestmark = pytest.mark.stack
TRANSPORTS = "hash:/etc/postfix/transport"
STRANGER = "192.0.2.1"
LISTED = "192.0.2.7"
"""A client that the host's own rules refuse."""

BOX = Person(f"anna+box@{DOMAIN}", ANNA.password)
"""A mailbox that looks like an extended address of Anna's."""

DEAD = f"dead@{DOMAIN}"
"""An alias that leads nowhere."""

KEPT_DOMAINS = ("forwarded.example", "local.example", "old.example", "relayed.example")
FOR_OTTO = f"otto@{DOMAIN}"

STATE = "find /etc -printf '%p %m %u %g %s %T@ %l\\n' | sort; pidof master dovecot"


@pytest.fixture
def busy(fresh: MailHost) -> MailHost:
    make_busy(fresh)
    fresh.populate()
    fresh.create(BOX)
    fresh.alias(DEAD, f"gone@{DOMAIN}")
    fresh.alias(FOR_OTTO, OTTO.address)
    fresh.export()
    fresh.grant()
    return fresh


def accepted(host: MailHost) -> set[str]:
    """Return the addresses whose mail is accepted from another host on port 25."""
    host.machine.run(["ip", "address", "replace", f"{STRANGER}/32", "dev", "lo"])
    addresses = (*OTHERS, ANNA.address, DEAD)
    with host.machine.network(), smtplib.SMTP("127.0.0.1", source_address=(STRANGER, 0)) as smtp:
        smtp.ehlo()
        smtp.mail("stranger@foreign.example")
        return {address for address in addresses if smtp.rcpt(address)[0] == 250}


def assert_refused(host: MailHost) -> None:
    before = host.machine.run(["sh", "-c", STATE]).stdout
    done = host.apply(check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert [line for line in sentences(host) if line not in done.stderr] == []
    assert "with --keep" in done.stderr
    printed = host.apply("--dry-run").stdout
    assert printed.startswith("This host already serves more than")
    assert all(f"{line}\n" in printed.partition("\n+++ ")[0] for line in SETTINGS)
    assert host.machine.run(["sh", "-c", STATE]).stdout == before
    assert accepted(host) == set(OTHERS)


def send_code(host: MailHost, person: Person, sender: str) -> int:
    """Return the answer to somebody who has signed in and sends as this address."""
    with mail_clients.submission(host.machine) as smtp:
        assert mail_clients.smtp_auth(smtp, "PLAIN", person.address, person.password) == 235
        smtp.mail(sender)
        return smtp.rcpt(BOB.address)[0]


def code_for_a_listed_client(host: MailHost, port: int) -> int:
    """Return the answer to Anna, who has signed in where the host's own rules refuse others."""
    host.machine.run(["ip", "address", "replace", f"{LISTED}/32", "dev", "lo"])
    context, place = mail_clients.any_certificate(), (LISTED, 0)
    with host.machine.network():
        client = (
            smtplib.SMTP_SSL("127.0.0.1", port, context=context, source_address=place)
            if port == 465
            else smtplib.SMTP("127.0.0.1", port, source_address=place)
        )
    with client:
        if port == 587:
            client.starttls(context=context)
        client.ehlo()
        code = mail_clients.smtp_auth(client, "PLAIN", ANNA.address, ANNA.password)
        assert code == 235
        client.mail(ANNA.address)
        return client.rcpt("somebody@foreign.example")[0]


ACCEPTS_NOBODY = "query = SELECT domain FROM domain WHERE '%d' = '' AND '%s' = ''\n"
BROKEN = {
    "mailboxes": (r"(?m)^db(name|path) =.*\n", "", "Postfix no longer answers on port 25"),
    "other_recipients": (r"(?s)query =.*", ACCEPTS_NOBODY, "any.relayed.example: 550 5.1.1"),
}
"""Faults in the bundle that only a running Postfix shows, and what `apply` says then."""


def assert_restored(host: MailHost) -> None:
    """What Postfix answers then doesn't depend on the release, and each takes many seconds."""
    for name, (old, new, said) in BROKEN.items():
        file = host.machine / BUNDLE / f"etc/postfix/mailadmin/{name}.cf"
        text = file.read_text()
        file.write_text(re.sub(old, new, text))
        done = host.apply("--keep", check=False)
        file.write_text(text)
        assert done.returncode == 1 and said in done.stderr, done
        wait_until(lambda: host.machine.listens(25), "Postfix listens")
        assert accepted(host) == set(OTHERS)


def relays(host: MailHost, port: int) -> bool:
    """Say whether a program on the host can send mail elsewhere through this port."""
    with host.machine.network(), smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.ehlo()
        smtp.mail(OTTO.address)
        return smtp.rcpt("somebody@foreign.example")[0] == 250


def cleartext_code(host: MailHost, sender: str, port: int = 587) -> int:
    """Return the answer to Otto, who signs in without TLS and sends as this address."""
    with host.machine.network(), smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.ehlo()
        assert smtp.login(OTTO.address, OTTO.password)[0] == 235
        smtp.mail(sender)
        return smtp.rcpt("somebody@foreign.example")[0]


def otto_has(host: MailHost, subject: str) -> bool:
    return subject in mail_clients.imap_subjects(host.machine, OTTO.address, OTTO.password)


DRIFT = """
from mailboxes.conf import mail_host
from mailboxes.doctor import dovecot_settings, drift
from mailboxes.doctor.access import find_access
from mailboxes.doctor.examination import Examination
from mailboxes.management.processes import run
host = mail_host()
found = list(drift.examine(Examination(host, find_access(host, run))))
if host.variant.name == "v2":
    found += dovecot_settings.examine()[1]
for finding in found:
    print(finding.state, finding.seen, finding.detail)
"""


def drift(host: MailHost) -> str:
    """Return what the doctor finds in the daemons' files as root."""
    return as_root(host, DRIFT)


def as_root(host: MailHost, code: str) -> str:
    manage = [host.machine.python, str(host.machine.checkout / "manage.py")]
    return host.machine.run([*manage, "shell", "--no-imports", "-c", code], env=host.env).stdout


TABLES = """
from mailboxes.conf import mail_host
from mailboxes.doctor.access import find_access
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.tables import domains
from mailboxes.management.processes import run
from time import monotonic
host = mail_host()
for finding in domains.examine(Examination(host, find_access(host, run)), monotonic() + 5):
    print(finding.state, finding.seen)
"""


def assert_kept_domains_are_known(host: MailHost) -> None:
    """A domain that the host serves without the panel can only be prepared there."""
    line = (host.machine / "etc/postfix/mailadmin/applied").read_text()
    assert line.endswith(f" keeping {','.join(KEPT_DOMAINS)}\n")
    for name in KEPT_DOMAINS:
        done = host.manage("createdomain", name, check=False)
        assert done.returncode == 1 and "Create the domain disabled" in done.stderr
        host.manage("createdomain", name, "--disabled", "--postmaster", BOB.address)
    assert host.unchanged()
    assert accepted(host) == {*OTHERS, ANNA.address}
    host.sql("UPDATE domain SET active = 1")
    found = as_root(host, TABLES).splitlines()
    settings = (
        "virtual_alias_domains: forwarded.example",
        "mydestination: local.example",
        "virtual_mailbox_domains: hash:/etc/postfix/vhosts",
        "relay_domains: relayed.example",
    )
    assert len(found) == len(settings)
    for seen, name, setting in zip(found, KEPT_DOMAINS, settings, strict=True):
        assert seen.startswith(f"broken The mail host also serves {name} without the panel (")
        assert f"({setting})" in seen
    done = host.apply(check=False)
    assert done.returncode == 1 and "can't both be " in done.stderr
    for table in ("alias", "domain"):
        host.sql(f"DELETE FROM {table} WHERE domain LIKE '%.example'")


def reads_mail(host: MailHost, address: str, password: str) -> bool:
    """Say whether Dovecot accepts this password; fail if that depends on the mechanism."""
    mechanisms = ("PLAIN", "CRAM-MD5")
    [answer] = {mail_clients.imap_login(host.machine, m, address, password) for m in mechanisms}
    return answer


def stores_mail(host: MailHost, person: Person) -> bool:
    """Say whether a message fits into the quota, if there is one."""
    with mail_clients.imap(host.machine) as session:
        assert mail_clients.imap_auth(session, "PLAIN", person.address, person.password)
        return session.append("INBOX", "", "", b"Subject: kept\r\n\r\nHello.\r\n")[0] == "OK"


def assert_quotas_hold_for_the_panel_only(host: MailHost) -> None:
    """Others have one of a byte in their settings, but have never loaded the plugin."""
    assert stores_mail(host, OTTO) and stores_mail(host, BOX)
    host.sql(f"UPDATE mailbox SET quota = 1 WHERE username = '{BOX.address}'")
    assert not stores_mail(host, BOX) and stores_mail(host, OTTO)
    host.sql("UPDATE mailbox SET quota = 0")


def assert_the_panel_decides(host: MailHost) -> None:
    """In its domains, no other password works, even if Dovecot knows one; others still sign in."""
    set_users(host, OTTO, Person(BOB.address, OTTO.password))
    host.machine.run(["doveadm", "reload"])
    assert reads_mail(host, BOB.address, BOB.password)
    assert not reads_mail(host, BOB.address, OTTO.password)
    with host.disabled("mailbox", "username", BOB.address):
        for password in (BOB.password, OTTO.password):
            assert not reads_mail(host, BOB.address, password)
    with host.disabled("domain", "domain", DOMAIN):
        assert reads_mail(host, BOB.address, OTTO.password)
    away = f"{host.file}.away"
    for moves in ((host.file, away), (away, host.file)):
        host.machine.run(["mv", *moves])
        host.machine.run(["doveadm", "reload"])
        assert reads_mail(host, OTTO.address, OTTO.password)
    set_users(host, OTTO)


def assert_the_hint_keeps(host: MailHost) -> None:
    """What `apply` says to do where clients sign in elsewhere concerns them only."""
    service = "127.0.0.1:10025/inet"
    host.machine.run(["postconf", "-P", f"{service}/smtpd_sasl_auth_enable=yes"])
    [hint] = [line for line in host.apply().stdout.splitlines() if "may send as any" in line]
    command = hint.partition(" to prevent this: ")[2]
    host.machine.run(["sh", "-c", f"{command}; postfix reload"])
    assert relays(host, 10025)
    assert cleartext_code(host, OTTO.address, 10025) == 250
    assert cleartext_code(host, ANNA.address, 10025) == 553
    for name in ("smtpd_sasl_auth_enable", "smtpd_sender_restrictions"):
        host.machine.run(["postconf", "-PX", f"{service}/{name}"])
    host.machine.run(["postfix", "reload"])


def assert_kept(host: MailHost) -> None:
    assert drift(host) == "working What could be compared is as it would be exported now. \n"
    assert accepted(host) == {*OTHERS, ANNA.address}
    transport = ["postmap", "-q", "relayed.example", TRANSPORTS]
    assert host.machine.run(transport).stdout == "smtp:[192.0.2.9]\n"
    assert TRANSPORTS in host.machine.run(["postconf", "-h", "transport_maps"]).stdout
    assert host.signs_in(ANNA)
    to_otto = host.send(ANNA, "info@forwarded.example")
    wait_until(lambda: otto_has(host, to_otto), "Otto has his mail")
    host.await_mail(BOB, host.send(ANNA, BOB.address))
    to_lisa = host.send(ANNA, "lisa@local.example")
    host.await_mail(BOX, host.send(ANNA, BOX.address))
    new = host.machine / "home/lisa/new"
    wait_until(lambda: any(to_lisa in m.read_text() for m in new.glob("*")), "Lisa has her mail")
    assert send_code(host, ANNA, ANNA.address) == 250
    assert send_code(host, ANNA, OTTO.address) == 553
    assert relays(host, 25) and relays(host, 10025)
    assert code_for_a_listed_client(host, 465) == 250
    # On V2, there was a port 587 before, and its rules are kept.
    assert code_for_a_listed_client(host, 587) == (554 if host.variant == "v2" else 250)
    if host.variant == "v2":
        assert_the_panel_decides(host)
        assert_quotas_hold_for_the_panel_only(host)
        assert cleartext_code(host, OTTO.address) == 250
        assert cleartext_code(host, "sold@old.example") == 554
        host.await_mail(ANNA, host.send(OTTO, ANNA.address))
        for sender in (ANNA.address, DEAD, f"nobody+box@{DOMAIN}"):
            assert send_code(host, OTTO, sender) == 553, sender
        for sender in (OTTO.address, FOR_OTTO, "any@elsewhere.example"):
            assert send_code(host, OTTO, sender) == 250, sender


PASSWORDS = """\
printf secret | saslpasswd2 -p -c -u old.example otto
postconf -e smtpd_sasl_auth_enable=yes
cp /etc/default/saslauthd /root
printf 'START=yes\\nMECHANISMS="shadow"\\nOPTIONS="-m /run/saslauthd"\\nTHREADS=1\\n' \\
    >/etc/default/saslauthd
systemctl restart saslauthd
"""
NO_PASSWORDS = """\
postconf -X smtpd_sasl_auth_enable
systemctl stop saslauthd
cp /root/saslauthd /etc/default
"""


def assert_other_passwords_are_named(host: MailHost) -> None:
    host.machine.run(["sh", "-c", PASSWORDS])
    done = host.apply("--keep", check=False)
    host.machine.run(["sh", "-c", NO_PASSWORDS])
    assert done.returncode == 1
    assert "- /etc/sasldb2 is the only place that says how" in done.stderr
    assert "- saslauthd can't ask both shadow and PAM" in done.stderr


@pytest.mark.parametrize(
    "fresh",
    [
        *fresh_hosts(release="debian13", variant="v1"),
        *fresh_hosts(variant="v2", database="sqlite"),
    ],
    indirect=True,
)
def test_a_running_host_is_left_alone_kept_or_taken_over(busy: MailHost) -> None:
    assert_refused(busy)
    if busy.release.name == "debian12":
        cached = busy.machine / "etc/dovecot/local.conf"
        cached.write_text("auth_cache_size = 1M\nplugin {\n  quota_max_mail_size = 1k\n}\n")
        done = busy.apply("--keep", check=False)
        assert done.returncode == 1 and "set auth_cache_size = 0" in done.stderr
        assert "(quota_max_mail_size = 1k) have no effect" in done.stderr
        cached.unlink()
        assert_restored(busy)
    if busy.variant == "v1":
        assert_other_passwords_are_named(busy)
    kept = busy.apply("--keep").stdout
    assert "This is kept:" in kept
    holds = "Dovecot's own quota2 = count:Others also holds for the panel's mailboxes"
    assert (holds in kept) == (busy.variant == "v2" and busy.release.name == "debian12")
    busy.await_services()
    assert_kept(busy)
    assert_kept_domains_are_known(busy)
    if busy.variant == "v2":  # as if a run had been killed
        first = busy.machine / "etc/dovecot/conf.d/00-mailadmin.conf"
        first.unlink()
        busy.apply()
        assert first.exists()
    assert busy.unchanged()
    done = busy.apply("--take-over")
    busy.await_services()
    assert [line for line in sentences(busy) if line not in done.stdout] == []
    assert accepted(busy) == {ANNA.address}
    assert not relays(busy, 25) and not relays(busy, 10025)
    assert relays(busy, 10026)
    assert code_for_a_listed_client(busy, 587) == 250
    assert busy.signs_in(ANNA)
    # V1 leaves Dovecot alone.
    assert mail_clients.imap_login(busy.machine, "PLAIN", OTTO.address, OTTO.password) == (
        busy.variant == "v1"
    )
    assert busy.unchanged()


ONE_HOST = fresh_hosts(release="debian13", variant="v2", database="sqlite")


def said(host: MailHost, *destinations: str) -> list[str]:
    """Return the list with which a dry run starts, if these are in `mydestination`."""
    host.machine.run(["postconf", "-e", f"mydestination = {', '.join(destinations)}"])
    said, found, _ = host.apply("--dry-run").stdout.partition("With --take-over")
    return [line for line in said.splitlines() if line.startswith("- ")] if found else []


DENIED = """\
passdb denied {
  driver = passwd-file
  deny = yes
  passwd_file_path = /etc/dovecot/denied
}
"""


@pytest.mark.parametrize("fresh", ONE_HOST, indirect=True)
def test_what_debians_installer_writes_is_asked_about_only_if_it_is_used(fresh: MailHost) -> None:
    (fresh.machine / "etc/mailname").write_text("corp.example\n")
    installed = ("$myhostname", "corp.example", HOSTNAME, "localhost.corp.example", "localhost")
    aliases = fresh.machine / "etc/aliases"
    before = aliases.read_text()
    # Postfix's default before 3.0; nothing is relayed because of it.
    fresh.machine.run(["postconf", "-e", "relay_domains = $mydestination"])
    assert said(fresh, *installed) == []
    fresh.machine.run(["postconf", "-e", "virtual_alias_domains = forwarded.example"])
    # Without its own name there, the host would refuse all mail for root.
    assert (
        "postconf -e 'mydestination = $myhostname, localhost.$mydomain, localhost'\n"
        in fresh.apply("--keep", "--dry-run").stdout
    )
    fresh.machine.run(["postconf", "-X", "virtual_alias_domains"])
    local = "- The mail for corp.example is delivered to this host's own users (mydestination)"
    programs = "- Programs on this host send through port 25 without signing in"
    aliases.write_text(before + "info: somebody@foreign.example\n")
    assert beginnings(said(fresh, *installed)) == [local, programs]
    aliases.write_text(before)
    fresh.machine.run(["useradd", "--create-home", "lisa"])
    assert beginnings(said(fresh, *installed)) == [local, programs]
    both = local.replace("corp", "corp.example, old")
    # The host's old name, with mail where only Postfix is told to deliver it.
    fresh.machine.run(["postconf", "-e", "myhostname=old.example"])
    assert beginnings(said(fresh, *installed)) == [local, programs]
    for setting in ("home_mailbox=.maildir/", "mailbox_command=/usr/bin/procmail"):
        fresh.machine.run(["postconf", "-e", setting])
        fresh.machine.run(["mkdir", "-p", "/home/lisa/.maildir"])
        assert both in beginnings(said(fresh, *installed, "!not.corp.example")), setting
        fresh.machine.run(["postconf", "-X", setting.partition("=")[0]])
    fresh.machine.run(["usermod", "--uid", "100001", "lisa"])
    (fresh.machine / "var/mail/lisa").write_text("")
    assert both in beginnings(said(fresh, *installed))
    fresh.machine.run(["postconf", "-e", f"myhostname={HOSTNAME}"])
    (fresh.machine / "etc/dovecot/conf.d/zz-own.conf").write_text(DENIED)
    pam = "- Dovecot lets this host's own users sign in (PAM)"
    assert beginnings(said(fresh, *installed)) == [local, pam, programs]


def beginnings(lines: list[str]) -> list[str]:
    return [line.partition(":")[0] for line in lines]


@pytest.mark.parametrize("fresh", ONE_HOST, indirect=True)
def test_a_domain_cannot_be_kept_and_be_in_the_panel(fresh: MailHost) -> None:
    fresh.manage("createdomain", DOMAIN)
    fresh.manage("createdomain", "relayed.test", "--relay-to", "192.0.2.9")
    serves, _, not_kept = said(fresh, "$myhostname", DOMAIN, "relayed.test")
    assert f"{DOMAIN}, relayed.test is delivered to this host's own users (mydesti" in serves
    assert "the panel has the same domain: it would go where the panel says" in serves
    done = fresh.apply("--keep", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert not_kept in done.stderr and f"The mail for {DOMAIN}, relayed.test can't" in not_kept
    assert fresh.apply("--keep", "--take-over", check=False).returncode == 1
    # Another bundle, whose database hosts Dovecot would mix with those of the host.
    (fresh.machine / "etc/dovecot/conf.d/zz-own.conf").write_text("mysql db.old.example {\n}\n")
    fresh.export(**ON_MARIADB)
    done = fresh.apply("--keep", check=False)
    assert done.returncode == 1
    assert "on the hosts db.old.example: move these mysql blocks into" in done.stderr
    assert_named_before_anything_stops(fresh)


UNUSABLE = {
    "echo bogus line >local.conf": "Dovecot can't read its own configuration. Mend this first: ",
    "echo protocols = imap pop3 >local.conf": "Dovecot's protocols (imap pop3) lack lmtp",
    "printf 'namespace inbox {\n mail_path = /srv\n}\n' >local.conf": "(mail_path = /srv;)",
    "sed -i /conf.d/d dovecot.conf": "dovecot.conf, as its last line: !include_try conf.d/*-",
    "echo bogus line >>../postfix/master.cf": "Postfix can't read its own configuration.",
    "postconf -e queue_directory=/srv": "queue_directory is /srv, but Postfix and its backend meet",
    "useradd --uid 5000 john": "MAIL_UID 5000 belongs to the account john",
    'perl -MIO::Socket::INET -e \'$0 = "master";'
    " $one = IO::Socket::INET->new(LocalPort => 587, Listen => 1); sleep 60' >&- 2>&- &"
    " sleep 1": "Port 587 is used by another instance of Postfix",
    "perl -MIO::Socket::INET -e"
    " '$one = IO::Socket::INET->new(LocalPort => 465, Listen => 1); sleep 60' >&- 2>&- &"
    " sleep 1": "Port 465 is used by perl, and Postfix needs it",
    # The last one, since Dovecot keeps running so.
    "mkdir /run/systemd/system/dovecot.service.d; cd /run/systemd/system/dovecot.service.d;"
    " printf '[Service]\nProtectSystem=strict\nReadWritePaths=/run /var/lib /var/spool' >own.conf;"
    " systemctl daemon-reload; systemctl restart dovecot": "Run: install -d -o 5000 -g 5000 -m 0750"
    " /var/vmail - and then: systemctl edit dovecot.service - add",
}
"""Commands, and what `apply` says then."""


RUNNING = """\
set -- $(cat /var/spool/postfix/pid/master.pid /run/dovecot/master.pid)
kill -0 $1 $2 && echo $1 $2
"""


def assert_named_before_anything_stops(host: MailHost) -> None:
    host.export()
    host.machine.run(["sh", "-c", "rm /etc/dovecot/conf.d/zz-own.conf; cp -a /etc /root"])
    for command, sentence in UNUSABLE.items():
        host.machine.run(["sh", "-c", f"cd /etc/dovecot; {command}"])
        running = host.machine.run(["sh", "-c", RUNNING]).stdout
        done = host.apply("--take-over", check=False)
        assert (done.returncode, sentence in done.stderr) == (1, True), done.stderr
        assert host.machine.run(["sh", "-c", RUNNING]).stdout == running
        host.machine.run(["sh", "-c", "rm -rf /etc/dovecot; cp -a /root/etc/* /etc"])


LIKE_OURS = f"""\
install -d -o 5000 /var/vmail
cp {BUNDLE}/etc/postfix/mailadmin/domains.cf /etc/postfix/others.cf
postconf -e virtual_mailbox_domains=proxy:sqlite:/etc/postfix/others.cf
"""


@pytest.mark.parametrize("fresh", ONE_HOST, indirect=True)
def test_a_map_that_cannot_be_listed_is_asked_for_domains_of_the_panel(fresh: MailHost) -> None:
    (fresh.machine / "etc/mailname").write_text(f"{DOMAIN}\n")
    fresh.machine.run(["postconf", "-e", "myorigin = /etc/mailname"])
    root = f"goes to root@{DOMAIN} (myorigin), which the panel doesn't have"
    assert root not in fresh.apply("--dry-run").stdout
    fresh.manage("createdomain", DOMAIN)
    fresh.create(ANNA)
    assert root in fresh.apply("--dry-run").stdout
    fresh.alias(f"root@{DOMAIN}", ANNA.address)
    assert root not in fresh.apply("--dry-run").stdout
    fresh.machine.run(["sh", "-c", LIKE_OURS])
    others, same, *_ = said(fresh, "$myhostname")
    assert "those domains in proxy:sqlite:/etc/postfix/others.cf that the panel doesn't" in others
    assert f"The mail for {DOMAIN} is delivered by virtual" in same
