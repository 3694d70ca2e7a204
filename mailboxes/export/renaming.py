"""What renaming changes, in sentences, and what is to be run on the mail host for it."""

import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from mailboxes.access.scope import Scope
from mailboxes.actions.renaming import Moved, Renaming
from mailboxes.conf import MailHost
from mailboxes.formats import number
from mailboxes.models import Alias

MAX_NAMED = 20


def describe(plan: Renaming, keeps_old: bool, host: MailHost, scope: Scope) -> Iterator[str]:
    """Yield what becomes of the mailbox, its old address, its mail, and of others' aliases."""
    params = {"old": plan.mailbox.pk, "new": str(plan.address)}
    yield _("The owner signs in as %(new)s, with the same password, and no longer as %(old)s.") % (
        params
    )
    if keeps_old:
        yield _("%(old)s becomes an alias that forwards to %(new)s.") % params
    else:
        yield _("%(old)s no longer exists.") % params
    if plan.moved:
        text = _("The mail is looked for in %(new)s, and no longer in %(old)s.")
        yield text % {"old": plan.moved.old, "new": plan.moved.new}
    else:
        folder = host.location.path(host.home, plan.mailbox.pk, plan.folder)
        yield _("The mail stays in %(folder)s.") % {"folder": folder}
    names = scope.narrow(Alias.objects.filter(pk__in=plan.aliases)).values_list("pk", flat=True)
    for name in names[:MAX_NAMED]:
        yield _("The alias %(alias)s forwards to %(new)s.") % {**params, "alias": name}
    if (more := len(names) - MAX_NAMED) > 0:
        yield _("So do %(count)s more.") % {"count": number(more)}


def commands_before(moved: Moved, host: MailHost) -> str:
    """Return what makes the mail visible in the new place, before that is looked for there."""
    old, new = (shlex.quote(path) for path in (moved.old, moved.new))
    parent = shlex.quote(str(PurePosixPath(moved.new).parent))
    user = as_user(host)
    return f"{user} mkdir -p -m 700 {old} {parent} && {user} ln -sT {old} {new}"


def commands_after(moved: Moved | None, host: MailHost) -> str:
    """Return what puts the folder in the place of the link, and looks up waiting mail anew."""
    lines = ["postsuper -r ALL"]
    if moved:
        old, new = (shlex.quote(path) for path in (moved.old, moved.new))
        user = as_user(host)
        lines.append(f"{user} rm {new} && {user} mv -T {old} {new}")
    return "\n".join(lines)


def as_user(host: MailHost) -> str:
    return f"setpriv --reuid={host.uid} --regid={host.gid} --clear-groups"
