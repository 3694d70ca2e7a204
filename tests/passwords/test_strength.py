import pytest

from mailboxes.passwords.generate import generate_password
from mailboxes.passwords.strength import MAX_LENGTH, is_guessable


@pytest.mark.parametrize(
    "password",
    ["123456789012", "aaaaaaaaaaaa", "Passwort1234!", "qwertzuiop12", "password" * 20, ""],
)
def test_common_words_and_patterns_are_guessable(password: str) -> None:
    assert is_guessable(password)


def test_unrelated_words_and_generated_passwords_are_not_guessable() -> None:
    for password in ("four unrelated words", "kaffee tasse blau", generate_password()):
        assert not is_guessable(password)


def test_the_owners_name_and_address_are_guessable() -> None:
    password = "hürlimann-kuckucksheim"
    assert not is_guessable(password)
    assert is_guessable(password, ["georg@kuckucksheim.example", "Georg Hürlimann"])


def test_only_the_start_of_a_very_long_password_is_checked() -> None:
    assert is_guessable("a" * MAX_LENGTH + " four unrelated words")
