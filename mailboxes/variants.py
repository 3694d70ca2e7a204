"""What is known of the login chains V1 and V2 and of the Debian releases they run on."""

from collections.abc import Mapping
from dataclasses import dataclass

from mailboxes.errors import gettext_noop as _


@dataclass(frozen=True)
class Scheme:
    """A form in which a variant's daemons can verify a password."""

    name: str
    """As MAIL_PASSWORD_SCHEME says it; for V2 also Dovecot's name of it."""

    handler: str
    """The handler in `hashes` that writes it."""

    mechanisms: tuple[str, ...]
    """What the daemons may offer when every row is of this scheme; one that some row cannot
    serve breaks the clients that pick it."""

    weakness: str
    """What an administrator must know before choosing it; empty if nothing."""

    pam_crypt: int | None = None
    """pam_mysql's `crypt=`, where PAM is part of the chain."""

    longest: int = 255
    """The longest password in bytes (saslauthd refuses 257, bcrypt sees only 72)."""


@dataclass(frozen=True)
class Variant:
    """One of the two login chains of the recipe."""

    name: str
    title: str
    schemes: Mapping[str, Scheme]

    @property
    def default_scheme(self) -> Scheme:
        return next(iter(self.schemes.values()))


@dataclass(frozen=True)
class Release:
    """An operating system release whose daemons the export is written for."""

    name: str
    title: str

    codename: str
    """As the machine's own /etc/os-release has it."""

    dovecot: str
    """Its Dovecot's version; the configuration of another one is not read."""

    weak: frozenset[str]
    """The schemes that its Dovecot knows and refuses, unless `auth_allow_weak_schemes` is set."""

    one_port: bool
    """Whether its Dovecot asks all database hosts on the same port."""


PLAIN = ("PLAIN", "LOGIN")


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
            _(
                "MD5 without salt: whoever copies the table tries billions of passwords a second, "
                "and equal passwords look equal."
            ),
            pam_crypt=3,
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
            _(
                "CRAM-MD5 without salt: fast to search, and a copied row signs in by CRAM-MD5 as "
                "it is. Guard the table like clear text."
            ),
        ),
        Scheme("SHA512-CRYPT", "dovecot_sha512_crypt", PLAIN, ""),
        Scheme("BLF-CRYPT", "dovecot_blf_crypt", PLAIN, "", longest=72),
        Scheme("ARGON2ID", "dovecot_argon2id", PLAIN, ""),
        Scheme("SCRAM-SHA-256", "dovecot_scram_sha_256", (*PLAIN, "SCRAM-SHA-256"), ""),
    ),
)
VARIANTS = {variant.name: variant for variant in (V1, V2)}

DEBIAN12 = Release(
    "debian12", "Debian 12 (bookworm)", "bookworm", "2.3", weak=frozenset(), one_port=True
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
)
RELEASES = {release.name: release for release in (DEBIAN12, DEBIAN13)}
