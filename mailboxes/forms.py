"""The forms of the admin and of the password page; `deeds` decides what they refuse."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mailboxes import actions
from mailboxes.addresses import (
    LONGEST_ADDRESS,
    Address,
    BadAddress,
    DomainName,
    parse_alias,
    parse_targets,
)
from mailboxes.conf import quota_multiplier
from mailboxes.errors import Refused
from mailboxes.formats import kept_size, translated
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import domain_names
from mailboxes.sizes import BadSize, limit_as_written, parse_size, units
from mailboxes.widgets import AddressInput, NewPasswordInput, SizeInput


class ParsedField(forms.CharField):
    """A text that one function of the ground floor parses; its sentence is the error."""

    def __init__(self, parse: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parse = parse

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return self.parse(text) if text else text
        except (BadAddress, BadSize) as error:
            raise ValidationError(translated(error), code="invalid") from error


class SizeField(ParsedField):
    """Bytes, written with a unit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(parse_size, **{"widget": SizeInput(), **kwargs})

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(parse_size(str(initial)) != parse_size(str(data)))
        except BadSize:
            return True

    def kept(self, value: int) -> dict[str, int]:
        """Return what the history keeps."""
        return kept_size(value)


class LimitField(SizeField):
    """A domain's limit: the table counts it in units of QUOTA_MULTIPLIER bytes, a person does not.

    What is no whole number of units is rounded up, and shown again as it was written.
    """

    def __init__(self, may_be_off: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.may_be_off = may_be_off

    def prepare_value(self, value: Any) -> Any:
        return limit_as_written(value, quota_multiplier()) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        if value == "-1" and self.may_be_off:
            return -1
        return units(super().clean(value), quota_multiplier())

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != int(initial))
        except ValidationError:
            return True

    def kept(self, value: int) -> dict[str, int]:
        return kept_size(value * quota_multiplier())


class PasswordField(forms.CharField):
    """A password to be set. Blanks at its ends belong to it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(**{"strip": False, "max_length": 1000, "widget": widget, **kwargs})


class NewAddressField(ParsedField):
    """An address or domain of this host; the form gives it the domains to choose from."""

    def offer(self, domains: Sequence[str], many: bool) -> None:
        self.widget = AddressInput(domains, many)
        self.widget.is_required = self.required


class DomainField(ParsedField):
    """The name of a domain that is here."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(DomainName.parse, **kwargs)

    def offer(self, domains: Sequence[str], many: bool) -> None:
        if not many:
            choices = [("", _("choose…")), *((domain, domain) for domain in domains)]
            self.widget = forms.Select(choices=choices)
            self.widget.is_required = self.required


def focus(form: forms.BaseForm) -> None:
    """Put the cursor into the first field, or into the first that is wrong."""
    wrong = [name for name in form.fields if name in form.errors]
    for name in (wrong or list(form.fields))[:1]:
        form.fields[name].widget.attrs["autofocus"] = True


