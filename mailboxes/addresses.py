"""Mail addresses and domain names: parse, check, normalize."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import idna

from mailboxes.errors import Refused, gettext_noop

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# At least two labels, none of them in the form of an IDN, the last one not a number.
ASCII_DOMAIN = re.compile(rf"(?!.*xn--)({LABEL.pattern}\.)+(?!\d+\.?$){LABEL.pattern}\.?")
# RFC 5321's atext without the characters that cause trouble in transit: / would leave the mailbox's
# folder, % and ! are old routing that Postfix still obeys, * ? $ ` | # { } ^ are special to shells
# and maps.
MAILBOX_LOCAL_PART = re.compile(r"[a-z0-9._+=&'~-]+")
TARGET_LOCAL_PART = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+", re.IGNORECASE)
MISPLACED_DOT = re.compile(r"^[.-]|\.\.|\.$")
MAX_LOCAL_PART = 64  # octets, RFC 5321 section 4.5.3.1.1
MAX_ADDRESS = 254  # octets, RFC 5321 section 4.5.3.1.3 without the angle brackets
REFUSED_DOMAIN = "refused.invalid"
"""A domain that can't exist; the local part is a sentence, see `handling`."""

NOT_ADDRESSES = ("|", '"|', "/", ":")
"""How programs, files and lists in files begin, which only aliases(5) knows."""

MAX_DOMAIN = 253  # octets, RFC 1035 section 2.3.4 as text

TOO_LONG = gettext_noop("“%(text)s…” is too long. The limit is %(limit)s characters.")
NOT_A_DOMAIN = gettext_noop(
    "“%(text)s” is not a valid domain name. A domain name consists of letters, digits and hyphens, "
    "separated by dots, such as example.org."
)
NOT_AN_ADDRESS = gettext_noop("“%(text)s” is not a valid email address. Example: anna@example.org.")
NOT_ASCII = gettext_noop(
    "“%(text)s” can't be used: the part before the @ must be ASCII, since the tables and many mail "
    "servers don't support anything else."
)
MAILBOX_LETTERS = gettext_noop(
    "“%(text)s” can't be used: the part before the @ may only contain letters, digits "
    "and the characters . _ + - = & ~ and '."
)
TARGET_LETTERS = gettext_noop(
    "“%(text)s” can't be used: the part before the @ contains a character that RFC 5321 doesn't "
    "allow."
)
BAD_DOTS = gettext_noop(
    "“%(text)s” can't be used: the part before the @ must not start with a dot or hyphen, end with "
    "a dot, or contain two dots in a row."
)
LONG_LOCAL_PART = gettext_noop(
    "“%(text)s” is too long: the part before the @ is limited to %(limit)s characters."
)
NO_TARGET = gettext_noop("An alias needs at least one address to forward to.")


class BadAddress(Refused):
    """A string that isn't an address or domain name that Postfix can look up."""


def check_length(text: str) -> None:
    if len(text) > MAX_ADDRESS:
        params = {"text": text[:20], "limit": MAX_ADDRESS}
        raise BadAddress(TOO_LONG, params, code="too_long")


@dataclass(frozen=True)
class DomainName:
    """A domain as Postfix looks it up: lowercase ASCII, an IDN in its `xn--` form."""

    name: str

    @classmethod
    @lru_cache(maxsize=1024)
    def parse(cls, text: str) -> Self:
        """Return the domain; raise BadAddress if it isn't a full domain name."""
        check_length(text)
        if ASCII_DOMAIN.fullmatch(text.lower()):  # old names may have "--" where IDNA reserves it
            return cls(text.lower().removesuffix("."))
        try:
            name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError) as error:
            raise BadAddress(NOT_A_DOMAIN, {"text": text}) from error
        name = name.removesuffix(".")
        labels = name.split(".")
        is_full = len(labels) > 1 and not labels[-1].isdecimal() and len(name) <= MAX_DOMAIN
        if not is_full or not all(LABEL.fullmatch(label) for label in labels):
            raise BadAddress(NOT_A_DOMAIN, {"text": text})
        return cls(name)

    def __str__(self) -> str:
        return self.name


