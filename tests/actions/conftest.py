"""A shortcut to create mailboxes."""

from mailboxes import actions
from mailboxes.addresses import Address
from mailboxes.models import Mailbox
from tests.conftest import PASSWORD, TESTER

MB = 1024000


def create(text: str, **columns: object) -> Mailbox:
    return actions.create_mailbox(TESTER, Address.parse(text), PASSWORD, **columns)  # type: ignore[arg-type]
