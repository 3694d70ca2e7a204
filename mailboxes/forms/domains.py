"""The form of a domain."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mailboxes.access.self_service import is_open
from mailboxes.actions.shown_values import ShownValues
from mailboxes.addresses import DomainName
from mailboxes.form_fields import LimitField, ParsedField
from mailboxes.forms.base import RowForm
from mailboxes.models import Domain


class DomainForm(RowForm):
    only_when_new = ["domain"]
    domain = ParsedField(
        DomainName.parse,
        label=_("Domain"),
        help_text=_("For example, example.org. This can't be changed later."),
    )

    maxquota = LimitField(
        may_be_off=True,
        initial="0",
        label=_("Quota per mailbox"),
        help_text=_("Maximum quota of a single mailbox. 0 for no limit, -1 to switch quotas off."),
    )
    quota = LimitField(
        initial="0",
        label=_("Total quota of all mailboxes"),
        help_text=_("Maximum quota of all mailboxes together. 0 for no limit."),
    )

    self_service = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Owners may change their passwords"),
        help_text=_("Otherwise only administrators can set the passwords of this domain."),
    )

    class Meta:
        model = Domain
        fields = ["description", "active", "mailboxes", "aliases", "maxquota", "quota"]
        help_texts = {
            "mailboxes": _("Enter 0 for no limit, -1 to allow none."),
            "aliases": _("Enter 0 for no limit, -1 to allow none."),
            "active": _(
                "A disabled domain receives no mail, and the owners of its mailboxes can't sign in."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["self_service"] = is_open(self.instance.pk)

    def read_values(self) -> ShownValues:
        return {**super().read_values(), "self_service": is_open(self.instance.pk)}
