"""A stored hash, taken apart: so that a hash of it can be kept instead, and still be checked."""

import re
from base64 import b64decode, b64encode

import crypt_r
from passlib.crypto.digest import lookup_hash

from mailboxes.passwords import cram_md5
from mailboxes.passwords.dovecot_schemes import (
    PREFIXED,
    PREFIXED_SCHEMES,
    crypt_text,
    decode,
    dovecot_scheme,
)
from mailboxes.passwords.schemes import CLEAR_TEXT, MD5RAW
from mailboxes.passwords.unix_crypt import CRYPT_NAMES

DIGESTS = {
    "PLAIN-MD4": "md4",
    **dict.fromkeys(("MD5", "PLAIN-MD5", "LDAP-MD5", "SMD5"), "md5"),
    **dict.fromkeys(("SHA", "SHA1", "SSHA"), "sha1"),
    **dict.fromkeys(("SHA256", "SSHA256"), "sha256"),
    **dict.fromkeys(("SHA512", "SSHA512"), "sha512"),
}
DIGEST_SETTING = re.compile("(md4|md5|sha1|sha256|sha512),(.*)")
CRAM_MD5 = ("CRAM-MD5", "HMAC-MD5")


def separate(stored: str) -> tuple[str, str] | None:
    """Return the setting of a hash, such as its salt, and its result; None for other schemes."""
    stored = MD5RAW.sub("{LDAP-MD5", stored)
    scheme = dovecot_scheme(stored)
    if scheme in CRYPT_NAMES or (scheme == "MD5" and crypt_text(stored).startswith("$1$")):
        text = crypt_text(stored)
        return crypt_setting(text), text
    if scheme in CLEAR_TEXT:
        return "clear", decoded(stored).hex()
    if scheme in CRAM_MD5:
        return "cram", decoded(stored).hex()
    if scheme in DIGESTS:
        raw, size = decoded(stored), lookup_hash(DIGESTS[scheme]).digest_size
        return f"{DIGESTS[scheme]},{b64encode(raw[size:]).decode()}", raw[:size].hex()
    return None


def recompute(password: str, setting: str) -> str:
    """Return the result of this password with the setting; nothing if it can't be one."""
    if "\0" in password:  # HMAC pads with it
        return ""
    secret = password.encode()
    if setting == "clear":
        return secret.hex()
    if setting == "cram":
        return cram_md5.key(secret).hex()
    if found := DIGEST_SETTING.fullmatch(setting):
        return str(lookup_hash(found[1]).const(secret + b64decode(found[2])).hexdigest())
    try:
        return str(crypt_r.crypt(password, setting))
    except OSError:  # more than 512 bytes
        return ""


def crypt_setting(text: str) -> str:
    """Return what stands before the result: for bcrypt 22 letters of salt, for DES two."""
    if text.startswith("$2"):
        return text[:29]
    return text[: text.rindex("$") + 1] if text.startswith("$") else text[:2]


def decoded(stored: str) -> bytes:
    """Return the bytes of a hash that isn't one of crypt(3)."""
    found = PREFIXED.fullmatch(stored)
    if not found:
        return decode(stored, "HEX", None)
    name = found[1].upper()
    raw = decode(found[3], found[2] or "", PREFIXED_SCHEMES[name][0])
    return decode(raw.decode(), "", 16) if name == "MD5" else raw
