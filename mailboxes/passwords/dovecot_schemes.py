"""Dovecot's {SCHEME} hashes: how each is decoded, recognized and verified."""

import hashlib
import hmac
import os
import re
from base64 import b64decode, b64encode
from binascii import unhexlify
from collections.abc import Callable

from passlib.crypto.digest import lookup_hash

from mailboxes.passwords import cram_md5
from mailboxes.passwords.unix_crypt import (
    CRYPT_NAMES,
    argon2,
    crypt_scheme,
    md5_any_salt,
    verify_crypt,
)

# A stored hash may demand any amount of work. One that would take more than about half a second
# counts as unknown, here and in the patterns of `unix_crypt`: bcrypt from a cost of 13 on.
MAX_ROUNDS = 999_999
SCRAM_ROUNDS = 4096  # what Dovecot writes, and the minimum that it accepts
Verifier = Callable[[bytes, bytes, str], bool]
"""Compares a password with what follows the prefix; the string is the mailbox's address."""


def verify_plain(password: bytes, raw: bytes, user: str) -> bool:
    return hmac.compare_digest(password, raw)


def verify_plain_trunc(password: bytes, raw: bytes, user: str) -> bool:
    """Compare with `8-password`: a prefix of just that length fits all that starts with it."""
    length, _, start = raw.partition(b"-")
    cut = password[: len(start)] if len(start) == int(length) else password
    return bool(start) and hmac.compare_digest(cut, start)


def verify_cram_md5(password: bytes, raw: bytes, user: str) -> bool:
    return hmac.compare_digest(cram_md5.key(password), raw)


def digest(algorithm: str, salted: bool = False) -> Verifier:
    """Return the verifier of digest(password), or of digest(password + salt) + salt."""
    info = lookup_hash(algorithm)

    def verify(password: bytes, raw: bytes, user: str) -> bool:
        summed, salt = raw[: info.digest_size], raw[info.digest_size :]
        made = info.const(password + salt).digest()
        return bool(salt) is salted and hmac.compare_digest(made, summed)

    return verify


md5, salted_md5 = digest("md5"), digest("md5", salted=True)


def verify_digest_md5(password: bytes, raw: bytes, user: str) -> bool:
    name, at, realm = user.rpartition("@")
    who = f"{name}:{realm}" if at else f"{user}:"
    return md5(who.encode() + b":" + password, raw, user)


def verify_md5(password: bytes, raw: bytes, user: str) -> bool:
    """Check {MD5}, which is md5-crypt in Dovecot and a digest everywhere else."""
    if raw.startswith(b"$1$"):
        return verify_crypt(password, raw, user)
    return md5(password, decode(raw.decode(), "", 16), user)


def verify_pbkdf2(password: bytes, raw: bytes, user: str) -> bool:
    start, version, salt, rounds, key = raw.split(b"$")
    if (start, version) != (b"", b"1") or int(rounds) > MAX_ROUNDS:
        return False
    made = hashlib.pbkdf2_hmac("sha1", password, salt, int(rounds))
    return hmac.compare_digest(made, unhexlify(key))


def scram_keys(algorithm: str, password: bytes, salt: bytes, rounds: int) -> tuple[bytes, bytes]:
    """Return the stored key and the server key of RFC 5802."""
    salted = hashlib.pbkdf2_hmac(algorithm, password, salt, rounds)
    client = hmac.digest(salted, b"Client Key", algorithm)
    return hashlib.new(algorithm, client).digest(), hmac.digest(salted, b"Server Key", algorithm)


def scram(algorithm: str) -> Verifier:
    def verify(password: bytes, raw: bytes, user: str) -> bool:
        rounds, salt, stored_key, _ = raw.split(b",")
        if not SCRAM_ROUNDS <= int(rounds) <= MAX_ROUNDS:
            return False
        made, _ = scram_keys(algorithm, password, b64decode(salt, validate=True), int(rounds))
        return hmac.compare_digest(made, b64decode(stored_key, validate=True))

    return verify


def write_scram(password: bytes) -> str:
    salt = os.urandom(16)
    keys = scram_keys("sha256", password, salt, SCRAM_ROUNDS)
    parts = (b64encode(part).decode() for part in (salt, *keys))
    return "{SCRAM-SHA-256}" + ",".join((str(SCRAM_ROUNDS), *parts))


# Dovecot's names for the schemes, including synonyms. The number is how many bytes are
# written as hex or base64, 0 if that varies; None is a scheme that stores text.
PREFIXED_SCHEMES: dict[str, tuple[int | None, Verifier]] = {
    name: (size, check)
    for names, size, check in (
        ("CRYPT BLF-CRYPT SHA512-CRYPT SHA256-CRYPT MD5-CRYPT DES-CRYPT", None, verify_crypt),
        ("ARGON2 ARGON2I ARGON2ID", None, verify_crypt),
        ("PLAIN CLEAR CLEARTEXT", None, verify_plain),
        ("PLAIN-TRUNC", None, verify_plain_trunc),
        ("CRAM-MD5 HMAC-MD5", 32, verify_cram_md5),
        ("DIGEST-MD5", 16, verify_digest_md5),
        ("SCRAM-SHA-1", None, scram("sha1")),
        ("SCRAM-SHA-256", None, scram("sha256")),
        ("PBKDF2", None, verify_pbkdf2),
        ("PLAIN-MD4", 16, digest("md4")),
        ("PLAIN-MD5 LDAP-MD5 MD5RAW", 16, md5),
        ("MD5", None, verify_md5),
        ("SMD5", 0, salted_md5),
        ("SHA SHA1", 20, digest("sha1")),
        ("SSHA", 0, digest("sha1", salted=True)),
        ("SHA256", 32, digest("sha256")),
        ("SSHA256", 0, digest("sha256", salted=True)),
        ("SHA512", 64, digest("sha512")),
        ("SSHA512", 0, digest("sha512", salted=True)),
    )
    for name in names.split()
}
PREFIXED = re.compile(
    rf"\{{({'|'.join(PREFIXED_SCHEMES)})(?:\.(B64|BASE64|HEX))?\}}(.+)", re.A | re.I
)


