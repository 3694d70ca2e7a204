"""The form of an import: the file, its units and columns, and what the import may do."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from mailboxes.access.scope import NOTHING, Scope
from mailboxes.conf import quota_multiplier
from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.forms.base import ActionForm
from mailboxes.transfer.columns import (
    POSTFIXADMIN_MEGABYTE,
    Column,
    parse_columns,
    unit_bytes,
)

TOO_LARGE = _(
    "The file is larger than 2 MB. Split it, or use manage.py importmailboxes on the server."
)
MAX_UPLOAD = 2_000_000
"""In bytes. The settings and deploy/nginx.conf let a little more through, so that this is said."""

COLUMN_LABELS = {
    Column.TYPE: _("Type"),
    Column.ADDRESS: _("Address"),
    Column.LOCAL_PART: _("Local part"),
    Column.DOMAIN: _("Domain"),
    Column.NAME: _("Name"),
    Column.PASSWORD: _("Password in clear text"),
    Column.HASH: _("Password hash"),
    Column.QUOTA: _("Quota"),
    Column.ACTIVE: _("Active"),
    Column.TARGETS: _("Forwards to"),
    Column.FOLDER: _("Folder"),
    Column.DESCRIPTION: _("Description"),
    Column.MAX_MAILBOXES: _("Maximum mailboxes"),
    Column.MAX_ALIASES: _("Maximum aliases"),
    Column.MAX_QUOTA: _("Quota per mailbox"),
    Column.TOTAL_QUOTA: _("Total quota of all mailboxes"),
    Column.TRANSPORT: _("Transport"),
    Column.BACKUP_MX: _("Backup MX only"),
    Column.PASSWORD_EXPIRY: _("Days until a password expires"),
    Column.ALIAS_DOMAIN: _("Alias domain"),
    Column.TARGET_DOMAIN: _("Target domain"),
}
UNITS = [
    ("", _("as the file says")),
    ("B", _("bytes")),
    ("MB", "MB (MiB)"),
    ("GB", "GB (GiB)"),
    (POSTFIXADMIN_MEGABYTE, _("PostfixAdmin's megabytes")),
]


class ImportForm(ActionForm, forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_(
            "At most 2 MB and 10,000 lines; for more, use manage.py importmailboxes on the server."
        ),
        allow_empty_file=True,
    )
    unit = forms.ChoiceField(
        choices=UNITS,
        required=False,
        label=_("Quotas without a unit are in"),
        help_text=_("Only for plain numbers whose column doesn't name a unit."),
    )
    by_hand = forms.BooleanField(required=False, label=_("Choose the columns by hand"))
    creates_domains = forms.BooleanField(required=False, label=_("Add missing domains"))
    updates = forms.BooleanField(
        required=False,
        label=_("Update existing rows"),
        help_text=_("Otherwise, what already exists is left as it is."),
    )
    is_whole = forms.BooleanField(
        required=False,
        label=_("All or nothing"),
        help_text=_("Import nothing if a single line is refused."),
    )

    def __init__(self, *args: Any, scope: Scope = NOTHING, size: int = 0, **kwargs: Any) -> None:
        """Take the size of the request, since a file that is too large isn't read at all."""
        self.scope = scope
        super().__init__(*args, **kwargs)
        if size > MAX_UPLOAD:
            self.fields["file"].error_messages["required"] = TOO_LARGE
        if not scope.allows("domain.create"):
            del self.fields["creates_domains"]

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_UPLOAD:
            raise ValidationError(TOO_LARGE, code="too_large")
        return file

    def clean(self) -> dict[str, Any]:
        """Add the chosen columns, or None to recognize them, and the unit in bytes."""
        data = super().clean()
        names = self.data.getlist("columns") if hasattr(self.data, "getlist") else []
        data["columns"] = None
        if any(names):
            known = set(Column)
            data["columns"] = parse_columns([name if name in known else "" for name in names])
        unit = data.get("unit")
        data["unit_bytes"] = unit_bytes(unit, quota_multiplier()) if unit else None
        return data


MAX_NOTES = 100


class UndoForm(forms.Form):
    """The hidden fields with which taking an import back continues."""

    entry = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    after = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    continues = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    done = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    all = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    notes = forms.CharField(required=False)

    def notes_with(self, new: Iterable[Refused]) -> list[str]:
        """Return what earlier requests and this one have to say, each sentence once."""
        known = self.cleaned_data["notes"].splitlines()
        return list(dict.fromkeys([*known, *map(error_message, new)]))[:MAX_NOTES]
