"""By which conventions an adopted database is used, as most of its rows have them."""

from mailboxes import actions
from mailboxes.adoption.mark import FOLDER_FORMS
from mailboxes.audit.actors import Actor
from mailboxes.conf import mail_host, quota_multiplier
from mailboxes.errors import Refused, gettext_noop
from mailboxes.inspection.report import Report
from mailboxes.inspection.rows import UNITS, Rows
from mailboxes.mail_location import is_folder_template

OTHER_FOLDERS = gettext_noop(
    "Most values of “maildir” are of the form “%(form)s”, which new mailboxes can't have here. "
    "Choose one with --folders: %(known)s, or a template such as vmail/%%d/%%n/."
)
NO_FORM = gettext_noop(
    "“%(form)s” can't be the form of new folders. Use one of: %(known)s. Or use a template that "
    "ends with a slash and contains %%u (the address), or %%d and %%n (the domain and the part "
    "before the @), such as vmail/%%d/%%n/."
)
OTHER_UNIT = gettext_noop(
    "QUOTA_MULTIPLIER is %(setting)s, but most quotas are a multiple of %(unit)s. Set "
    "QUOTA_MULTIPLIER to PostfixAdmin's “quota_multiplier”."
)


def adopt(actor: Actor, report: Report, folders: str = "") -> str:
    """Adopt the tables as the report found them; return the form of new mailboxes' folders."""
    if report.refusals:
        raise report.refusals[0]
    form = choose_folder_form(report.rows, folders)
    multiplier = check_quota_multiplier(report.rows)
    scheme = mail_host().scheme.name
    actions.adopt_database(actor, str(report.product), form, multiplier, scheme)
    return form


def choose_folder_form(rows: Rows, wanted: str = "") -> str:
    """Return the form of new mailboxes' folders: the wanted one, or what most others have."""
    forms = sorted(rows.folders, key=lambda form: -rows.folders[form].count)
    if wanted:
        return check_folder_form(wanted)
    return check_folder_form(next(iter(forms or FOLDER_FORMS)), OTHER_FOLDERS)


def check_folder_form(form: str, message: str = NO_FORM) -> str:
    """Return the form; refuse one that new folders can't have."""
    if form not in FOLDER_FORMS and not is_folder_template(form):
        raise Refused(message, {"form": form, "known": ", ".join(FOLDER_FORMS)}, code="folders")
    return form


def check_quota_multiplier(rows: Rows) -> int:
    """Return the setting; refuse it if most quotas have been made with another one."""
    unit = max(UNITS, key=lambda unit: rows.units[unit])
    setting = quota_multiplier()
    if setting != unit and rows.units[unit] > rows.units[setting]:
        raise Refused(OTHER_UNIT, {"setting": str(setting), "unit": str(unit)}, code="unit")
    return setting
