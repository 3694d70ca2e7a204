"""What the daemons write into their logs when something is wrong: the signs, the cause, the fix."""

from mailboxes.doctor.signatures import database, dovecot, pam, postfix, unexplained
from mailboxes.doctor.signatures.signature import Signature, stand_in_order

SIGNATURES = (
    *pam.SIGNATURES,
    *database.SIGNATURES,
    *dovecot.SIGNATURES,
    *postfix.SIGNATURES,
    *unexplained.SIGNATURES,
)
"""The first one that matches a line is the line's."""

# A loop without calls: most lines of a log are nobody's.
FIRST_PARTS = [(parts[0], parts, each) for each in SIGNATURES for parts in each.signs]


def find_signature(line: str) -> Signature | None:
    for first, parts, signature in FIRST_PARTS:
        if first in line and stand_in_order(parts, line) and not signature.is_excluded(line):
            return signature
    return None
