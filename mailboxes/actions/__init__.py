"""The actions on the mail tables, each of which is done completely or not at all.

An action that can't be done raises Refused and writes nothing. PostfixAdmin's conventions apply: a
mailbox has an alias to itself, quotas are in bytes, and a limit of 0 means no limit, -1 none
allowed.
"""

from mailboxes.actions.activation import set_active
from mailboxes.actions.administrators import (
    RoleAssignment,
    change_administrator,
    create_administrator,
    delete_administrator,
    set_administrator_password,
)
from mailboxes.actions.adoption import adopt_database, forget_adoption
from mailboxes.actions.aliases import (
    change_alias,
    create_alias,
    create_alias_domain,
    delete_alias,
    delete_alias_domain,
)
from mailboxes.actions.bulk import (
    delete_in_bulk,
    disable_mailboxes_in_bulk,
    set_active_in_bulk,
    set_quota_in_bulk,
)
from mailboxes.actions.canary import canary
from mailboxes.actions.deployment import remember_export, report_applied
from mailboxes.actions.domain_deletion import (
    DeletionStep,
    delete_domain_step,
    is_deleted_in_steps,
    unfinished_deletion,
)
from mailboxes.actions.domain_renaming import (
    check_domain_renaming,
    plan_domain_renaming,
    rename_domain,
)
from mailboxes.actions.domains import (
    change_domain,
    create_domain,
    delete_domain,
    set_self_service,
)
from mailboxes.actions.examinations import remember_examination
from mailboxes.actions.figures import count_figures
from mailboxes.actions.imports.importing import import_rows, plan_import, run_import
from mailboxes.actions.mailboxes import (
    change_mailbox,
    check_new_mailbox,
    create_mailbox,
    delete_mailbox,
)
from mailboxes.actions.old_administrators import TakenOver, take_over_administrators
from mailboxes.actions.passwords import (
    authenticate,
    change_password,
    check_new_password,
    keep_password,
    rehash_password,
)
from mailboxes.actions.renaming import check_renaming, plan_renaming, rename_mailbox
from mailboxes.actions.undoing import undo_change, undo_import

__all__ = [
    "DeletionStep",
    "RoleAssignment",
    "TakenOver",
    "adopt_database",
    "authenticate",
    "canary",
    "change_administrator",
    "change_alias",
    "change_domain",
    "change_mailbox",
    "change_password",
    "check_domain_renaming",
    "check_new_mailbox",
    "check_new_password",
    "check_renaming",
    "count_figures",
    "create_administrator",
    "create_alias",
    "create_alias_domain",
    "create_domain",
    "create_mailbox",
    "delete_administrator",
    "delete_alias",
    "delete_alias_domain",
    "delete_domain",
    "delete_domain_step",
    "delete_in_bulk",
    "delete_mailbox",
    "disable_mailboxes_in_bulk",
    "forget_adoption",
    "import_rows",
    "is_deleted_in_steps",
    "keep_password",
    "plan_domain_renaming",
    "plan_import",
    "plan_renaming",
    "rehash_password",
    "remember_examination",
    "remember_export",
    "rename_domain",
    "rename_mailbox",
    "report_applied",
    "run_import",
    "set_active",
    "set_active_in_bulk",
    "set_administrator_password",
    "set_quota_in_bulk",
    "set_self_service",
    "take_over_administrators",
    "undo_change",
    "undo_import",
    "unfinished_deletion",
]
