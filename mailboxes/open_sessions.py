"""What ends the sessions of mailboxes whose owners may no longer sign in, or not as before."""

from collections.abc import Sequence
from shlex import quote

from django.utils.translation import gettext as _

from mailboxes.conf import mail_host
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox

MAX_NAMED = 3
"""How many mailboxes or domains the command names; more would fill the page."""


def open_sessions_text(
    rows: Sequence[Domain | Mailbox | Alias | AliasDomain], more: bool = False
) -> str:
    """Say that open sessions go on, with the command that ends them; nothing on V1.

    `more` says whether there are others besides these rows. Of many mailboxes, the command names
    the domains.
    """
    names = [mask for row in rows if (mask := session_mask(row))]
    if not names or mail_host().variant.name != "v2":
        return ""
    domains = sorted({f"*@{name.rpartition('@')[2]}" for name in names})
    if more or len(domains) > MAX_NAMED:
        return _(
            "Mail programs that are signed in to these mailboxes stay signed in. To end their "
            "sessions, run “doveadm kick” with each address on the mail host."
        )
    if len(names) > MAX_NAMED:
        text = _(
            "Mail programs that are signed in to these mailboxes stay signed in. To end all "
            "sessions in %(domains)s, run this on the mail host; mail programs of active mailboxes "
            "sign in again by themselves: %(command)s"
        )
        shown = ", ".join(name.removeprefix("*@") for name in domains)
        return text % {"domains": shown, "command": kick_command(domains)}
    text = _(
        "Mail programs that are signed in already stay signed in. To end their sessions, run on "
        "the mail host: %(command)s"
    )
    return text % {"command": kick_command(names)}


def session_mask(row: Domain | Mailbox | Alias | AliasDomain) -> str:
    """Return whose sessions a row is about, as doveadm takes it."""
    if isinstance(row, Domain):
        return f"*@{row.pk}"
    return str(row.pk) if isinstance(row, Mailbox) else ""


def kick_command(names: Sequence[str]) -> str:
    """Return a line for the shell; doveadm takes one name at a time."""
    if len(names) == 1:
        return f"doveadm kick {quote(names[0])}"
    return f'for name in {" ".join(map(quote, names))}; do doveadm kick "$name"; done'
