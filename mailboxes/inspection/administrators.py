"""What became of PostfixAdmin's administrators, in a line for each."""

from django.utils.translation import gettext as _

from mailboxes.access.roles import Role
from mailboxes.actions import TakenOver
from mailboxes.formats import error_message


def administrator_text(taken_over: TakenOver) -> str:
    parts = [result_text(taken_over)]
    if not taken_over.refusal:
        if not taken_over.is_active:
            parts.append(_("Disabled, as in PostfixAdmin."))
        if not taken_over.has_password:
            parts.append(_("The panel can't check the password; set another one."))
    if missing := ", ".join(taken_over.missing_domains):
        parts.append(_("Domains that don't exist: %(domains)s.") % {"domains": missing})
    return " ".join(parts)


def result_text(taken_over: TakenOver) -> str:
    given = taken_over.assignment
    params = {"name": taken_over.name, "role": Role(given.role).label}
    if taken_over.refusal:
        return _("%(name)s: left out. %(reason)s") % {
            **params,
            "reason": error_message(taken_over.refusal),
        }
    if given.domains:
        params["domains"] = ", ".join(given.domains)
        return _("%(name)s: added as %(role)s for %(domains)s.") % params
    return _("%(name)s: added as %(role)s.") % params
