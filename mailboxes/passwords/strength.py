"""How easily a password is guessed, as zxcvbn estimates it."""

import re
from collections.abc import Iterable

from zxcvbn import zxcvbn

MIN_SCORE = 4
"""zxcvbn's best score, from 10^10 guesses: the default schemes are fast, and a table may leak."""

MAX_LENGTH = 72
"""The start that is judged, since zxcvbn's time grows faster than the length; 20 ms for this."""


def is_guessable(password: str, about: Iterable[str] = ()) -> bool:
    """Say whether the password is too easy to guess by someone who knows these texts."""
    words = [word for text in about for word in re.split(r"[\W_]+", text) if word]
    if not password:  # zxcvbn fails on it
        return True
    return bool(zxcvbn(password[:MAX_LENGTH], user_inputs=words)["score"] < MIN_SCORE)
