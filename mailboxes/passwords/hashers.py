"""Every password hash that PostfixAdmin, Dovecot and pam_mysql support, in one passlib context."""

from binascii import unhexlify
from collections.abc import Iterable

import passlib.hash
import passlib.utils.handlers as uh
from passlib.context import CryptContext

from mailboxes.passwords import cram_md5
from mailboxes.passwords.dovecot_schemes import (
    PREFIXED,
    SCRAM_ROUNDS,
    salted_md5,
    verify_prefixed,
    write_scram,
)
from mailboxes.passwords.passlib_handlers import Handler, compile_pattern, restricted
from mailboxes.passwords.unix_crypt import CRYPT_HANDLERS, argon2, bcrypt, sha512_crypt


def verify_ssha(password: bytes, stored: str, user: str) -> bool:
    return verify_prefixed(password, "{SSHA}" + stored, user)


def verify_joomla15(password: bytes, stored: str, user: str) -> bool:
    summed, _, salt = stored.partition(":")
    return salted_md5(password, unhexlify(summed) + salt.encode(), user)


def write_cram_md5(password: bytes) -> str:
    return write_many_cram_md5([password])[0]


def write_many_cram_md5(passwords: Iterable[bytes]) -> list[str]:
    return ["{CRAM-MD5}" + key.hex() for key in cram_md5.keys(passwords)]


# Dovecot computes it at each sign-in, and a mail client opens several connections: 10, which PHP
# and so PostfixAdmin write, costs about as much as the Argon2 of `unix_crypt`.
BCRYPT = {"ident": "2y", "rounds": 10}
SCRAM = rf"\{{SCRAM-SHA-256\}}{SCRAM_ROUNDS},#{{22}}==(,#{{43}}=){{2}}"
WRITTEN = [
    uh.PrefixWrapper("mysql_md5", restricted(passlib.hash.hex_md5, "[0-9a-f]{32}")),
    sha512_crypt,
    Handler(
        "dovecot_cram_md5",
        compile_pattern(r"\{CRAM-MD5\}[0-9a-f]{64}"),
        verify_prefixed,
        write_cram_md5,
    ),
    uh.PrefixWrapper("dovecot_sha512_crypt", sha512_crypt, prefix="{SHA512-CRYPT}"),
    uh.PrefixWrapper("dovecot_blf_crypt", bcrypt.using(**BCRYPT), prefix="{BLF-CRYPT}"),
    uh.PrefixWrapper("dovecot_argon2id", argon2, prefix="{ARGON2ID}"),
    Handler("dovecot_scram_sha_256", compile_pattern(SCRAM), verify_prefixed, write_scram),
]
# Hashes without a name last: a letter of crypt(3) or a hex digit is also one of base64.
READ = [
    Handler("dovecot", PREFIXED, verify_prefixed),
    *(handler for handler in CRYPT_HANDLERS if handler is not sha512_crypt),
    passlib.hash.hex_md5,
    passlib.hash.hex_sha1,
    passlib.hash.hex_sha256,
    passlib.hash.hex_sha512,
    passlib.hash.mysql41,
    Handler("joomla15", compile_pattern("[0-9a-f]{32}:.+"), verify_joomla15),
    Handler("ssha", compile_pattern("#{28,}={0,2}"), verify_ssha),
]
KNOWN = CryptContext(WRITTEN + READ)
