"""The form of the page where mailbox owners change their password."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mailboxes import actions
from mailboxes.accounts import AccountKind
from mailboxes.addresses import MAX_ADDRESS
from mailboxes.audit.actors import Actor
from mailboxes.errors import Refused, gettext_noop
from mailboxes.form_fields import PasswordField
from mailboxes.forms.base import ActionForm
from mailboxes.models import Mailbox
from mailboxes.password_validation import PASSWORD_HELP
from mailboxes.throttle import attempts
from mailboxes.variants import Scheme
from mailboxes.widgets import NewPasswordInput

NOT_NOW = gettext_noop(
    "Passwords can't be changed at the moment. Please contact your administrator."
)


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
