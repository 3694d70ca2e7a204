"""The roles of administrators, and what each of them may do."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """One for each administrator."""

    SUPERUSER = "superuser", _("Superuser")
    DOMAIN_ADMINISTRATOR = "domain", _("Domain administrator")
    HELPDESK = "helpdesk", _("Helpdesk")
    AUDITOR = "auditor", _("Auditor")


DESCRIPTIONS = {
    Role.SUPERUSER: _(
        "Has full access to all domains and their limits, to administrators, and to the "
        "configuration with its database passwords."
    ),
    Role.DOMAIN_ADMINISTRATOR: _(
        "Adds, changes and deletes mailboxes and aliases in the domains below, within the limits "
        "of these domains, and sets passwords. Can't see other domains."
    ),
    Role.HELPDESK: _(
        "Sets new passwords, and enables and disables mailboxes in the domains below. Can't see "
        "other domains."
    ),
    Role.AUDITOR: _("Sees all domains, administrators and the log. Can't change anything."),
}
IN_DOMAINS = (Role.DOMAIN_ADMINISTRATOR, Role.HELPDESK)
"""The roles that are granted for domains; the others hold for all."""

MAIL_MODELS = ("domain", "mailbox", "alias", "aliasdomain")
VIEW = {f"{model}.{verb}" for model in MAIL_MODELS for verb in ("view", "download")}
CHANGE_MAILBOX = {"mailbox.password", "mailbox.enable", "mailbox.disable"}
CHANGE_VERBS = ("create", "change", "enable", "disable", "delete")

ALLOWED: dict[str, frozenset[str] | None] = {
    Role.SUPERUSER: None,
    Role.DOMAIN_ADMINISTRATOR: frozenset(
        VIEW
        | CHANGE_MAILBOX
        | {"mailbox.rename"}
        | {f"{model}.{verb}" for model in ("mailbox", "alias") for verb in CHANGE_VERBS}
    ),
    Role.HELPDESK: frozenset(VIEW | CHANGE_MAILBOX),
    Role.AUDITOR: frozenset(VIEW | {"log.view", "log.download", "administrator.view"}),
}
"""The actions of each role, by their names in the log; None stands for all."""