def to_ascii(domain: str) -> str:
    """Return a domain name as the tables store it, and any other string unchanged."""
    try:
        return str(DomainName.parse(domain)) if not domain.isascii() else domain
    except BadAddress:
        return domain


def to_unicode(name: str) -> str:
    """Return a domain or an address with its IDN decoded, or an empty string if it has none."""
    local_part, at, domain = name.rpartition("@")
    if "xn--" not in domain:
        return ""
    try:
        return f"{local_part}{at}{idna.decode(domain)}"
    except idna.IDNAError:
        return ""


@dataclass(frozen=True)
class Address:
    """An address as the tables store it: lowercase ASCII, with both parts checked."""

    local_part: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address of a mailbox or alias of this host, or raise BadAddress."""
        local_part, domain = split(text)
        local_part = local_part.lower()
        check_local_part(text, local_part, MAILBOX_LOCAL_PART, MAILBOX_LETTERS)
        return cls(local_part, str(DomainName.parse(domain)))

    @classmethod
    def parse_target(cls, text: str) -> Self:
        """Return the target of an alias, or raise BadAddress.

        It may belong to another host, so the local part may contain anything that RFC 5321 allows,
        and its case is preserved.
        """
        local_part, domain = split(text)
        limit = MAX_ADDRESS if domain == REFUSED_DOMAIN else MAX_LOCAL_PART
        check_local_part(text, local_part, TARGET_LOCAL_PART, TARGET_LETTERS, limit)
        return cls(local_part, str(DomainName.parse(domain)))

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"


def split(text: str) -> tuple[str, str]:
    check_length(text)
    local_part, _at, domain = text.rpartition("@")
    if not local_part or "@" in local_part:
        raise BadAddress(NOT_AN_ADDRESS, {"text": text})
    return local_part, domain


def check_local_part(
    text: str,
    local_part: str,
    allowed: re.Pattern[str],
    reason: str,
    limit: int = MAX_LOCAL_PART,
) -> None:
    if not local_part.isascii():
        raise BadAddress(NOT_ASCII, {"text": text})
    if not allowed.fullmatch(local_part):
        raise BadAddress(reason, {"text": text})
    if MISPLACED_DOT.search(local_part):
        raise BadAddress(BAD_DOTS, {"text": text})
    if len(local_part) > limit:
        params = {"text": text, "limit": limit}
        raise BadAddress(LONG_LOCAL_PART, params, code="too_long")


@dataclass(frozen=True)
class CatchAll:
    """The alias `@domain`, which receives the mail for all other addresses of the domain."""

    domain: str

    def __str__(self) -> str:
        return f"@{self.domain}"


def parse_alias(text: str) -> Address | CatchAll:
    """Return the address of an alias, `@domain` being a catch-all, or raise BadAddress."""
    if text.startswith("@"):
        return CatchAll(str(DomainName.parse(text[1:])))
    return Address.parse(text)


def parse_targets(text: str, stored: str = "") -> tuple[str, ...]:
    """Return an alias's targets without duplicates; white space or commas separate them.

    Lines with a target that is stored already return it as it is: other programs also write pipes,
    local users and whole domains.
    """
    kept: dict[str, list[str]] = {}
    for piece in reversed(stored.split(",")):
        kept.setdefault(piece.strip(), []).append(piece)
    targets: list[str] = []
    for line in text.splitlines():
        whole = line.strip()
        for name in [whole] if kept.get(whole) else re.split(r"[,\s]+", line):
            if kept.get(name) and name:
                targets.append(kept[name].pop())
            elif name and (target := str(Address.parse_target(name))) not in targets:
                targets.append(target)
    if not targets:
        raise BadAddress(NO_TARGET, code="required")
    return tuple(targets)


def normalize_address(address: str) -> str:
    """Return the address as the tables would store it, or as typed if they couldn't."""
    address = address.strip()
    try:
        return str(Address.parse(address))
    except BadAddress:
        return address.lower()[:MAX_ADDRESS]
