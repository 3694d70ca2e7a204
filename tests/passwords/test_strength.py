"""Which passwords are refused as short or easy to guess, and for whom."""

import time

import pytest

from mailboxes.passwords.generate import generate_password
from mailboxes.passwords.schemes import BadPassword
from mailboxes.passwords.strength import MAX_JUDGED, check_strength
from mailboxes.throttle.gate import MAX_CHARGE


def code_of(password: str, *about: str) -> str:
    """Return the code of the refusal, or an empty string; one of many is judged the same."""
    codes = []
    for is_of_many in (False, True):
        try:
            check_strength(password, about, is_of_many)
            codes.append("")
        except BadPassword as error:
            codes.append(error.code)
    assert codes[0] == codes[1]
    return codes[0]


@pytest.mark.parametrize(
    "password", ["123456789012", "aaaaaaaaaaaa", "Passwort1234!", "qwertzuiop12", "password" * 20]
)
def test_common_words_and_patterns_are_refused(password: str) -> None:
    assert code_of(password) == "guessable"


@pytest.mark.parametrize("password", ["", "x", "k7#Wq2!vB9z"])
def test_fewer_than_twelve_characters_are_refused(password: str) -> None:
    assert code_of(password) == "too_short"


def test_unrelated_words_and_generated_passwords_are_accepted() -> None:
    for password in ("four unrelated words", "kaffee tasse blau", generate_password()):
        assert code_of(password) == ""


def test_the_owners_name_and_address_are_refused() -> None:
    password = "hürlimann-kuckucksheim"
    assert code_of(password) == ""
    assert code_of(password, "georg@kuckucksheim.example", "Georg Hürlimann") == "guessable"


def test_only_the_start_of_a_very_long_password_is_judged() -> None:
    assert code_of("a" * MAX_JUDGED + " four unrelated words") == "guessable"


@pytest.mark.finding("costly-password")
def test_a_password_that_can_be_read_in_many_ways_costs_no_more_than_the_gate_charges() -> None:
    before = time.thread_time()
    check_strength("4@8({[<3691!|0$57+%2" * 4)
    assert time.thread_time() - before < MAX_CHARGE
