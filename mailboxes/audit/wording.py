"""How an entry of the log is written for a person."""

import json
from typing import Any

from django.forms.utils import pretty_name
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from mailboxes.access.roles import Role
from mailboxes.audit.entries import OPEN, Logged
from mailboxes.audit.models import Phase, Subject
from mailboxes.audit.refusals import refusal_from_json
from mailboxes.conf import quota_multiplier
from mailboxes.formats import error_message, number, size
from mailboxes.handling import Handling, handling_of, sentence_of

VERB_LABELS = {
    "create": _("added"),
    "change": _("changed"),
    "rename": _("renamed"),
    "enable": _("enabled"),
    "disable": _("disabled"),
    "delete": _("deleted"),
    "download": _("downloaded"),
    "download-hashes": _("downloaded with password hashes"),
    "import": _("imported"),
    "undo": _("changed back"),
    "undo-import": _("import undone"),
    "sign-in": _("signed in"),
    "failed-sign-in": _("sign-in failed"),
    "password": _("password changed"),
    "rehash": _("password rehashed"),
    "prune": _("archived"),
    "backup": _("backed up"),
    "restore": _("restored"),
    "unlock": _("unlocked"),
    "adopt": _("adopted"),
    "apply": _("applied on the mail host"),
    "forget": _("adoption undone"),
    "add-second-factor": _("second factor added"),
    "remove-second-factor": _("second factor removed"),
    "reset-second-factor": _("second factor reset"),
    "failed-second-factor": _("second factor failed"),
    "generate-recovery-codes": _("recovery codes generated"),
    "refused-request": _("request refused"),
    "use-recovery-code": _("recovery code used"),
}
OBJECT_LABELS = {
    "domain": _("domain"),
    "mailbox": _("mailbox"),
    "alias": _("alias"),
    "aliasdomain": _("alias domain"),
    "administrator": _("administrator"),
    "group": _("group"),
    "page": _("page"),
    "maildatabase": _("mail database"),
}
FILTER_LABELS = OBJECT_LABELS | {
    "configuration": _("configuration"),
    "log": _("log"),
    "panel": _("panel"),
}
LISTED = ("create", "change", "enable", "disable", "undo", "delete", "download")
SECOND_FACTOR_VERBS = tuple(
    verb for verb in VERB_LABELS if "second-factor" in verb or "recovery-code" in verb
)
ACTIONS = {
    "domain": (*LISTED, "rename"),
    "mailbox": (
        *LISTED,
        "download-hashes",
        "import",
        "undo-import",
        "rename",
        "password",
        "rehash",
        "sign-in",
        "failed-sign-in",
        "unlock",
    ),
    "alias": LISTED,
    "aliasdomain": LISTED,
    "administrator": (
        *("create", "change", "delete", "password", "sign-in", "failed-sign-in", "unlock"),
        *("refused-request", *SECOND_FACTOR_VERBS),
    ),
    "configuration": ("download", "apply"),
    "log": ("download", "prune"),
    "maildatabase": ("adopt", "forget"),
    "panel": ("backup", "restore"),
}
"""The verbs of each kind of object, as the log is filtered by them."""

