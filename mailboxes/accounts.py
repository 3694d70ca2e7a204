"""The two kinds of accounts whose passwords the panel checks."""

from enum import StrEnum


class AccountKind(StrEnum):
    ADMINISTRATOR = "administrator"
    MAILBOX = "mailbox"
