"""The forms: a password, a code or passkey, and the name of a new passkey."""

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mailboxes.accounts import AccountKind
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.audit.log import log_event, subject
from mailboxes.request_actors import client_address
from mailboxes.second_factor import factors
from mailboxes.sign_in_log import write_failure_to_journal
from mailboxes.throttle import attempts


def code_field(label: Any, help_text: Any = "") -> forms.CharField:
    attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
    widget = forms.TextInput(attrs)
    return forms.CharField(label=label, help_text=help_text, max_length=40, widget=widget)


class OwnPasswordForm(forms.Form):
    """The password of the person who is signed in; wrong ones stay counted and are logged."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        self.request = request
        super().__init__(data)

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        name = self.request.user.get_username()
        attempt = (AccountKind.ADMINISTRATOR, name, client_address(self.request))
        attempts.attempt(*attempt)
        user = authenticate(self.request, username=name, password=password)
        if user is None or user.pk != self.request.user.pk:
            raise ValidationError(_("The password is incorrect."))
        attempts.was_right(*attempt)
        update_session_auth_hash(self.request, user)  # the hash may have been upgraded
        return password


class FactorForm(forms.Form):
    """A code of the app, a recovery code or a passkey; each is counted, a wrong one is logged."""

    used: Authenticator | None = None
    """What the code or passkey belongs to, if it is right."""

    code = code_field(
        _("Code"), _("The six-digit code from your authenticator app, or a recovery code.")
    )
    credential = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: User, client: str, data: Any = None) -> None:
        self.user = user
        self.actor = Actor(ADMINISTRATOR, user.get_username(), client)
        super().__init__(data)
        if data and data.get("credential"):
            self.fields["code"].required = False

    def clean(self) -> None:
        code, credential = (self.cleaned_data.get(name) for name in ("code", "credential"))
        if code or credential:
            name, client = self.actor.name, self.actor.client
            attempts.attempt(AccountKind.ADMINISTRATOR, name, client, is_code=not credential)
        if credential:
            self.used = factors.use_passkey(self.user, credential)
        elif code:
            self.used = factors.use_code(self.actor, self.user, code)
        else:
            return
        if not self.used:
            self.note_failure()
            wrong = _("The passkey was not accepted. Try again, or enter a code.")
            used = _("This code is wrong or has already been used. Enter another one.")
            self.add_error(None if credential else "code", wrong if credential else used)

    def note_failure(self) -> None:
        name, client = self.actor.name, self.actor.client
        log_event(self.actor, "administrator.failed-second-factor", subject(ADMINISTRATOR, name))
        write_failure_to_journal(name, client)


class AppForm(forms.Form):
    """The first code of a new authenticator app."""

    code = code_field(_("Code"), _("The six-digit code that the app currently shows."))


class PasskeyForm(forms.Form):
    """A new passkey and what to call it."""

    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("For example, the device it is stored on.")
    )
    credential = forms.CharField(widget=forms.HiddenInput)
