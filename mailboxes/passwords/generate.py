"""Random passwords."""

import secrets

# Without letters and digits that are easily confused: 0 O 1 l I.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def generate_password() -> str:
    """Return a password with about 116 random bits, in four groups that can be read aloud."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))
