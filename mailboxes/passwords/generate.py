"""Passwords that nobody has thought of."""

import secrets

# Without the letters and digits that are taken for each other: 0 O 1 l I.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def generate_password() -> str:
    """Return a password of about 116 random bits in four groups that can be read aloud."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(4))
