"""Form fields for addresses, domains, sizes, limits and passwords."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mailboxes.addresses import DomainName
from mailboxes.adoption.mark import quota_megabyte
from mailboxes.conf import quota_multiplier
from mailboxes.errors import Refused
from mailboxes.formats import error_message, number
from mailboxes.sizes import (
    UNITS,
    exact_limit,
    exact_quota,
    parse_limit,
    parse_quota,
    parse_size,
)
from mailboxes.widgets import MEGABYTES, AddressInput, SizeInput, domain_choices


class ParsedField(forms.CharField):
    """A string parsed by a function, whose refusal becomes the field's error."""

    def __init__(self, parse: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parse = parse

    def clean(self, value: object) -> Any:
        text = super().clean(value)
        try:
            return self.parse(text) if text else text
        except Refused as error:
            raise ValidationError(error_message(error), code=error.code) from error


class SizeField(ParsedField):
    """Bytes, entered with a unit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(parse_size, **{"widget": SizeInput(), **kwargs})

    def has_changed(self, initial: object, data: object) -> bool:
        shown = str(self.prepare_value(initial))
        try:
            return shown != data and bool(self.clean(shown) != self.clean(data))
        except ValidationError:
            return True


class QuotaField(SizeField):
    """A mailbox's quota in bytes."""

    megabyte = 0

    def count_in(self, megabyte: int) -> None:
        """Take and show whole megabytes of this many bytes, as in PostfixAdmin; 0 for any size."""
        self.megabyte = megabyte
        self.parse = lambda text: parse_quota(text, megabyte)
        if megabyte not in (0, UNITS["M"]):
            self.widget = SizeInput(MEGABYTES)
            self.widget.is_required = self.required
            about = _("One MB is %(bytes)s bytes, as in PostfixAdmin.")
            self.help_text = f"{self.help_text} {about % {'bytes': number(megabyte)}}"

    def prepare_value(self, value: object) -> object:
        return exact_quota(value, self.megabyte) if isinstance(value, int) else value


def count_quota(form: forms.BaseForm) -> None:
    """Count the quota in this form as the mail database needs it."""
    field: Any = form.fields["quota"]
    field.count_in(quota_megabyte())


class LimitField(SizeField):
    """A domain's limit, entered as a size and stored in units of QUOTA_MULTIPLIER bytes.

    A size that is not a whole number of units is rounded up, and shown again as it was entered.
    """

    def __init__(self, may_be_off: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parse = lambda text: parse_limit(text, quota_multiplier(), may_be_off)

    def prepare_value(self, value: object) -> object:
        return exact_limit(value, quota_multiplier()) if isinstance(value, int) else value

    def has_changed(self, initial: object, data: object) -> bool:
        try:
            return bool(self.clean(data) != int(str(initial)))
        except ValidationError:
            return True


class PasswordField(forms.CharField):
    """A new password; leading and trailing spaces are kept, and all of it after an error."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput({"autocomplete": "new-password"}, render_value=True)
        super().__init__(**{"strip": False, "max_length": 1000, "widget": widget, **kwargs})


class NewAddressField(ParsedField):
    """A new address of this host; the form gives it the domains to choose from."""

    def set_domains(self, names: Sequence[str], more: bool) -> None:
        self.widget = AddressInput(names, more)
        self.widget.is_required = self.required


class DomainField(ParsedField):
    """The name of an existing domain; the form gives it the domains to choose from."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(DomainName.parse, **kwargs)

    def set_domains(self, names: Sequence[str], more: bool) -> None:
        if not more:
            self.widget = forms.Select(choices=domain_choices(names))
            self.widget.is_required = self.required
