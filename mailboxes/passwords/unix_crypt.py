"""The hashes of crypt(3), and of Argon2, which Dovecot passes on like them."""

import hmac
import re

import crypt_r
import passlib.hash
from passlib.context import CryptContext

from mailboxes.passwords.passlib_handlers import (
    Handler,
    TruncatingBcrypt,
    compile_pattern,
    restricted,
)

# bcrypt's salt and checksum end in characters without stray bits. crypt(3) writes no others, so a
# hash with such bits fits no password there either.
bcrypt = restricted(
    TruncatingBcrypt, r"\$2[aby]\$(0[4-9]|1[0-2])\$~{21}[.Oeu]~{30}[.CGKOSWaeimquy26]"
)
SHA512 = r"\$6\$(rounds=[1-9]\d{3,5}\$)?~{0,16}\$~{86}"
SHA256 = r"\$5\$(rounds=[1-9]\d{3,5}\$)?~{0,16}\$~{43}"
MD5 = r"\$1\$~{0,8}\$~{22}"
sha512_crypt = restricted(passlib.hash.sha512_crypt, SHA512, rounds=20_000)
sha256_crypt = restricted(passlib.hash.sha256_crypt, SHA256)
md5_crypt = restricted(passlib.hash.md5_crypt, MD5)
des_crypt = restricted(passlib.hash.des_crypt, r"~{13}")
argon2 = restricted(
    passlib.hash.argon2,
    r"\$argon2id?\$v=19\$m=(\d{1,5},t=\d|1\d{5},t=[1-4]|2\d{5},t=[12]),p=\d(\$#{11,86}){2}",
    # What `doveadm pw` writes. 64 MiB fits in the 256 MiB that Dovecot gives an auth process.
    type="ID",
    memory_cost=65536,
    rounds=3,
    parallelism=1,
)


def verify_with_crypt(password: bytes, stored: str, user: str) -> bool:
    return hmac.compare_digest(crypt_r.crypt(password.decode(), stored), stored)


yescrypt = Handler(
    "yescrypt",
    compile_pattern(r"\$(g?y\$j[7-9AB][5T]\$|7\$[6-9A-C]U\.{4}/\.{4})~{1,86}\$~{43}"),
    verify_with_crypt,
)


def any_salt(name: str, pattern: str) -> Handler:
    """Return a handler for salts of other letters, such as PostfixAdmin's `sha512.b64` makes."""
    return Handler(
        f"{name}_any_salt", compile_pattern(pattern.replace("~", "@", 1)), verify_with_crypt
    )


sha512_any_salt = any_salt("sha512_crypt", SHA512)
sha256_any_salt = any_salt("sha256_crypt", SHA256)
md5_any_salt = any_salt("md5_crypt", MD5)
# Those for any salt last: passlib's own are tried first.
CRYPT_HANDLERS = [
    *(bcrypt, sha512_crypt, sha256_crypt, md5_crypt, des_crypt, yescrypt, argon2),
    *(sha512_any_salt, sha256_any_salt, md5_any_salt),
]
CRYPT_CONTEXT = CryptContext(CRYPT_HANDLERS)
# Dovecot's names for what crypt(3) reads. It passes any of them to crypt(3) under {CRYPT},
# {SHA512-CRYPT}, {SHA256-CRYPT} and {DES-CRYPT}.
CRYPT_NAMES = {
    "SHA512-CRYPT": (sha512_crypt, sha512_any_salt),
    "BLF-CRYPT": (bcrypt,),
    "SHA256-CRYPT": (sha256_crypt, sha256_any_salt),
    "MD5-CRYPT": (md5_crypt, md5_any_salt),
    "CRYPT": (yescrypt,),
    "DES-CRYPT": (des_crypt,),
}

# MariaDB's ENCRYPT() has written hashes without a salt, and PostfixAdmin 3.3 has always used the
# same one for md5crypt.
KNOWN_SALT = re.compile(r"\$[156]\$(rounds=\d+\$)?(c9809462)?\$")


def verify_crypt(password: bytes, raw: bytes, user: str) -> bool:
    return bool(CRYPT_CONTEXT.verify(password, raw.decode(), user=user))


def crypt_scheme(stored: str) -> str:
    """Return Dovecot's name for a hash of crypt(3), or an empty string for any other."""
    for name, handlers in CRYPT_NAMES.items():
        if any(handler.identify(stored) for handler in handlers):
            return name
    return ""


def has_known_salt(stored: str) -> bool:
    """Say whether equal passwords have equal hashes here, so that a table of hashes fits all."""
    return KNOWN_SALT.match(stored) is not None
