"""What becomes of mail for an address: it is delivered, refused with a sentence, or discarded.

An alias says so by its only target, in a domain that can't exist (RFC 6761), which Postfix hands to
its transports `error` and `discard`. The local part of a refusal is the sentence in RFC 2047's Q
encoding. This must be the same here and in Postfix's queries (`export.render.DIALECTS`).
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from mailboxes.addresses import REFUSED_DOMAIN
from mailboxes.errors import Refused, gettext_noop

DISCARDED_DOMAIN = "discarded.invalid"
DISCARD = f"mail@{DISCARDED_DOMAIN}"
PUNCTUATION = "_.,:;!?()'/@+&="
"""What a sentence may contain besides letters, digits, spaces and hyphens; = is decoded last."""

CODES = {mark: f"={ord(mark):02x}" for mark in PUNCTUATION}
MAX_SENTENCE = 200  # characters once encoded
DEFAULT_SENTENCE = "This address does not accept mail."
BAD_SENTENCE = gettext_noop(
    "“%(text)s” can't be used: mail servers only pass on ASCII. Use letters from A to Z, digits, "
    "spaces and the characters %(characters)s"
)
LONG_SENTENCE = gettext_noop("The sentence is too long. Shorten it to about 150 characters.")
NOT_ALONE = gettext_noop(
    "Mail that is refused or discarded can't be forwarded as well. Remove %(target)s or the other "
    "addresses."
)
NOT_DISCARDED = gettext_noop(
    "%(target)s can't exist, so mail to it would be deferred. To discard mail, choose that."
)


class Handling(StrEnum):
    DELIVERED = "delivered"
    REFUSED = "refused"
    DISCARDED = "discarded"


def handling_of(goto: str) -> Handling:
    """Return what becomes of mail for an alias with these targets."""
    target = goto.strip().lower()
    if target.endswith(f"@{REFUSED_DOMAIN}") and "," not in goto:
        return Handling.REFUSED
    return Handling.DISCARDED if target == DISCARD else Handling.DELIVERED


def handling_target(handling: Handling, sentence: str = "") -> str:
    """Return the target that says so; none if mail is delivered."""
    if handling == Handling.REFUSED:
        return f"{encode(sentence or DEFAULT_SENTENCE)}@{REFUSED_DOMAIN}"
    return DISCARD if handling == Handling.DISCARDED else ""


def sentence_of(goto: str) -> str:
    """Return the sentence of an alias whose mail is refused, or an empty string."""
    if handling_of(goto) != Handling.REFUSED:
        return ""
    text = goto.strip().rpartition("@")[0].replace("_", " ")
    for mark, code in CODES.items():
        text = text.replace(code, mark)
    return text


def parse_sentence(text: str) -> str:
    """Return a sentence that fits into a reply of Postfix, or raise Refused."""
    text = " ".join(text.split())
    if not re.fullmatch(rf"[A-Za-z0-9 {re.escape(PUNCTUATION)}-]+", text):
        params = {"text": text, "characters": " ".join(f"-{PUNCTUATION}")}
        raise Refused(BAD_SENTENCE, params, code="sentence", field="sentence")
    if len(encode(text)) > MAX_SENTENCE:
        raise Refused(LONG_SENTENCE, code="too_long", field="sentence")
    return text


def encode(sentence: str) -> str:
    return "".join("_" if mark == " " else CODES.get(mark, mark) for mark in sentence)


def check_alone(targets: Sequence[str]) -> None:
    """Refuse a target that says what becomes of mail beside others, or that says it wrongly."""
    for target in targets:
        name = target.lower()
        if name.endswith(f"@{DISCARDED_DOMAIN}") and name != DISCARD:
            raise Refused(NOT_DISCARDED, {"target": target}, code="handling", field="goto")
    for target in targets if len(targets) > 1 else ():
        if handling_of(target) != Handling.DELIVERED:
            raise Refused(NOT_ALONE, {"target": target}, code="handling", field="goto")
