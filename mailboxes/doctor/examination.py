"""What the hops of one examination share: the host, what can be seen of it, and who signs in."""

from dataclasses import dataclass, field
from typing import NamedTuple

from mailboxes.conf import MailHost
from mailboxes.doctor.access import Access
from mailboxes.passwords.generate import generate_password

UNKNOWN = "mailadmin-check-nobody@invalid.invalid"
"""An address that can't exist; each hop must refuse it as unknown."""


class Login(NamedTuple):
    address: str
    password: str


@dataclass
class Examination:
    host: MailHost
    access: Access
    login: Login | None = None
    """An address whose password is known: the canary's, or that of an owner who has typed it."""

    folder: str = ""
    """The canary's folder, which is removed after it was created by signing in."""

    wrong: str = field(default_factory=generate_password, repr=False)
    """A password that is nobody's."""

    broken: set[str] = field(default_factory=set)
    """The codes of the hops that don't work."""
