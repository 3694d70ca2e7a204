"""The login chains V1 and V2, and the Debian releases that they run on, as constants."""

from collections.abc import Mapping
from dataclasses import dataclass

from mailboxes.errors import gettext_noop


@dataclass(frozen=True)
class Scheme:
    """A password scheme that a variant's daemons can verify."""

    name: str
    """Its value in MAIL_PASSWORD_SCHEME."""

    handler: str
    """The handler in `passwords.hashers` that writes it."""

    mechanisms: tuple[str, ...]
    """What the daemons may offer while every row is in this scheme; a mechanism that some row
    doesn't support breaks the clients that choose it."""

    weakness: str
    """What an administrator should know before choosing it; empty for a strong scheme."""

    alias: str = ""
    """Dovecot's name for the scheme, if it is another one."""

    pam_crypt: int | None = None
    """pam_mysql's `crypt=`, where PAM is part of the chain."""

    max_bytes: int = 255
    """The length limit of a password (saslauthd refuses 257 bytes, bcrypt only reads 72)."""


@dataclass(frozen=True)
class Variant:
    """One of the two login chains."""

    name: str
    title: str
    schemes: Mapping[str, Scheme]

    @property
    def default_scheme(self) -> Scheme:
        return next(iter(self.schemes.values()))


@dataclass(frozen=True)
class Release:
    """An operating system release that configuration is exported for."""

    name: str
    title: str

    codename: str
    """VERSION_CODENAME in the machine's /etc/os-release."""

    dovecot: str
    """The version of its Dovecot, which can't read the configuration of any other version."""

    weak: frozenset[str]
    """The schemes that its Dovecot refuses unless `auth_allow_weak_schemes` is set."""

    one_port: bool
    """Whether its Dovecot can only use the same port for all database hosts."""

    one_host: bool
    """Whether its Dovecot crashes while one of several database hosts can't be reached."""


PLAIN = ("PLAIN", "LOGIN")
PAM_MD5 = 3
"""pam_mysql's `crypt=` for the output of MySQL's MD5()."""


def by_name(*schemes: Scheme) -> dict[str, Scheme]:
    return {scheme.name: scheme for scheme in schemes}


V1 = Variant(
    "v1",
    "Postfix, saslauthd, PAM, MySQL",
    by_name(
        Scheme(
            "MD5",
            "mysql_md5",
            PLAIN,
            gettext_noop(
                "MD5 has no salt: anyone with a copy of the table can try billions of passwords a "
                "second, and equal passwords have equal hashes."
            ),
            alias="PLAIN-MD5",
            pam_crypt=PAM_MD5,
        ),
        Scheme("SHA512-CRYPT", "sha512_crypt", PLAIN, "", pam_crypt=1),
    ),
)
V2 = Variant(
    "v2",
    "Postfix, Dovecot, SQL",
    by_name(
        Scheme(
            "CRAM-MD5",
            "dovecot_cram_md5",
            (*PLAIN, "CRAM-MD5"),
            gettext_noop(
                "CRAM-MD5 has no salt: anyone with a copy of the table can try passwords quickly, "
                "and a copied row is enough to sign in with CRAM-MD5. Protect the table as if it "
                "contained clear-text passwords."
            ),
        ),
        Scheme("SHA512-CRYPT", "dovecot_sha512_crypt", PLAIN, ""),
        Scheme("BLF-CRYPT", "dovecot_blf_crypt", PLAIN, "", max_bytes=72),
        Scheme("ARGON2ID", "dovecot_argon2id", PLAIN, ""),
        Scheme("SCRAM-SHA-256", "dovecot_scram_sha_256", (*PLAIN, "SCRAM-SHA-256"), ""),
    ),
)
VARIANTS = {variant.name: variant for variant in (V1, V2)}

DEBIAN12 = Release(
    "debian12",
    "Debian 12 (bookworm)",
    "bookworm",
    "2.3",
    weak=frozenset(),
    one_port=True,
    one_host=False,
)
DEBIAN13 = Release(
    "debian13",
    "Debian 13 (trixie)",
    "trixie",
    "2.4",
    frozenset(
        ("PLAIN-MD4", "PLAIN-MD5", "LDAP-MD5", "SMD5", "MD5", "MD5-CRYPT", "DES-CRYPT", "HMAC-MD5")
    ),
    one_port=False,
    one_host=True,
)
RELEASES = {release.name: release for release in (DEBIAN12, DEBIAN13)}
