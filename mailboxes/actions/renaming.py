"""Renaming a mailbox: its row, its own alias, the targets that name it, and what belongs to it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from mailboxes import foreign_rows
from mailboxes.access import self_service
from mailboxes.accounts import AccountKind
from mailboxes.actions import expansion, rules
from mailboxes.actions.base import authorize, performing, subject_of
from mailboxes.actions.mailboxes import check_new_mailbox
from mailboxes.actions.shown_values import ShownValues, check_unchanged
from mailboxes.addresses import Address
from mailboxes.adoption.former_names import note_former_name
from mailboxes.adoption.mark import new_folder
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import subject
from mailboxes.audit.models import Subject
from mailboxes.conf import mail_host, recipient_delimiter
from mailboxes.errors import Refused, gettext_noop
from mailboxes.forwarding.sources import may_contain
from mailboxes.lookup_models import AliasTarget
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.lookup_tables.targets import aliases_to, read_all
from mailboxes.models import Alias, Mailbox
from mailboxes.passwords.dovecot_schemes import dovecot_scheme
from mailboxes.queries import with_keys

SAME_NAME = gettext_noop("%(name)s already has this name. Enter another one.")
ONLY_FOR_THIS_NAME = gettext_noop(
    "The password of %(name)s is stored as DIGEST-MD5, which contains the address, so it wouldn't "
    "fit the new one. Set a new password first."
)
FOLDER_NOT_LINKED = gettext_noop(
    "On this mail host, a mailbox's folder is named after its address. First run the command that "
    "links the new folder to the old one, then confirm that."
)


@dataclass(frozen=True)
class Moved:
    """A folder of mail that is looked for in another place after renaming."""

    old: str
    new: str


@dataclass
class Renaming:
    """What renaming a mailbox changes besides its own row."""

    mailbox: Mailbox
    address: Address
    goto: dict[str, str] = field(default_factory=dict)
    """The new targets of aliases, the mailbox's own included."""

    folder: str = ""
    """The new value of the column `maildir`."""

    moved: Moved | None = None

    @property
    def aliases(self) -> list[str]:
        """The other aliases that forward to the mailbox."""
        return sorted(name for name in self.goto if name.lower() != self.mailbox.pk.lower())


def plan_renaming(mailbox: Mailbox, address: Address) -> Renaming:
    """Return what renaming the mailbox changes."""
    host, old, new = mail_host(), mailbox.pk, str(address)
    found = Renaming(mailbox, address, new_targets(old, new), mailbox.maildir)
    if host.location.folder:
        found.folder = new_folder(address)
        root = host.location.root
        moved = Moved(*(root.path(host.home, name, "") for name in (old, new)))
        found.moved = moved if moved.old != moved.new else None
    return found


def check_renaming(actor: Actor, mailbox: Mailbox, address: Address, keeps_old: bool) -> None:
    """Refuse what the action would refuse, before anyone is asked."""
    with transaction.atomic(using="mail"):
        authorize_renaming(actor, mailbox, address)
        check_new_name(mailbox, address, keeps_old)


def rename_mailbox(
    actor: Actor,
    mailbox: Mailbox,
    address: Address,
    keeps_old: bool = True,
    folder_is_linked: bool = False,
    shown: ShownValues | None = None,
) -> Renaming:
    """Give a mailbox another address; the old one can stay as an alias.

    The mail stays in its folder. Where the configuration derives that from the address, the new
    folder must have been linked to the old one.
    """
    plan = plan_renaming(mailbox, address)
    with (
        performing(actor, "mailbox.rename", *subjects(plan, keeps_old), in_both=True),
        transaction.atomic(using="mail"),
    ):
        authorize_renaming(actor, mailbox, address)
        rules.lock_domains(mailbox.domain_id, address.domain)
        check_unchanged(mailbox, shown)
        check_new_name(mailbox, address, keeps_old)
        if plan.moved and not folder_is_linked:
            raise Refused(FOLDER_NOT_LINKED, code="not_linked", field="folder_is_linked")
        rename_rows(plan)
        if keeps_old:
            Alias.objects.create(address=mailbox.pk, goto=str(address), domain_id=mailbox.domain_id)
        check_forwarding(actor, plan)
        rename_in_panel(mailbox.pk, str(address))
    return plan


def subjects(plan: Renaming, keeps_old: bool) -> list[Subject]:
    """Return what the log says: both names, and each alias with its old and new targets."""
    old, new, domain = plan.mailbox.pk, str(plan.address), plan.address.domain
    found = [
        subject_of(plan.mailbox, {"address": [old, new]}),
        subject("mailbox", new, domain),
    ]
    if keeps_old:
        found.append(subject("alias", old, plan.mailbox.domain_id, {"goto": [None, new]}))
    for alias in with_keys(Alias.objects.order_by("pk"), plan.aliases):
        found.append(subject_of(alias, {"goto": [alias.goto, plan.goto[alias.pk]]}))
    return found


def authorize_renaming(actor: Actor, mailbox: Mailbox, address: Address) -> None:
    authorize(actor, "mailbox.rename", mailbox.domain_id, mailbox.pk)
    authorize(actor, "mailbox.rename", address.domain)


