"""Who does something, and from where."""

from dataclasses import dataclass

from mailboxes.access.scope import NOTHING, Scope

ADMINISTRATOR, OWNER, COMMAND = "administrator", "owner", "command"


@dataclass(frozen=True)
class Actor:
    """The one who does something, as the log names them for ever."""

    kind: str
    """`administrator`, `owner` (of a mailbox) or `command`."""

    name: str
    """The administrator's name, the mailbox's address, or the account of the operating system."""

    client: str = ""
    """The address of the client; for a command, the command's name."""

    scope: Scope = NOTHING
    """What the actor may do; an actor without any can only be named in the log."""
