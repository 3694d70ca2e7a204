"""SMTP and IMAP clients with their own SASL, which return the server's answers."""

import base64
import hashlib
import hmac
import imaplib
import poplib
import smtplib
import ssl
from collections.abc import Callable, Generator
from secrets import token_hex

from tests.machine import Machine

Exchange = Generator[bytes, bytes, None]


def plain(user: bytes, password: bytes) -> Exchange:
    yield b""
    yield b"\0" + user + b"\0" + password


def login(user: bytes, password: bytes) -> Exchange:
    yield b""
    yield user
    yield password


def cram_md5(user: bytes, password: bytes) -> Exchange:
    challenge = yield b""
    yield user + b" " + hmac.new(password, challenge, "md5").hexdigest().encode()


def scram_sha_256(user: bytes, password: bytes) -> Exchange:
    """RFC 5802 without channel binding; also checks that the server knows the password."""
    yield b""
    name = user.replace(b"=", b"=3D").replace(b",", b"=2C")
    first = b"n=" + name + b",r=" + token_hex(12).encode()
    server_first = yield b"n,," + first
    nonce, salt, rounds = (part[2:] for part in server_first.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(salt), int(rounds))
    key = hmac.digest(salted, b"Client Key", "sha256")
    last = b"c=biws,r=" + nonce
    signed = b",".join((first, server_first, last))
    signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
    proof = bytes(mine ^ theirs for mine, theirs in zip(key, signature, strict=True))
    server_last = yield last + b",p=" + base64.b64encode(proof)
    verifier = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
    assert server_last == b"v=" + base64.b64encode(verifier), "The server is not who it says."
    yield b""


MECHANISMS: dict[str, Callable[[bytes, bytes], Exchange]] = {
    "PLAIN": plain,
    "LOGIN": login,
    "CRAM-MD5": cram_md5,
    "SCRAM-SHA-256": scram_sha_256,
}


def any_certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without loading the authorities
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connect(machine: Machine, port: int = 25) -> smtplib.SMTP:
    """Connect without TLS and send EHLO."""
    with machine.network():
        smtp = smtplib.SMTP("127.0.0.1", port, local_hostname="client.test", timeout=30)
    smtp.ehlo()
    return smtp


def submission(machine: Machine) -> smtplib.SMTP:
    """Connect to port 587 and start TLS, as mail clients do."""
    smtp = connect(machine, 587)
    try:
        smtp.starttls(context=any_certificate())
    except (smtplib.SMTPException, OSError):
        smtp.close()
        raise
    smtp.ehlo()
    return smtp


def submissions(machine: Machine) -> smtplib.SMTP:
    """Connect to port 465, where TLS starts at once."""
    with machine.network():
        smtp = smtplib.SMTP_SSL(
            "127.0.0.1", 465, "client.test", timeout=30, context=any_certificate()
        )
    smtp.ehlo()
    return smtp


def mechanisms(smtp: smtplib.SMTP) -> set[str]:
    return set(smtp.esmtp_features.get("auth", "").split())


def smtp_auth(smtp: smtplib.SMTP, mechanism: str, address: str, password: str) -> int:
    """Sign in and return the last reply code: 235 is a success."""
    exchange = MECHANISMS[mechanism](address.encode(), password.encode())
    next(exchange)
    code, text = smtp.docmd("AUTH", mechanism)
    while code == 334:
        answer = exchange.send(base64.b64decode(text))
        code, text = smtp.docmd(base64.b64encode(answer).decode())
    return code


def smtp_login(machine: Machine, mechanism: str, address: str, password: str) -> int:
    """Sign in on a new connection; return the last reply code."""
    with submission(machine) as smtp:
        return smtp_auth(smtp, mechanism, address, password)


def imap(machine: Machine) -> imaplib.IMAP4:
    with machine.network():
        return imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=any_certificate(), timeout=30)


def pop3_accepts(machine: Machine, address: str, password: str) -> bool:
    """Say whether POP3 on port 995 accepts this login."""
    with machine.network():
        session = poplib.POP3_SSL("127.0.0.1", 995, context=any_certificate(), timeout=30)
    try:
        session.user(address)
        session.pass_(password)
        return True
    except poplib.error_proto:
        return False
    finally:
        session.close()


def imap_auth(session: imaplib.IMAP4, mechanism: str, address: str, password: str) -> bool:
    exchange = MECHANISMS[mechanism](address.encode(), password.encode())
    next(exchange)
    try:
        session.authenticate(mechanism, exchange.send)
    except session.error:
        return False
    return True


def imap_login(machine: Machine, mechanism: str, address: str, password: str) -> bool:
    """Say whether IMAP accepts this login."""
    session = imap(machine)
    try:
        return imap_auth(session, mechanism, address, password)
    finally:
        session.logout()


def imap_subjects(machine: Machine, address: str, password: str) -> list[str]:
    """Return the subjects in the inbox, read over IMAP."""
    session = imap(machine)
    try:
        assert imap_auth(session, "PLAIN", address, password)
        _, (count, *_) = session.select(readonly=True)
        if count == b"0":
            return []
        _, found = session.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        return [
            part[1].decode(errors="replace").removeprefix("Subject: ").strip()
            for part in found
            if isinstance(part, tuple)
        ]
    finally:
        session.logout()
