"""The host's certificate: served by each daemon, read again after a renewal, checked by `apply`."""

import hashlib
import ssl
from collections.abc import Iterator

import pytest

from tests import mail_clients
from tests.machine import HOSTNAME, wait_until
from tests.mailhost import MailHost, hosts

pytestmark = pytest.mark.stack

LIVE = f"/etc/letsencrypt/live/{HOSTNAME}"
CERT, KEY = f"{LIVE}/fullchain.pem", f"{LIVE}/privkey.pem"
SETTINGS = {"MAIL_TLS_CERT": CERT, "MAIL_TLS_KEY": KEY}
AGAIN = "openssl x509 -in {cert} -signkey {key} -out {cert}"
PAST = "-not_before 20190101000000Z -not_after 20200101000000Z"
HOOK = "/etc/letsencrypt/renewal-hooks/deploy/mailadmin"


def issue(mail: MailHost, name: str = HOSTNAME, days: str = "90") -> str:
    """Put a certificate in place; return its fingerprint."""
    mail.machine.run(["mkdir", "-p", LIVE])
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subject = ["-nodes", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    mail.machine.run([*request, *subject, "-days", days, "-out", CERT, "-keyout", KEY])
    pem = (mail.machine / CERT.lstrip("/")).read_text()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def served(mail: MailHost) -> set[str]:
    """Return the fingerprints of what the ports for mail clients serve."""
    sessions = [mail_clients.submission(mail.machine), mail_clients.submissions(mail.machine)]
    sockets = [session.sock for session in sessions]
    if mail.variant == "v2":
        sockets.append(mail_clients.imap(mail.machine).socket())
    found = set()
    for each in sockets:
        assert isinstance(each, ssl.SSLSocket)
        found.add(hashlib.sha256(each.getpeercert(binary_form=True) or b"").hexdigest())
        each.close()
    return found


# The daemons of a variant read a certificate alike on both releases.
ONE_OF_EACH = [
    *hosts(release="debian12", database="sqlite"),
    *hosts(release="debian13", variant="v1"),
]


@pytest.fixture
def changed(host: MailHost) -> Iterator[MailHost]:
    """A host that is configured afresh after the test, with Debian's self-signed certificate."""
    yield host
    host.machine.run(["postconf", "-X", "smtpd_tls_cert_file", "smtpd_tls_key_file"])
    host.applied = None


@pytest.mark.parametrize("host", ONE_OF_EACH, indirect=True)
def test_each_port_serves_the_certificate_and_its_successor(changed: MailHost) -> None:
    first = issue(changed)
    changed.configure(**SETTINGS)
    assert served(changed) == {first}
    second = issue(changed)
    changed.machine.run([HOOK])
    wait_until(lambda: served(changed) == {second}, "the renewed certificate")
    assert changed.unchanged()


@pytest.mark.parametrize("host", hosts(release="debian12", database="sqlite"), indirect=True)
def test_a_certificate_that_clients_would_refuse_is_named(changed: MailHost) -> None:
    changed.export(**SETTINGS)
    issue(changed, "other.example.org", "5")
    printed = changed.apply("--dry-run").stdout
    assert f"{CERT} is not for {HOSTNAME}" in printed
    assert f"{CERT} expires in less than two weeks: " in printed


@pytest.mark.parametrize("host", hosts(release="debian13", database="sqlite"), indirect=True)
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ("rm {cert}", "(MAIL_TLS_CERT) does not exist."),
        ("rm {key}", "(MAIL_TLS_KEY) does not exist."),
        ("echo x >{cert}", "is not a certificate in PEM format."),
        ("openssl genrsa -out {key} 2048", "is not the key of"),
        ("openssl ec -in {key} -out {key} -aes128 -passout pass:x", "has a passphrase"),
        # The first spelling is OpenSSL 3.5's.
        (f"{AGAIN} {PAST} || {AGAIN} -days -1", "has expired: "),
    ],
)
def test_a_certificate_that_the_daemons_cannot_use_is_refused(
    changed: MailHost, spoil: str, sentence: str
) -> None:
    changed.export(**SETTINGS)
    issue(changed)
    changed.machine.run(["sh", "-c", spoil.format(cert=CERT, key=KEY)])
    done = changed.apply(check=False)
    assert (done.returncode, done.stdout) == (1, "") and sentence in done.stderr


@pytest.mark.parametrize("host", hosts(release="debian13", database="sqlite"), indirect=True)
def test_a_certificate_of_the_host_s_own_that_is_gone_is_named(changed: MailHost) -> None:
    changed.export()
    issue(changed)
    own = [f"smtpd_tls_cert_file = {CERT}", f"smtpd_tls_key_file = {KEY}"]
    changed.machine.run(["postconf", "-e", *own])
    assert changed.apply("--dry-run").returncode == 0
    changed.machine.run(["rm", CERT])
    done = changed.apply(check=False)
    assert done.returncode == 1
    assert f"{CERT} (smtpd_tls_cert_file) does not exist." in done.stderr
