"""Why a port has no TLS, and which command gives it a certificate again."""

import smtplib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailboxes.doctor import certificate
from mailboxes.doctor.access import Output, Runner
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.remedies import APPLY_AND_RESTART
from tests.doctor.conftest import as_root

REFUSED = smtplib.SMTPResponseException(454, b"TLS not available")


def postfix(cert: str, key: str, chain: str = "", keys: tuple[str, str] = ("k", "k")) -> Runner:
    """Return what answers for postconf and openssl; an empty key stands for a file that isn't."""

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        if command[0] == "postconf":
            return Output(0, f"{chain}\n{cert}\n{key}\n", "")
        if command[0] != "openssl":
            return Output(0, "", "")
        found = keys[command[1] == "pkey"]
        error = f"Can't open {command[-1]}: No such file\nmore"
        return Output(0, found, "") if found else Output(1, "", error)

    return run


@pytest.mark.parametrize(
    ("runner", "code", "words"),
    [
        (postfix("", ""), "certificate", "Postfix has no certificate"),
        (postfix("/c", "/k", keys=("", "k")), "certificate", "/c can't be used: Can't open /c"),
        (postfix("/c", "/k", keys=("k", "")), "certificate", "/k can't be used: Can't open /k"),
        (postfix("/c", "/k", keys=("k", "x")), "key", "the key in /k isn't that of the"),
        (postfix("/c", "/k"), "tls", "TLS not available"),
        (postfix("", "", "/key.pem, /chain.pem", ("k", "")), "tls", "TLS not available"),
        (postfix("", "", "/chain.pem", ("k", "")), "certificate", "/chain.pem can't be used"),
    ],
)
def test_what_keeps_a_port_from_tls_is_named_with_its_file(
    examination: Examination, runner: Runner, code: str, words: str
) -> None:
    found = certificate.no_tls(as_root(examination, runner), 587, REFUSED, APPLY_AND_RESTART)
    assert found.code == f"ports.587.{code}" and words in found.seen
    assert found.remedy.command and "file= " not in found.remedy.command


SNAKEOIL = (certificate.SELF_SIGNED, certificate.SELF_SIGNED_KEY)
LIVE = "/etc/letsencrypt/live/mail.example.test/fullchain.pem"
OWN = f"smtpd_tls_cert_file={SNAKEOIL[0]} smtpd_tls_key_file={SNAKEOIL[1]}"


def openssl(path: str, key: str, certificates: dict[str, str], keys: dict[str, str]) -> Runner:
    """Return what answers for a host that has these files, with the public key in each."""

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        if command[0] == "postconf":
            return Output(0, f"\n{path}\n{key}\n", "")
        if command[0] == "find":
            return Output(0, "\n".join(keys), "")
        found = {"x509": certificates, "pkey": keys}.get(command[1], {}).get(command[-1])
        return Output(0, found, "") if found else Output(1, "", "Could not find certificate")

    return run


@pytest.mark.parametrize(
    ("path", "key", "certificates", "keys", "mending"),
    [
        ("/k", "/c", {"/c": "1"}, {"/k": "1"}, "smtpd_tls_cert_file=/c smtpd_tls_key_file=/k"),
        ("/c", "/k", {"/c": "1"}, {"/k": "2", "/x.key": "1"}, "smtpd_tls_key_file=/x.key "),
        ("/c", "/k", {"/c": "1"}, {"/k": "2"}, OWN),
        ("/c", "/k", {}, {"/k": "2"}, OWN),
        ("/c", "/k", {"/c": "1"}, {}, OWN),
        (*SNAKEOIL, {}, {SNAKEOIL[1]: "1"}, "--force-overwrite"),
        (*SNAKEOIL, {SNAKEOIL[0]: "1"}, {SNAKEOIL[1]: "2"}, "--force-overwrite"),
        (SNAKEOIL[0], "/k", {SNAKEOIL[0]: "1"}, {"/k": "2"}, OWN),
        ("/c", SNAKEOIL[1], {"/c": "1"}, {SNAKEOIL[1]: "2"}, OWN),
        (LIVE, "/k", {}, {"/k": "2"}, "certbot renew --force-renewal --cert-name mail.exam"),
    ],
)
def test_the_command_puts_a_certificate_and_its_own_key_together(
    examination: Examination,
    path: str,
    key: str,
    certificates: dict[str, str],
    keys: dict[str, str],
    mending: str,
) -> None:
    here = as_root(examination, openssl(path, key, certificates, keys))
    found = certificate.unusable(here, 587)
    assert found and mending in found.remedy.command
    own = replace(here, host=replace(here.host, certificate="/set", certificate_key="/key"))
    found = certificate.unusable(own, 587)
    assert found and ("--force-overwrite" in mending or found.remedy == APPLY_AND_RESTART)


