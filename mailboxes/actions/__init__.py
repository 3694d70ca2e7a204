"""What may be done to the mail tables, each action whole or not at all.

An action raises Refused, and has then written nothing. PostfixAdmin's rules hold: a mailbox has an
alias to itself, quotas are bytes, limits are 0 for none and -1 for none allowed.
"""

from mailboxes.actions.activation import set_active
from mailboxes.actions.aliases import (
    change_alias,
    create_alias,
    create_alias_domain,
    delete_alias,
    delete_alias_domain,
)
from mailboxes.actions.domains import change_domain, create_domain, delete_domain
from mailboxes.actions.mailboxes import (
    change_mailbox,
    check_new_mailbox,
    create_mailbox,
    delete_mailbox,
    set_quota,
)
from mailboxes.actions.passwords import authenticate, change_password, check_password

__all__ = [
    "authenticate",
    "change_alias",
    "change_domain",
    "change_mailbox",
    "change_password",
    "check_new_mailbox",
    "check_password",
    "create_alias",
    "create_alias_domain",
    "create_domain",
    "create_mailbox",
    "delete_alias",
    "delete_alias_domain",
    "delete_domain",
    "delete_mailbox",
    "set_active",
    "set_quota",
]
