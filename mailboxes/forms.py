"""The forms of the admin and the password page; `actions` decides what they refuse."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mailboxes import actions
from mailboxes.access.scope import NOTHING, Scope
from mailboxes.access.self_service import is_open
from mailboxes.accounts import AccountKind
from mailboxes.actions import rules
from mailboxes.actions.shown_values import ShownValues
from mailboxes.addresses import (
    MAX_ADDRESS,
    Address,
    BadAddress,
    DomainName,
    parse_alias,
    parse_targets,
)
from mailboxes.audit.actors import Actor
from mailboxes.edit_conflicts import EditConflictMixin
from mailboxes.errors import Refused, gettext_noop
from mailboxes.form_fields import (
    DomainField,
    LimitField,
    NewAddressField,
    ParsedField,
    PasswordField,
    SizeField,
)
from mailboxes.formats import error_message
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.password_validation import PASSWORD_HELP
from mailboxes.queries import domain_names
from mailboxes.throttle import attempts
from mailboxes.variants import Scheme
from mailboxes.widgets import NewPasswordInput

NOT_NOW = gettext_noop(
    "Passwords can't be changed at the moment. Please contact your administrator."
)


def autofocus(form: forms.BaseForm) -> None:
    """Put the cursor into the first field with an error, or else into the first field."""
    wrong = [name for name in form.fields if name in form.errors]
    for name in (wrong or list(form.fields))[:1]:
        form.fields[name].widget.attrs["autofocus"] = True


class ActionForm(forms.BaseForm):
    """A form whose data an action validates; its refusal is shown beside the field."""

    error_fields = {"password": "new_password1"}
    """The form's fields for those that a refusal names, where they differ."""

    password_fields = ("new_password1", "new_password2")
    """The fields for a new password and its repetition."""

    only_when_new: Sequence[str] = ()
    refusal: Refused | None = None
    """The action's refusal of this form's data, if any."""

    scope: Scope = NOTHING
    """What the administrator may do, which decides what domains are offered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        instance = getattr(self, "instance", None)
        if instance and not instance._state.adding:
            for name in self.only_when_new:
                self.fields.pop(name, None)
        with_domains = [field for field in self.fields.values() if hasattr(field, "set_domains")]
        if with_domains:
            names, more = domain_names(self.scope.narrow(Domain.objects.all()))
            for field in with_domains:
                field.set_domains(names, more)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.refusal and self.refusal.code != "changed":  # the difference is shown instead
            self.add_refusal(self.refusal)
        return data

    def add_refusal(self, error: Refused) -> None:
        field = self.error_fields.get(error.field, error.field)
        message = ValidationError(error_message(error), code=error.code)
        self.add_error(field if field in self.fields else None, message)

    def is_performed(self, action: Callable[..., object], *args: object) -> bool:
        """Run an action; if it is refused, add the error and return False."""
        try:
            action(*args)
        except Refused as error:
            self.add_refusal(error)
            return False
        return True

    def check_repetition(self, data: dict[str, Any]) -> None:
        first, second = self.password_fields
        if data.get(first) != data.get(second):
            self.add_error(second, _("The two passwords don't match."))


class NewPasswordForm(ActionForm):
    """A form in which a new password is entered twice."""

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.check_repetition(data)
        return data


class RowForm(EditConflictMixin, ActionForm, forms.ModelForm):
    """A row of the mail tables; what its columns can't store is refused in the action's words."""

    def _update_errors(self, errors: ValidationError) -> None:
        for field, found in errors.error_dict.items():
            self.add_refusal(rules.column_refusal(self.instance, field, found))

    def validate_unique(self) -> None:
        """Check nothing: the action refuses what is taken, and says by what."""


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


class MailboxForm(RowForm, NewPasswordForm):
    only_when_new = ["address"]
    address = NewAddressField(
        Address.parse,
        max_length=MAX_ADDRESS,
        label=_("Address"),
        help_text=_("This can't be changed later."),
    )
    quota = SizeField(initial="0", label=_("Quota"), help_text=_("0 for no limit."))
    new_password1 = PasswordField(
        label=_("Password"),
        help_text=PASSWORD_HELP,
        widget=NewPasswordInput("new_password2"),
    )
    new_password2 = PasswordField(label=_("Repeat password"))

    class Meta:
        model = Mailbox
        fields = ["name", "quota", "active"]
        help_texts = {
            "active": _("A disabled mailbox receives no mail, and its owner can't sign in.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.quota < 0:
            self.initial["quota"] = 0
        if not self.instance._state.adding:
            for name in ("new_password1", "new_password2"):
                self.fields[name].required = False
            self.fields["new_password1"].widget.username = self.instance.pk
            self.fields["new_password1"].label = _("New password")
            self.fields["new_password2"].label = _("Repeat new password")
            self.fields["new_password1"].help_text = _("Leave empty to keep the current one.")

    def clean_quota(self) -> int:
        """Keep -1, which PostfixAdmin writes for no limit, until a limit is entered."""
        quota: int = self.cleaned_data["quota"]
        return quota or min(self.instance.quota, 0)


class MailboxPasswordForm(NewPasswordForm, forms.Form):
    """A new password for a mailbox, set by an administrator."""

    new_password1 = PasswordField(
        label=_("New password"), help_text=PASSWORD_HELP, widget=NewPasswordInput("new_password2")
    )
    new_password2 = PasswordField(label=_("Repeat new password"))
    is_temporary = forms.BooleanField(
        required=False,
        label=_("The owner should choose another one"),
        help_text=_("The mailbox is marked until the owner has done so at /password/."),
    )

    def __init__(self, mailbox: Mailbox, *args: Any) -> None:
        self.mailbox = mailbox
        super().__init__(*args)
        self.fields["new_password1"].widget.username = mailbox.pk

    def save(self, actor: Actor, scheme: Scheme) -> bool:
        """Set the password; if that is refused, add the error and return False."""
        data = self.cleaned_data
        values = (data["new_password1"], scheme, data["is_temporary"])
        return self.is_performed(actions.change_password, actor, self.mailbox, *values)


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


class ChangePasswordForm(ActionForm, forms.Form):
    """A mailbox owner's own change of password.

    The old password is checked before the new one, and a wrong address, a wrong password and a
    disabled mailbox get the same answer. Too many attempts raise Locked.
    """

    address = forms.CharField(
        max_length=MAX_ADDRESS,
        label=_("Email address"),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    current_password = PasswordField(
        label=_("Current password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password1 = PasswordField(
        label=_("New password"),
        help_text=PASSWORD_HELP,
        widget=NewPasswordInput("new_password2"),
    )
    new_password2 = PasswordField(label=_("Repeat new password"))
    mailbox: Mailbox | None = None
    wrong_login = False

    def __init__(self, owner: Actor, scheme: Scheme, *args: Any) -> None:
        self.owner = owner
        self.scheme = scheme
        super().__init__(*args)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if "address" not in data or "current_password" not in data:
            return data
        attempt = (AccountKind.MAILBOX, self.owner.name, self.owner.client)
        attempts.attempt(*attempt)
        password = data["current_password"]
        self.mailbox = actions.authenticate(self.owner.name, password, self.scheme)
        if self.mailbox is None:
            self.wrong_login = True
            self.errors.clear()
            self.add_error(
                None, _("The address or the current password is wrong, or the mailbox is disabled.")
            )
            return data
        attempts.succeeded(*attempt)
        self.check_repetition(data)
        return data

    def add_refusal(self, error: Refused) -> None:
        """Add an error; what only an administrator can repair is none of the owner's business."""
        super().add_refusal(Refused(NOT_NOW, code="engine") if error.code == "engine" else error)

    def save(self) -> bool:
        """Change the password; if that is refused, add the error and return False."""
        if self.mailbox is None:
            return False
        values = (self.owner, self.mailbox, self.cleaned_data["new_password1"], self.scheme)
        return self.is_performed(actions.change_password, *values)


def normalize_address(address: str) -> str:
    """Return the address as the tables would store it, or as typed if they couldn't."""
    address = address.strip()
    try:
        return str(Address.parse(address))
    except BadAddress:
        return address.lower()[:MAX_ADDRESS]
