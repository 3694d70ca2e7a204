"""What the hops of one examination share: the host, what can be seen of it, and who signs in."""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

from mailboxes.conf import MailHost
from mailboxes.doctor.access import Access
from mailboxes.doctor.dovecot_files import Changes
from mailboxes.passwords.generate import generate_password
from mailboxes.texts import gettext as _

UNKNOWN = "mailadmin-check-nobody@invalid.invalid"
"""An address that can't exist; each hop must refuse it as unknown."""


class Login(NamedTuple):
    address: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.address!r})"


@dataclass
class Examination:
    host: MailHost
    access: Access
    asked: Login | None = None
    """The address that is to be explained, with its password if its owner has typed it."""

    login: Login | None = None
    """An address whose password is known: the canary's, or that of an owner who has typed it."""

    folder: str = ""
    """The canary's folder, which is removed after it was created by signing in."""

    wrong: str = field(default_factory=generate_password, repr=False)
    """A password that is nobody's."""

    began: int = field(default_factory=lambda: int(time.time()))
    """When it began, in seconds since 1970."""

    reads_tables: bool = True
    """Whether the panel's own account can read the mail database."""

    named: set[str] = field(default_factory=set)
    """The codes of what isn't in order, as far as it is known."""

    accepting: set[int] = field(default_factory=set)
    """The ports that have accepted the address of `login` as a recipient."""

    broken: set[str] = field(default_factory=set)
    """The codes of the hops that don't work."""

    commands: set[str] = field(default_factory=set)
    """The commands of what is broken, as far as it is known."""

    dovecot_changes: Changes = field(default_factory=Changes)
    """What the administrator's files of Dovecot set otherwise, as far as it is known."""

    @property
    def is_broken_before(self) -> bool:
        """Say whether a daemon before this hop doesn't work; single rows don't stop the others."""
        return bool(self.broken - {"tables", "drift"})

    @property
    def why_nobody(self) -> str:
        """Say why there is no address to sign in with."""
        if self.is_broken_before:
            return _("A hop before this one is broken, so no sign-in was tried.")
        return _("There is no active domain for the temporary mailbox, so no sign-in was tried.")
