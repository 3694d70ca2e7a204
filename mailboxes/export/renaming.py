"""What renaming changes, in sentences, and what is to be run on the mail host for it."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailboxes.access.scope import Scope
from mailboxes.actions.domain_renaming import DomainRenaming
from mailboxes.actions.renaming import Moved, Renaming
from mailboxes.conf import MailHost
from mailboxes.formats import number
from mailboxes.models import Alias

MAX_NAMED = 20


@dataclass(frozen=True)
class Steps:
    """What is shown before a row is renamed."""

    lines: list[str]
    """What will change."""

    before: str
    """The commands to run on the mail host first; empty if there are none."""

    after: str


def mailbox_steps(plan: Renaming, keeps_old: bool, host: MailHost, scope: Scope) -> Steps:
    return steps(list(mailbox_lines(plan, keeps_old, host, scope)), plan.moved, host)


def domain_steps(plan: DomainRenaming, keeps_old: bool, host: MailHost) -> Steps:
    return steps(list(domain_lines(plan, keeps_old)), plan.moved, host)


def steps(lines: list[str], moved: Moved | None, host: MailHost) -> Steps:
    before = commands_before(moved, host) if moved else ""
    return Steps(lines, before, commands_after(moved, host))


def mailbox_lines(plan: Renaming, keeps_old: bool, host: MailHost, scope: Scope) -> Iterator[str]:
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
        yield moved_line(plan.moved)
    else:
        folder = host.location.path(host.home, plan.mailbox.pk, plan.folder)
        yield _("The mail stays in %(folder)s.") % {"folder": folder}
    names = scope.narrow(Alias.objects.filter(pk__in=plan.aliases)).values_list("pk", flat=True)
    for name in names[:MAX_NAMED]:
        yield _("The alias %(alias)s forwards to %(new)s.") % {**params, "alias": name}
    if (more := len(names) - MAX_NAMED) > 0:
        yield _("So do %(count)s more.") % {"count": number(more)}


def domain_lines(plan: DomainRenaming, keeps_old: bool) -> Iterator[str]:
    """Yield what becomes of the domain's addresses, its old name, its mail and alias domains."""
    mailboxes = ngettext("%(count)s mailbox", "%(count)s mailboxes", plan.mailboxes)
    aliases = ngettext("%(count)s other alias", "%(count)s other aliases", plan.aliases)
    params = {
        "old": plan.domain.pk,
        "new": plan.name,
        "target": plan.target,
        "mailboxes": mailboxes % {"count": number(plan.mailboxes)},
        "aliases": aliases % {"count": number(plan.aliases)},
    }
    text = _("All addresses in %(old)s are in %(new)s from then on: %(mailboxes)s and %(aliases)s.")
    yield text % params
    yield _("The owners sign in with the new addresses, with the same passwords.")
    yield _("Whatever forwards to an address in %(old)s forwards to the one in %(new)s.") % params
    if keeps_old:
        yield _("%(old)s becomes an alias domain that forwards to %(target)s.") % params
    else:
        yield _("%(old)s no longer exists.") % params
    for name in plan.alias_domains:
        yield _("The alias domain %(alias)s forwards to %(new)s.") % {**params, "alias": name}
    yield moved_line(plan.moved) if plan.moved else _("The mail stays in its folders.")


def moved_line(moved: Moved) -> str:
    text = _("The mail is looked for in %(new)s, and no longer in %(old)s.")
    return text % {"old": moved.old, "new": moved.new}


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
