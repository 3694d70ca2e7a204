"""What becomes of mail for an address, as an alias's target says it."""

import pytest

from mailboxes.addresses import Address
from mailboxes.errors import Refused
from mailboxes.handling import (
    DISCARD,
    MAX_SENTENCE,
    PUNCTUATION,
    Handling,
    check_alone,
    handling_of,
    handling_target,
    parse_sentence,
    sentence_of,
)

SENTENCE = f"Anna-Lena has left, in 2026 ({PUNCTUATION}=2e). Write to info@example.org!"


def test_a_sentence_is_kept_in_the_target_of_an_alias() -> None:
    target = handling_target(Handling.REFUSED, parse_sentence(f"  {SENTENCE} "))
    assert str(Address.parse_target(target)) == target
    assert handling_of(target) == Handling.REFUSED
    assert sentence_of(target) == SENTENCE


def test_other_targets_are_delivered_to() -> None:
    refusal = handling_target(Handling.REFUSED)
    for goto in ("", "anna@example.org", f"a@example.org,{refusal}", "x@discarded.invalid"):
        assert handling_of(goto) == Handling.DELIVERED
        assert sentence_of(goto) == ""
    assert handling_of(f" {DISCARD.upper()}") == Handling.DISCARDED
    assert handling_target(Handling.DELIVERED) == ""


@pytest.mark.parametrize("text", ["Anna ist w\u00e4hlerisch.", "a\x00b", "50%", "$x", '"x"', ""])
def test_a_sentence_that_postfix_would_not_pass_on_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="can't be used"):
        parse_sentence(text)


def test_a_sentence_has_a_longest_length() -> None:
    assert parse_sentence("x" * MAX_SENTENCE)
    with pytest.raises(Refused, match="too long"):
        parse_sentence("x" * (MAX_SENTENCE + 1))


def test_what_looks_like_discarding_is_refused() -> None:
    check_alone([DISCARD])
    with pytest.raises(Refused, match="x@Discarded.invalid can't exist"):
        check_alone(["x@Discarded.invalid"])


def test_mail_is_not_refused_and_forwarded_at_once() -> None:
    check_alone([DISCARD])
    with pytest.raises(Refused, match="Remove mail@discarded.invalid"):
        check_alone(["anna@example.org", DISCARD])
