"""The forms of aliases and alias domains."""

from functools import partial
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mailboxes.addresses import MAX_ADDRESS, parse_alias, parse_targets
from mailboxes.form_fields import DomainField, NewAddressField, ParsedField
from mailboxes.forms.base import RowForm
from mailboxes.models import Alias, AliasDomain


class AliasForm(RowForm):
    only_when_new = ["address"]
    address = NewAddressField(
        parse_alias,
        max_length=MAX_ADDRESS,
        label=_("Address"),
        help_text=_(
            "This can't be changed later. Without a local part, the alias is a catch-all: it "
            "receives mail for every address in the domain that is neither a mailbox nor an alias."
        ),
    )
    goto = ParsedField(
        parse_targets,
        label=_("Forwards to"),
        help_text=_("One address per line."),
        widget=forms.Textarea(attrs={"rows": 5, "cols": 50}),
    )

    class Meta:
        model = Alias
        fields = ["active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "goto" in self.fields:
            self.initial["goto"] = "\n".join(self.instance.targets)
            parse = partial(parse_targets, stored=self.instance.goto)
            self.fields["goto"].parse = parse  # type: ignore[attr-defined]

    def stored_value(self, name: str) -> object:
        return self.instance.goto.split(",") if name == "goto" else super().stored_value(name)


class AliasDomainForm(RowForm):
    only_when_new = ["alias_domain", "target_domain"]
    alias_domain = DomainField(
        label=_("Alias domain"),
        help_text=_("Each of its addresses forwards to the same address in the other domain."),
    )
    target_domain = DomainField(label=_("Forwards to"))

    class Meta:
        model = AliasDomain
        fields = ["active"]