def check_new_name(mailbox: Mailbox, address: Address, keeps_old: bool) -> None:
    """Refuse an address that is taken or beyond a limit, and a password that wouldn't fit it."""
    if not Mailbox.objects.filter(pk=mailbox.pk).exists():
        raise Refused(rules.DELETED, {"row": str(mailbox)}, code="deleted")
    if str(address) == mailbox.pk.lower():
        raise Refused(SAME_NAME, {"name": mailbox.pk}, code="same", field="address")
    if dovecot_scheme(mailbox.password) == "DIGEST-MD5":
        raise Refused(ONLY_FOR_THIS_NAME, {"name": mailbox.pk}, code="password")
    if address.domain != mailbox.domain_id.lower():
        check_new_mailbox(address, mailbox.quota)
    rules.check_address_is_free(str(address))
    if keeps_old:
        rules.check_alias_limit(rules.active_domain(mailbox.domain_id))


def rename_rows(plan: Renaming) -> None:
    """Rename the mailbox, its own alias, and the targets of others, in this transaction."""
    old, new, now = plan.mailbox.pk, str(plan.address), timezone.now()
    foreign_rows.clear_for([new])
    Mailbox.objects.filter(pk=old).update(
        username=new,
        local_part=plan.address.local_part,
        domain=plan.address.domain,
        maildir=plan.folder,
        modified=now,
    )
    Alias.objects.filter(pk=old).update(address=new, domain=plan.address.domain, modified=now)
    for name in plan.goto:
        key = new if name.lower() == old.lower() else name
        for alias in Alias.objects.select_for_update().filter(pk=key):
            goto = replace_targets(alias.goto, old, new)
            rules.check_targets("", goto.split(","), goto)
            Alias.objects.filter(pk=key).update(goto=goto, modified=now)
    foreign_rows.rename_for(old, new)


def check_forwarding(actor: Actor, plan: Renaming) -> None:
    changed = with_keys(Alias.objects.filter(active=True), [*plan.aliases, str(plan.address)])
    expansion.check_expansion([alias.pk for alias in changed], actor.scope, "address")


def rename_in_panel(old: str, new: str) -> None:
    """Rename what the panel's own database has; it is committed after the mail database, or once
    `interrupted` finds that only that was committed.
    """
    note_former_name(old, new)
    is_demanded = self_service.is_demanded(AccountKind.MAILBOX, old)
    self_service.set_demand(AccountKind.MAILBOX, old, False)
    self_service.set_demand(AccountKind.MAILBOX, new, is_demanded)


def new_targets(old: str, new: str) -> dict[str, str]:
    """Return the new targets of all aliases that forward to an address, by the aliases' own."""
    found = {alias.pk: (alias.goto, replace_targets(alias.goto, old, new))
             for alias in aliases_naming(old)}  # fmt: skip
    return {name: after for name, (before, after) in found.items() if before != after}


def aliases_naming(address: str) -> Iterable[Alias]:
    """Return the aliases among whose targets may be the address, with an extension, or with a # for
    the @, as PostfixAdmin's vacation address has it.
    """
    local_part, _, domain = address.rpartition("@")
    vacation, signs = f"{local_part}#{domain}@", recipient_delimiter()
    if are_kept():
        rows = AliasTarget.objects.filter(target__istartswith=vacation)
        found = {address, *aliases_to([address], signs), *rows.values_list("alias", flat=True)}
        return with_keys(Alias.objects.all(), sorted(found))
    return read_all(Alias.objects.filter(may_contain([address]) | Q(goto__icontains=vacation)))


def replace_targets(goto: str, old: str, new: str) -> str:
    """Return targets with the new address in place of the old one, each only once."""
    pieces = goto.split(",")
    renamed = [replace_target(piece.strip(), old, new) for piece in pieces]
    kept = {piece.strip().lower() for piece, name in zip(pieces, renamed, strict=True) if not name}
    found = [
        name or piece
        for piece, name in zip(pieces, renamed, strict=True)
        if not name or name.lower() not in kept
    ]
    return ",".join(dict.fromkeys(found) if any(renamed) else found)


def replace_target(target: str, old: str, new: str) -> str:
    """Return a target's new name; an empty text if it doesn't name the old address.

    An extension is kept. PostfixAdmin's vacation address is that of the mailbox with # for the @.
    """
    local_part, at, domain = target.lower().rpartition("@")
    name, _, old_domain = old.lower().rpartition("@")
    if at and local_part == f"{name}#{old_domain}":
        return f"{new.replace('@', '#')}@{target.rpartition('@')[2]}"
    if not at or domain != old_domain or not local_part.startswith(name):
        return ""
    extension = target[len(name) : target.rindex("@")]
    signs = recipient_delimiter()
    if extension and (extension[0] not in signs or any(sign in name[1:] for sign in signs)):
        return ""
    if extension and Alias.objects.filter(pk=target.lower()).exists():
        return ""  # an address of its own
    new_name, _, new_domain = new.rpartition("@")
    return f"{new_name}{extension}@{new_domain}"


def replace_domain(target: str, old: str, new: str) -> str:
    """Return a target with the new name in place of its domain, if that is the old one."""
    bare = target.rstrip()
    local_part, at, domain = bare.rpartition("@")
    if at and domain.lower() == old.lower():
        return f"{local_part}@{new}"
    if local_part.lower().endswith(f"#{old.lower()}"):
        return f"{local_part[: -len(old)]}{new}@{domain}"
    return target