def test_what_apply_would_refuse_is_mended_in_the_settings(examination: Examination) -> None:
    host = replace(examination.host, certificate="/k", certificate_key="/c")
    runner = openssl("/k", "/c", {"/c": "1"}, {"/k": "1"})
    here = replace(as_root(examination, runner), host=host)
    found = certificate.unusable(here, 587)
    assert found and "Swap MAIL_TLS_CERT and MAIL_TLS_KEY" in str(found.remedy.advice)


def test_files_that_postconf_cannot_read_have_no_certificate(examination: Examination) -> None:
    failing = as_root(examination, lambda command, input="", user="": Output(1, "", "fatal"))
    assert certificate.in_use(failing) == ("", "")


def certificate_of(days: tuple[int, int]) -> x509.Certificate:
    """Return one for the mail host that is valid from and until so many days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.test")])
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    first, last = (now + timedelta(days=each) for each in days)
    builder = builder.not_valid_before(first).not_valid_after(last)
    names = x509.SubjectAlternativeName([x509.DNSName("mail.example.test")])
    return builder.add_extension(names, critical=False).sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    ("days", "path", "code", "command"),
    [
        ((-9, 90), "/c", "", ""),
        ((-9, 3), "/c", "expires", "systemctl restart dovecot postfix"),
        ((-9, -3), "/c", "expired", f"postconf -e {OWN} && "),
        ((3, 90), "/c", "early", f"postconf -e {OWN} && "),
        ((-9, -3), SNAKEOIL[0], "expired", "make-ssl-cert generate-default-snakeoil --force"),
        ((-9, -3), LIVE, "expired", "certbot renew --cert-name mail.example.test && "),
    ],
)
def test_a_certificate_that_is_over_or_not_valid_yet_is_replaced_for_now(
    examination: Examination, days: tuple[int, int], path: str, code: str, command: str
) -> None:
    here = as_root(examination, postfix(path, "/k"))
    here.host = replace(here.host, hostname="mail.example.test", certificate="")
    found = list(certificate.check(here, certificate_of(days), 587))
    assert [each.code for each in found] == ([f"ports.587.{code}"] if code else [])
    if found and code != "expires":
        assert found[0].remedy.command.startswith(command)


def test_a_certificate_of_the_settings_is_replaced_where_it_is(examination: Examination) -> None:
    here = as_root(examination, postfix("/c", "/k"))
    here.host = replace(here.host, certificate="/c", certificate_key="/k")
    linked = "ln -sf --backup=numbered"
    both = f"{linked} {SNAKEOIL[0]} /c && {linked} {SNAKEOIL[1]} /k && "
    assert certificate.stand_in(here, 587).command.startswith(both)


def test_only_the_certificate_in_use_is_renewed(examination: Examination) -> None:
    path = "/etc/letsencrypt/live/mail.example.test/fullchain.pem"
    host = replace(examination.host, certificate=path)
    remedy = certificate.renew(replace(examination, host=host))
    expected = "certbot renew --cert-name mail.example.test && systemctl restart dovecot postfix"
    assert remedy.command == expected
    assert "MAIL_TLS_CERT" not in str(certificate.renew(examination).advice)
