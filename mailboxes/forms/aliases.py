"""The forms of aliases and alias domains."""

from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from mailboxes.addresses import MAX_ADDRESS, NO_TARGET, parse_alias, parse_targets
from mailboxes.errors import Refused
from mailboxes.form_fields import DomainField, NewAddressField, ParsedField
from mailboxes.forms.base import RowForm
from mailboxes.forms.handling import handling_field, refusal, sentence_field
from mailboxes.handling import DEFAULT_SENTENCE, Handling, sentence_of
from mailboxes.models import Alias, AliasDomain
from mailboxes.widgets import TargetsInput


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
    handling = handling_field(
        _("Forwarded to the addresses below"),
        _(
            "This applies to mail from other hosts and from here, even if the domain has a "
            "catch-all."
        ),
    )
    goto = ParsedField(
        parse_targets,
        required=False,
        label=_("Forwards to"),
        help_text=_("One address per line."),
        widget=TargetsInput(),
    )
    sentence = sentence_field()

    class Meta:
        model = Alias
        fields = ["active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "goto" in self.fields:
            is_delivered = self.instance.handling == Handling.DELIVERED
            self.initial["goto"] = "\n".join(self.instance.targets) if is_delivered else ""
            if not is_delivered:
                self.initial["handling"] = self.instance.handling.value
                self.initial["sentence"] = sentence_of(self.instance.goto) or DEFAULT_SENTENCE
            parse = partial(parse_targets, stored=self.instance.goto)
            self.fields["goto"].parse = parse  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Put what becomes of mail into the only target."""
        data = super().clean()
        if target := refusal(self):
            data["goto"] = [target]
            self.errors.pop("goto", None)
        elif "goto" not in self.errors and not self.has_targets(data.get("goto")):
            self.add_refusal(Refused(NO_TARGET, code="required", field="goto"))
        return data

    def has_targets(self, goto: Any) -> bool:
        """Say whether an alias that forwards has targets; what others left empty is kept."""
        handled = not self.instance._state.adding and self.instance.handling
        was_handled = handled and handled != Handling.DELIVERED
        return bool(goto) and not (was_handled and goto == self.stored_value("goto"))

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