REFUSED = _("refused: %(reason)s")
INTERRUPTED = _("interrupted, or still running")
SETTLED = ngettext_lazy(
    "interrupted: %(done)s change applied, %(not_done)s not applied, %(unknown)s unknown",
    "interrupted: %(done)s changes applied, %(not_done)s not applied, %(unknown)s unknown",
    "done",
)
ICONS = {"create": "plus", "delete": "trash-2", "download": "download"}
LABELS = {
    "active": _("Active"),
    "address": _("Address"),
    "aliases": _("Maximum aliases"),
    "any_recipient": _("Accept mail for any address"),
    "backupmx": _("Backup MX only"),
    "being_deleted": _("Being deleted"),
    "app_passwords": _("App passwords"),
    "description": _("Description"),
    "email": _("Email address"),
    "fetchmail": _("Fetchmail accounts"),
    "first_name": _("First name"),
    "goto": _("Forwards to"),
    "groups": _("Groups"),
    "is_active": _("Active"),
    "is_staff": _("Can use this panel"),
    "is_superuser": _("Superuser"),
    "last_name": _("Last name"),
    "mailboxes": _("Maximum mailboxes"),
    "maxquota": _("Quota per mailbox"),
    "may_send": _("May send mail"),
    "name": _("Name"),
    "password": _("Password"),
    "password_expiry": _("Days until a password expires"),
    "postmaster": _("postmaster@ and abuse@ forward to"),
    "quota": _("Quota"),
    "role": _("Role"),
    "self_service": _("Owners may change their passwords"),
    "domain": _("Domain"),
    "domains": _("Domains"),
    "renamed_aliases": _("Aliases"),
    "renamed_mailboxes": _("Mailboxes"),
    "all_domains": _("All domains"),
    "domain.quota": _("Total quota of all mailboxes"),
    "second_factor": _("Second factor"),
    "second_factor_exceptions": _("Clients that need no second factor"),
    "target_domain": _("Forwards to"),
    "transport": _("Transport"),
    "user_permissions": _("Permissions"),
    "username": _("Username"),
    "vacation": _("Vacation messages"),
}


def verb(logged: Logged) -> str:
    name = logged.entry.action.rpartition(".")[2]
    return str(VERB_LABELS.get(name, name))


def object_label(subject: Subject) -> str:
    """Return what an object is, to stand before its name."""
    return capfirst(str(OBJECT_LABELS.get(subject.model, "")))


def icon_name(logged: Logged) -> str:
    return ICONS.get(logged.entry.action.rpartition(".")[2], "pencil")


def outcome(logged: Logged) -> str:
    """Return what came of it, unless it simply was done."""
    if logged.outcome == Phase.SETTLED:
        names = ("done", "not_done", "unknown")
        return SETTLED % dict(zip(names, map(int, logged.text.split(" ")), strict=True))
    if logged.outcome == Phase.REFUSED:
        return REFUSED % {"reason": refusal_text(json.loads(logged.text))}
    return str(INTERRUPTED) if logged.outcome == OPEN else ""


def row_outcome(subject: Subject) -> str:
    """Return why a row of a bulk action was refused, if it was."""
    return REFUSED % {"reason": refusal_text(subject.refusal)} if subject.refusal else ""


def refusal_text(stored: dict[str, Any]) -> str:
    return error_message(refusal_from_json(stored))


def describe_changes(subject: Subject) -> list[tuple[str, str, str]]:
    """Return label, old and new value of each change; a password has no values."""
    found = []
    for column, values in subject.changes.items():
        before, after = (column_text(subject.model, column, value) for value in values or ["", ""])
        if before or after or not values:  # an empty field of a new row says nothing
            found.append((column_label(subject.model, column), before, after))
    return found


def column_label(model: str, column: str) -> str:
    return str(LABELS.get(f"{model}.{column}") or LABELS.get(column) or pretty_name(column))


def column_text(model: str, column: str, value: Any) -> str:
    """Return a column's value in the words of the forms."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if column == "role":
        return str(dict(Role.choices).get(value, value))
    if column in ("quota", "maxquota"):
        return quota_text(value * quota_multiplier()) if model == "domain" else size(value)
    if column == "goto" and handling_of(value) == Handling.REFUSED:
        return REFUSED % {"reason": sentence_of(value)}
    if column == "goto" and handling_of(value) == Handling.DISCARDED:
        return str(_("discarded"))
    if column == "goto":
        return str(value).replace(",", ", ")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return number(value) if isinstance(value, int) else str(value)


def quota_text(count: int) -> str:
    return size(count) if count >= 0 else str(_("switched off"))


def action_names() -> list[tuple[str, str, str]]:
    """Return the actions that the log is filtered by: their names, and the two halves in words."""
    return [
        (f"{model}.{verb}", str(FILTER_LABELS[model]), filter_verb(model, verb))
        for model, verbs in ACTIONS.items()
        for verb in verbs
    ]


def filter_verb(model: str, verb: str) -> str:
    """Return what was done; of the rows, only their list can be downloaded."""
    is_list = verb == "download" and model in OBJECT_LABELS
    return str(_("list downloaded") if is_list else VERB_LABELS[verb])
