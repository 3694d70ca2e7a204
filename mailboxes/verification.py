"""What a host's daemons make of a stored password, and whether it should take the host's scheme."""

from mailboxes.conf import MailHost
from mailboxes.passwords import schemes
from mailboxes.passwords.dovecot_schemes import dovecot_scheme
from mailboxes.passwords.schemes import Problem, Reason
from mailboxes.variants import Scheme

CAN_SIGN_IN = (Reason.TOLERATED, Reason.PLAIN_ONLY)


def host_problem(stored: str, host: MailHost) -> Problem | None:
    """Return what keeps the row's owner from signing in on this host, or None."""
    scheme = host.scheme
    found = schemes.find_problem(stored, scheme.pam_crypt, host.release.weak, scheme.mechanisms)
    if found and found.reason == Reason.WEAK and host.weak_schemes:
        return Problem(Reason.TOLERATED, found.scheme)
    return found


def locks_out(problem: Problem | None) -> bool:
    return problem is not None and problem.reason not in CAN_SIGN_IN


def needs_rehash(stored: str, host: MailHost) -> bool:
    """Say whether the password should be stored again, in the host's scheme.

    A stronger hash stays as long as the daemons can verify it: passlib's own `deprecated="auto"`
    would replace bcrypt with MD5.
    """
    return locks_out(host_problem(stored, host)) or has_lower_scheme(stored, host.scheme)


def has_lower_scheme(stored: str, scheme: Scheme) -> bool:
    """Say whether a hash is weaker than those of the scheme, or as strong in another one."""
    found, wanted = dovecot_scheme(stored), scheme.alias or scheme.name
    here, there = schemes.strength(found, stored), schemes.strength(wanted)
    return here < there or (here == there and found != wanted)
