"""The fields that say what becomes of mail for an address."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mailboxes.form_fields import ParsedField
from mailboxes.handling import DEFAULT_SENTENCE, Handling, handling_target, parse_sentence

LABELS = {
    Handling.REFUSED: _("Refused, with the sentence below"),
    Handling.DISCARDED: _("Discarded"),
}
LABEL = _("Mail for this address")


def handling_field(delivered: Any, help_text: Any, label: Any = LABEL) -> forms.ChoiceField:
    """Return the field; a form that lacks it delivers mail."""
    choices = [(Handling.DELIVERED.value, delivered)]
    choices += [(handling.value, label) for handling, label in LABELS.items()]
    return forms.ChoiceField(choices=choices, required=False, label=label, help_text=help_text)


def sentence_field() -> ParsedField:
    return ParsedField(
        parse_sentence,
        required=False,
        initial=DEFAULT_SENTENCE,
        widget=forms.TextInput({"size": 50}),
        label=_("Sentence for refused mail"),
        help_text=_(
            "What senders are told, such as “Anna has left. Write to info@example.org.” Letters "
            "from A to Z only."
        ),
    )


def refusal(form: forms.BaseForm) -> str:
    """Return the target that refuses or discards mail, if chosen, once the fields are cleaned.

    A sentence that isn't used may be anything.
    """
    data = form.cleaned_data
    handling = Handling(data.get("handling") or Handling.DELIVERED)
    if handling != Handling.REFUSED:
        form.errors.pop("sentence", None)
    return handling_target(handling, data.get("sentence", ""))
