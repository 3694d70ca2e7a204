"""Unlocking what has been tried too often."""

from mailboxes.accounts import AccountKind
from mailboxes.throttle.attempts import CODE
from mailboxes.throttle.buckets import account_key, client_key
from mailboxes.throttle.models import Counter


def unlock_account(*names: str) -> int:
    """Forget the attempts on an administrator or mailbox; return how many counters there were."""
    return sum(
        Counter.objects.filter(pk__startswith=f"{account_key(kind, name)}/").delete()[0]
        for kind in (*AccountKind, CODE)
        for name in set(names)
    )


def unlock_client(client: str) -> int:
    """Forget the attempts of a client and its network; return how many counters there were."""
    return Counter.objects.filter(pk__endswith=f"/{client_key(client)}").delete()[0]
