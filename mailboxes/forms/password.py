"""The form of the page where mailbox owners change their password."""

from contextlib import suppress
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from mailboxes import actions
from mailboxes.access.self_service import is_demanded
from mailboxes.accounts import AccountKind
from mailboxes.addresses import MAX_ADDRESS
from mailboxes.audit.actors import Actor
from mailboxes.conf import MailHost
from mailboxes.errors import Refused, gettext_noop
from mailboxes.form_fields import PasswordField
from mailboxes.forms.base import ActionForm
from mailboxes.models import Mailbox
from mailboxes.password_validation import PASSWORD_HELP
from mailboxes.throttle import attempts
from mailboxes.widgets import NewPasswordInput

NOT_NOW = gettext_noop(
    "Passwords can't be changed at the moment. Please contact your administrator."
)

KEEP_HELP = _("Leave both fields empty to sign in and keep your password.")
TEMPORARY = _("Your current password is temporary. Choose another one.")


class ChangePasswordForm(ActionForm, forms.Form):
    """A mailbox owner's own change of password, or a sign-in that keeps it.

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
        help_text=format_lazy("{} {}", PASSWORD_HELP, KEEP_HELP),
        widget=NewPasswordInput("new_password2"),
        required=False,
    )
    new_password2 = PasswordField(label=_("Repeat new password"), required=False)
    mailbox: Mailbox | None = None
    wrong_login = False
    keeps_password = False

    def __init__(self, owner: Actor, host: MailHost, *args: Any) -> None:
        self.owner = owner
        self.host = host
        super().__init__(*args)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if "address" not in data or "current_password" not in data:
            return data
        attempt = (AccountKind.MAILBOX, self.owner.name, self.owner.client)
        attempts.attempt(*attempt)
        password = data["current_password"]
        self.mailbox = actions.authenticate(self.owner.name, password, self.host.scheme)
        if self.mailbox is None:
            self.wrong_login = True
            self.errors.clear()
            self.add_error(
                None, _("The address or the current password is wrong, or the mailbox is disabled.")
            )
            return data
        attempts.succeeded(*attempt)
        self.check_repetition(data)
        self.keeps_password = not (data.get("new_password1") or data.get("new_password2"))
        if self.keeps_password and is_demanded(AccountKind.MAILBOX, self.mailbox.pk):
            self.add_error("new_password1", TEMPORARY)
        return data

    def add_refusal(self, error: Refused) -> None:
        """Add an error; what only an administrator can repair is none of the owner's business."""
        super().add_refusal(Refused(NOT_NOW, code="engine") if error.code == "engine" else error)

    def save(self) -> bool:
        """Change the password, or keep it; if that is refused, add the error and return False."""
        if self.mailbox is None:
            return False
        row = (self.owner, self.mailbox)
        current, new = self.cleaned_data["current_password"], self.cleaned_data["new_password1"]
        if self.keeps_password:
            return self.is_performed(actions.keep_password, *row, current, self.host)
        if self.is_performed(actions.change_password, *row, new, self.host.scheme):
            return True
        with suppress(Refused):
            actions.rehash_password(*row, current, self.host)
        return False

    def sign_in(self) -> None:
        """Log that the current password was right, although the new one can't be used."""
        if self.mailbox:
            current = self.cleaned_data["current_password"]
            with suppress(Refused):
                actions.keep_password(self.owner, self.mailbox, current, self.host)