class RefusableForm(forms.BaseForm):
    """A form whose last word has a deed's own check; its refusal stands at the field."""

    fields_of_refusals = {"password": "new_password1"}
    only_when_new: Sequence[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        instance = getattr(self, "instance", None)
        if instance and not instance._state.adding:
            for name in self.only_when_new:
                self.fields.pop(name, None)
        offering = [field for field in self.fields.values() if hasattr(field, "offer")]
        if offering:
            names, many = domain_names()
            for field in offering:
                field.offer(names, many)

    def refuse(self, check: Callable[[], Any]) -> Any:
        try:
            return check()
        except Refused as error:
            field = self.fields_of_refusals.get(error.field, error.field)
            self.add_error(field if field in self.fields else None, translated(error))

    def check_twins(self, data: dict[str, Any]) -> None:
        if data.get("new_password1") != data.get("new_password2"):
            self.add_error("new_password2", _("The two passwords differ."))


class DomainForm(RefusableForm, forms.ModelForm):
    only_when_new = ["domain"]
    domain = ParsedField(
        DomainName.parse, label=_("Domain"), help_text=_("Such as example.org; cannot be changed.")
    )

    maxquota = LimitField(
        may_be_off=True,
        initial="0",
        label=_("Quota of one mailbox"),
        help_text=_("At most so much. 0 for no limit, -1 to switch quotas off."),
    )
    quota = LimitField(
        initial="0",
        label=_("Quota of all mailboxes"),
        help_text=_("At most so much together. 0 for no limit."),
    )

    class Meta:
        model = Domain
        fields = ["description", "active", "mailboxes", "aliases", "maxquota", "quota"]
        help_texts = {
            "mailboxes": _("0 for no limit, -1 for none at all."),
            "aliases": _("0 for no limit, -1 for none at all."),
            "active": _("A disabled domain takes no mail, and nobody of it can sign in."),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and "domain" in data:
            self.refuse(lambda: actions.check_new_domain(data["domain"]))
        return data


class MailboxForm(RefusableForm, forms.ModelForm):
    only_when_new = ["address"]
    address = NewAddressField(
        Address.parse,
        max_length=254,
        label=_("Address"),
        help_text=_("It cannot be changed later."),
    )
    quota = SizeField(initial="0", label=_("Quota"), help_text=_("0 for no limit."))
    new_password1 = PasswordField(
        label=_("Password"),
        help_text=_("At least 12 characters. Three unrelated words work well."),
        widget=NewPasswordInput("new_password2"),
    )
    new_password2 = PasswordField(label=_("Password, again"))

    class Meta:
        model = Mailbox
        fields = ["name", "quota", "active"]
        help_texts = {
            "active": _("A disabled mailbox takes no mail, and its owner cannot sign in.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            for name in ("new_password1", "new_password2"):
                self.fields[name].required = False
            self.fields["new_password1"].label = _("New password")
            self.fields["new_password2"].label = _("New password, again")
            self.fields["new_password1"].help_text = _("Leave empty to keep the present one.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.check_twins(data)
        if not self.errors:
            self.refuse(lambda: self.check(data))
        return data

    def check(self, data: dict[str, Any]) -> None:
        mailbox = Mailbox(username=str(data.get("address", self.instance.pk)), name=data["name"])
        if "address" in data:
            actions.check_new_mailbox(data["address"], data["quota"])
        else:
            self.instance.quota = data["quota"]
            actions.check_changed_mailbox(self.instance)
        if data["new_password1"]:
            actions.check_password(data["new_password1"], mailbox)


class AliasForm(RefusableForm, forms.ModelForm):
    only_when_new = ["address"]
    address = NewAddressField(
        parse_alias,
        max_length=254,
        label=_("Address"),
        help_text=_(
            "It cannot be changed later. Without a local part it is a catch-all: it takes whatever "
            "has no mailbox or alias of its own."
        ),
    )
    goto = ParsedField(
        parse_targets,
        label=_("Leads to"),
        help_text=_("One address a line."),
        widget=forms.Textarea(attrs={"rows": 5, "cols": 50}),
    )

    class Meta:
        model = Alias
        fields = ["active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "goto" in self.fields:
            self.initial["goto"] = "\n".join(self.instance.targets)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            self.refuse(lambda: self.check(data))
        return data

    def check(self, data: dict[str, Any]) -> None:
        if "address" in data:
            actions.check_new_alias(data["address"], data["goto"])
        else:
            actions.check_changed_alias(self.instance, data["goto"], data["active"])


class AliasDomainForm(RefusableForm, forms.ModelForm):
    only_when_new = ["alias_domain", "target_domain"]
    alias_domain = DomainField(
        label=_("Alias domain"), help_text=_("Each of its addresses leads to the same one there.")
    )
    target_domain = DomainField(label=_("Leads to"))

    class Meta:
        model = AliasDomain
        fields = ["active"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and "alias_domain" in data:
            self.refuse(
                lambda: actions.check_alias_domain(
                    str(data["alias_domain"]), str(data["target_domain"])
                )
            )
        return data


class ChangePasswordForm(RefusableForm, forms.Form):
    """A mailbox owner's own change of password.

    `mailbox` is the owner's once the form is valid. The old password is judged before the new
    one, and a wrong address, a wrong password and a disabled mailbox get one and the same answer.
    """

    address = forms.CharField(
        max_length=254,
        label=_("Mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    current_password = PasswordField(
        label=_("Current password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password1 = PasswordField(
        label=_("New password"),
        help_text=_("At least 12 characters. Three unrelated words work well."),
        widget=NewPasswordInput("new_password2"),
    )
    new_password2 = PasswordField(label=_("New password, again"))
    mailbox: Mailbox | None = None
    wrong_login = False

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "address" not in data or "current_password" not in data:
            return data
        self.mailbox = actions.find_by_password(
            known_form(data["address"]), data["current_password"]
        )
        if self.mailbox is None:
            self.wrong_login = True
            self.errors.clear()
            self.add_error(
                None, _("The address or the current password is wrong, or the mailbox is disabled.")
            )
            return data
        self.check_twins(data)
        if not self.errors:
            mailbox = self.mailbox
            self.refuse(lambda: actions.check_password(data["new_password1"], mailbox))
        return data

    def save(self) -> None:
        if self.mailbox:
            actions.change_password(self.mailbox, self.cleaned_data["new_password1"])


def known_form(address: str) -> str:
    """Return the address as the tables would hold it, or as typed if they could not."""
    address = address.strip()
    try:
        return str(Address.parse(address))
    except BadAddress:
        return address.lower()[:LONGEST_ADDRESS]