def decode(text: str, encoding: str, size: int | None) -> bytes:
    """Return the bytes; without an explicit encoding, the length determines it, as in Dovecot."""
    if not encoding and size is None:
        return text.encode()
    if encoding.upper() == "HEX" or (not encoding and size and len(text) == 2 * size):
        return unhexlify(text)
    return b64decode(text, validate=True)


STRICT = ("BLF-CRYPT", "MD5-CRYPT")
SCRAM_TEXT = r"(409[6-9]|4[1-9]\d\d|[5-9]\d{3}|\d{5,6}),#+={0,2},"
# What must follow the name, decoded, for Dovecot to compare it at all.
CONTENTS = {
    name: re.compile(text.replace("#", "[A-Za-z0-9+/]").encode(), re.S)
    for names, text in (
        ("PLAIN CLEAR CLEARTEXT", ".+"),
        ("PLAIN-TRUNC", r"\d+-.+"),
        ("CRAM-MD5 HMAC-MD5 SHA256", ".{32}"),
        ("DIGEST-MD5 PLAIN-MD4 PLAIN-MD5 LDAP-MD5", ".{16}"),
        ("MD5", rf"{md5_any_salt.pattern.pattern}|[0-9A-Fa-f]{{32}}|#{{22}}=="),
        ("SMD5", ".{17,}"),
        ("SHA SHA1", ".{20}"),
        ("SSHA", ".{21,}"),
        ("SSHA256", ".{33,}"),
        ("SHA512", ".{64}"),
        ("SSHA512", ".{65,}"),
        ("SCRAM-SHA-1", rf"{SCRAM_TEXT}#{{27}}=,#{{27}}="),
        ("SCRAM-SHA-256", rf"{SCRAM_TEXT}#{{43}}=,#{{43}}="),
        ("PBKDF2", r"\$1\$[^$]+\$\d{1,6}\$[0-9A-Fa-f]{40}"),
        ("ARGON2 ARGON2I ARGON2ID", argon2.pattern.pattern),
    )
    for name in names.split()
}
MAY_BE_OPEN = re.compile(
    r"\{(PLAIN|CLEAR|CLEARTEXT|PLAIN-TRUNC)(?:\.(B64|BASE64|HEX))?\}(.*)", re.A | re.I
)
HEX_MD5 = re.compile("[0-9A-Fa-f]{32}")


def dovecot_scheme(stored: str) -> str:
    """Return the scheme that Dovecot checks the hash with, or an empty string if nothing fits it.

    The exported queries read a hash without a name as crypt(3), and 32 hex digits as {PLAIN-MD5}.
    """
    found = PREFIXED.fullmatch(stored)
    if found:
        return prefixed_scheme(found[1].upper(), found[2] or "", found[3])
    return "PLAIN-MD5" if HEX_MD5.fullmatch(stored) else crypt_scheme(stored)


def prefixed_scheme(name: str, encoding: str, text: str) -> str:
    try:
        raw = decode(text, encoding, PREFIXED_SCHEMES[name][0])
        read = crypt_scheme(raw.decode()) if name in CRYPT_NAMES else ""
    except ValueError:
        return ""
    if name in CONTENTS:
        return name if CONTENTS[name].fullmatch(raw) else ""
    if name in STRICT and read != name:
        return ""
    return name if read and name == "DES-CRYPT" else read


def is_open_to_anyone(stored: str) -> bool:
    """Say whether Dovecot lets any password in, or an empty one: it does if no text is left."""
    found = MAY_BE_OPEN.fullmatch(stored)
    try:
        raw = decode(found[3], found[2] or "", None) if found else b"x"
    except ValueError:
        return False
    is_cut = found is not None and found[1].upper() == "PLAIN-TRUNC"
    return re.fullmatch(b"0*-" if is_cut else b"", raw) is not None


def crypt_text(stored: str) -> str:
    """Return a known hash as crypt(3) reads it; other hashes give a text that it can't read."""
    found = PREFIXED.fullmatch(stored)
    if not found:
        return stored
    return decode(found[3], found[2] or "", PREFIXED_SCHEMES[found[1].upper()][0]).decode(
        errors="replace"
    )


def verify_prefixed(password: bytes, stored: str, user: str) -> bool:
    [(name, encoding, text)] = PREFIXED.findall(stored)
    size, check = PREFIXED_SCHEMES[name.upper()]
    return check(password, decode(text, encoding, size), user)
