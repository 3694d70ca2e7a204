"""How easily a password is guessed: its length, and what zxcvbn estimates."""

import re
from collections.abc import Iterable

from zxcvbn import zxcvbn

from mailboxes.errors import gettext_noop
from mailboxes.passwords.guesses import least_guesses
from mailboxes.passwords.schemes import BadPassword

MIN_LENGTH = 12
"""Characters."""

MIN_SCORE = 4
"""zxcvbn's best score, from 10^10 guesses: the default schemes are fast, and a table may leak."""

ENOUGH = 10.00001
"""The logarithm of the guesses for that score, and some more against rounding."""

MAX_READ, MAX_JUDGED = 72, 32
"""How many characters are searched for what is known, and how many of the rest are judged.

zxcvbn's time grows with the square of the length, and it reads digits and signs as letters in up to
288 ways: at most some tenths of a second for 32 characters, but for 72 five times as long.
"""


def check_strength(password: str, about: Iterable[str] = (), is_of_many: bool = False) -> None:
    """Refuse a password that is short, or easy to guess by someone who knows these texts.

    For one of many, zxcvbn is only asked if its score isn't certain. To know that takes a tenth of
    a second for the first one.
    """
    if len(password) < MIN_LENGTH:
        message = gettext_noop("The password is too short. Use at least %(limit)s characters.")
        raise BadPassword(message, {"limit": MIN_LENGTH}, code="too_short", field="password")
    words = [word for text in about for word in re.split(r"[\W_]+", text.lower()) if word]
    # What is known counts for nothing, also where several such words are strung together.
    rest = password[:MAX_READ].lower()
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "") if len(word) > 2 else rest
    judged = rest[:MAX_JUDGED] or " "
    if is_of_many and least_guesses(judged, words) > ENOUGH:
        return
    if zxcvbn(judged, user_inputs=words)["score"] < MIN_SCORE:
        message = gettext_noop("The password is too easy to guess. Use several unrelated words.")
        raise BadPassword(message, code="guessable", field="password")
