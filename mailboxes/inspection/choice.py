"""By which conventions an adopted database is used, as most of its rows have them."""

from mailboxes.adoption.mark import FOLDER_FORMS
from mailboxes.conf import quota_multiplier
from mailboxes.errors import Refused, gettext_noop
from mailboxes.inspection.rows import UNITS, Rows

OTHER_FOLDERS = gettext_noop(
    "Most values of “maildir” are of the form “%(form)s”, which new mailboxes can't have here. "
    "Choose one with --folders: %(known)s."
)
OTHER_UNIT = gettext_noop(
    "QUOTA_MULTIPLIER is %(setting)s, but most quotas are a multiple of %(unit)s. Set "
    "QUOTA_MULTIPLIER to PostfixAdmin's “quota_multiplier”."
)


def choose_folder_form(rows: Rows, wanted: str = "") -> str:
    """Return the form of new mailboxes' folders: the wanted one, or what most others have."""
    forms = sorted(rows.folders, key=lambda form: -rows.folders[form].count)
    form = wanted or next(iter(forms or FOLDER_FORMS))
    if form not in FOLDER_FORMS:
        params = {"form": form, "known": ", ".join(FOLDER_FORMS)}
        raise Refused(OTHER_FOLDERS, params, code="folders")
    return form


def check_quota_multiplier(rows: Rows) -> int:
    """Return the setting; refuse it if most quotas have been made with another one."""
    unit = max(UNITS, key=lambda unit: rows.units[unit])
    setting = quota_multiplier()
    if setting != unit and rows.units[unit] > rows.units[setting]:
        raise Refused(OTHER_UNIT, {"setting": str(setting), "unit": str(unit)}, code="unit")
    return setting
