"""Mail addresses and domain names: parse, check, normalise."""

import re
from dataclasses import dataclass
from typing import Self

import idna

from mailboxes.errors import Sentence
from mailboxes.errors import gettext_noop as _

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# RFC 5321's atext less what harms on this way: / would leave the mailbox's folder, % and ! are
# old routing that Postfix still obeys, * ? $ ` | # { } ^ have meanings in shells and maps.
OWN_LOCAL = re.compile(r"[a-z0-9._+=&'~-]+")
FOREIGN_LOCAL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+", re.IGNORECASE)
# At least two, none in the form of an IDN, the last one not a number.
LABELS = re.compile(rf"(?!.*xn--)({LABEL.pattern}\.)+(?!\d+\.?$){LABEL.pattern}\.?")
LONGEST_LOCAL = 64  # octets, RFC 5321 section 4.5.3.1.1
LONGEST_ADDRESS = 254  # octets, RFC 5321 section 4.5.3.1.3 less the angle brackets


OWN_SIGNS = _(
    "%(text)s cannot be used: the part before @ may hold letters, digits and "
    ". _ + - = & ~ and the apostrophe."
)
FOREIGN_SIGNS = _(
    "%(text)s cannot be used: the part before @ may hold letters, digits and the signs of RFC 5321."
)


class BadAddress(Sentence):
    """A text that is no address or domain name which Postfix can look up."""


@dataclass(frozen=True)
class DomainName:
    """A domain as Postfix looks it up: lower case ASCII, an IDN in its `xn--` form."""

    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the domain; raise BadAddress with a sentence that says what is wrong."""
        if len(text) > LONGEST_ADDRESS:
            raise BadAddress(_("%(text)s… is too long to be a domain name."), text=repr(text[:20]))
        if LABELS.fullmatch(text.lower()):  # in IDNA, "--" has a meaning that old names have not
            return cls(text.lower().removesuffix("."))
        try:
            name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError) as error:
            raise BadAddress(
                _("%(text)s is not a domain name: %(error)s."), text=repr(text), error=error
            ) from error
        name = name.removesuffix(".")
        labels = name.split(".")
        if len(labels) < 2 or labels[-1].isdecimal():
            raise BadAddress(
                _("%(text)s is not a full domain name such as example.org."), text=repr(text)
            )
        if len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
            raise BadAddress(
                _(
                    "%(text)s is not a domain name: its parts are letters, digits and inner "
                    "hyphens, at most 63 each and 253 together."
                ),
                text=repr(text),
            )
        return cls(name)

    def __str__(self) -> str:
        return self.name


def in_tables(domain: str) -> str:
    """Return the form that the tables hold of a whole domain name; of any other text, itself."""
    try:
        return str(DomainName.parse(domain)) if not domain.isascii() else domain
    except BadAddress:
        return domain


def readable(name: str) -> str:
    """Return the form of a domain, or of an address, that a person reads; nothing if it is such."""
    local_part, at, domain = name.rpartition("@")
    if "xn--" not in domain:
        return ""
    try:
        return f"{local_part}{at}{idna.decode(domain)}"
    except idna.IDNAError:
        return ""


@dataclass(frozen=True)
class Address:
    """An address in the form that the tables hold: lower case ASCII, both parts checked."""

    local_part: str
    domain: str

    @classmethod
    def parse(cls, text: str, foreign: bool = False) -> Self:
        """Return the address; raise BadAddress with a sentence that says what is wrong.

        An address of this host may not hold all that RFC 5321 allows; a `foreign` one, the
        target of an alias, may, and keeps the case of its local part, which is not ours to fold.
        """
        if len(text) > LONGEST_ADDRESS:
            raise BadAddress(
                _("%(text)s… is too long: at most %(longest_address)s characters are allowed."),
                text=repr(text[:20]),
                longest_address=LONGEST_ADDRESS,
            )
        local_part, at, domain = text.rpartition("@")
        if not at or not local_part or "@" in local_part:
            raise BadAddress(
                _("%(text)s is not a mail address such as anna@example.org."), text=repr(text)
            )
        if not local_part.isascii():
            raise BadAddress(
                _(
                    "%(text)s cannot be used: the part before @ must be ASCII, since the tables "
                    "and many mail servers hold no other."
                ),
                text=repr(text),
            )
        local_part = local_part if foreign else local_part.lower()
        allowed = FOREIGN_LOCAL if foreign else OWN_LOCAL
        if not allowed.fullmatch(local_part):
            raise BadAddress(FOREIGN_SIGNS if foreign else OWN_SIGNS, text=repr(text))
        if re.search(r"^[.-]|\.\.|\.$", local_part):
            raise BadAddress(
                _(
                    "%(text)s cannot be used: the part before @ may not begin with a dot or "
                    "hyphen, end with a dot or hold two dots in a row."
                ),
                text=repr(text),
            )
        if len(local_part) > LONGEST_LOCAL:
            raise BadAddress(
                _(
                    "%(text)s is too long: the part before @ has %(local_part)s characters, at "
                    "most %(longest_local)s are allowed."
                ),
                text=repr(text),
                local_part=len(local_part),
                longest_local=LONGEST_LOCAL,
            )
        return cls(local_part, str(DomainName.parse(domain)))

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"


@dataclass(frozen=True)
class CatchAll:
    """The alias `@domain`, which takes what no other address of the domain takes."""

    domain: str

    def __str__(self) -> str:
        return f"@{self.domain}"


def parse_alias(text: str) -> Address | CatchAll:
    """Return the address of an alias: a mailbox-like one, or `@domain` for all the rest."""
    if text.startswith("@"):
        return CatchAll(str(DomainName.parse(text[1:])))
    return Address.parse(text)


def parse_targets(text: str) -> tuple[str, ...]:
    """Return where an alias leads, without repeats; lines, commas and blanks separate targets."""
    names = [name for name in re.split(r"[,\s]+", text) if name]
    targets = dict.fromkeys(str(Address.parse(name, foreign=True)) for name in names)
    if not targets:
        raise BadAddress(_("An alias needs at least one address that it leads to."))
    return tuple(targets)
