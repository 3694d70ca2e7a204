"""The passwords of an import: ready hashes as they are, clear ones judged and hashed."""

from mailboxes.actions.imports.rows import MailboxRow
from mailboxes.actions.passwords import check_new_password, renew_expiry
from mailboxes.conf import MailHost
from mailboxes.errors import Refused, Term, gettext_noop
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes

NO_PASSWORD = gettext_noop("It has no password yet, so its owner can't sign in.")
UNUSABLE = gettext_noop(
    "The mail host can't verify the hash (%(scheme)s), so it isn't imported: set a new password."
)
UNKNOWN_FORM = Term(gettext_noop("unknown form"))
NOT_HASHED = "{DRY-RUN}"
"""What a dry run has in place of a hash; it is never saved."""


class Passwords:
    """Sets passwords in the host's scheme; without `hashes`, clear ones are only judged."""

    def __init__(self, host: MailHost, hashes: bool) -> None:
        self.host = host
        self.hashes = hashes

    def set(self, mailbox: Mailbox, row: MailboxRow, domain: Domain | None) -> Refused | None:
        """Set the row's password, and return what should be known of it."""
        if row.password:
            check_new_password(row.password, mailbox, self.host.scheme)
            mailbox.password = (
                schemes.make_password(row.password, self.host.scheme.handler)
                if self.hashes
                else NOT_HASHED
            )
            renew_expiry(mailbox, domain)
            return None
        problem = self.problem(row.stored)
        if not problem:
            mailbox.password = row.stored
            renew_expiry(mailbox, domain)
        return problem

    def problem(self, stored: str) -> Refused | None:
        """Return why the daemons couldn't check this hash."""
        if not stored:
            return Refused(NO_PASSWORD)
        weak = () if self.host.weak_schemes else self.host.release.weak
        found = schemes.find_problem(stored, self.host.scheme.pam_crypt, weak)
        return Refused(UNUSABLE, {"scheme": found.scheme or UNKNOWN_FORM}) if found else None

    def differs(self, mailbox: Mailbox, row: MailboxRow) -> bool:
        """Say whether the row has another password than the mailbox, and a usable one."""
        if row.password:
            return not mailbox.check_password(row.password)
        return row.stored not in ("", mailbox.password) and not self.problem(row.stored)
