"""The forms of administrators: names, one role, and its domains."""

from dataclasses import fields
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from mailboxes.access.roles import DESCRIPTIONS, IN_DOMAINS
from mailboxes.actions.administrators import RoleAssignment, values_to_show
from mailboxes.actions.shown_values import ShownValues
from mailboxes.addresses import to_ascii
from mailboxes.audit.actors import ADMINISTRATOR
from mailboxes.edit_conflicts import EditConflictMixin
from mailboxes.form_fields import PasswordField
from mailboxes.forms.base import ActionForm, NewPasswordForm
from mailboxes.password_validation import PASSWORD_HELP
from mailboxes.widgets import NewPasswordInput


class RoleField(forms.ChoiceField):
    """One role, with what it may do beside each."""

    widget = forms.RadioSelect

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=role_choices, **kwargs)


def role_choices() -> list[tuple[str, str]]:
    """Return the roles in the language of the request."""
    return [
        (role.value, format_html('{} <span class="help">{}</span>', role.label, text))
        for role, text in DESCRIPTIONS.items()
    ]


NAME_TAKEN = _("An administrator with this name already exists. Choose another name.")


class RoleForm(ActionForm, forms.ModelForm):
    """The part that a new and an existing administrator have in common."""

    has_role = True
    """Whether the role can be changed, which isn't so on one's own page."""

    role = RoleField(label=_("Role"))
    all_domains = forms.BooleanField(
        required=False,
        label=_("All domains"),
        help_text=_("Includes domains added later. The domains below are then ignored."),
    )
    domains = forms.CharField(
        required=False,
        label=_("Domains"),
        help_text=_("One per line, for domain administrators and the helpdesk."),
        widget=forms.Textarea(attrs={"rows": 5, "cols": 50, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.has_role:
            for name in ("role", "all_domains", "domains", "is_active"):
                self.fields.pop(name, None)

    def assignment(self) -> RoleAssignment:
        """Return the role that was entered or, without the fields for it, the present one."""
        if not self.has_role:
            return RoleAssignment.of(self.instance)
        data = self.cleaned_data
        if data["role"] not in IN_DOMAINS:
            return RoleAssignment(data["role"])
        names = [] if data["all_domains"] else sorted(set(map(to_ascii, data["domains"].split())))
        return RoleAssignment(data["role"], data["all_domains"], tuple(names))


class AdministratorForm(EditConflictMixin, RoleForm):
    logged_model = ADMINISTRATOR

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "is_active"]
        help_texts = {
            "username": "",
            "is_active": _("Disabled administrators can't sign in; their role is kept."),
        }
        error_messages = {"username": {"unique": NAME_TAKEN}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "role" in self.fields:
            assignment = RoleAssignment.of(self.instance)
            self.initial["role"] = assignment.role
            self.initial["all_domains"] = assignment.all_domains
            self.initial["domains"] = "\n".join(assignment.domains)

    def read_values(self) -> ShownValues:
        """Return what the page shows: one's own has no role."""
        values = values_to_show(self.instance)
        hidden = () if self.has_role else [column.name for column in fields(RoleAssignment)]
        return {name: value for name, value in values.items() if name not in hidden}


class PasswordsForm(NewPasswordForm):
    """A new password, twice, with the same field as the form of a mailbox."""

    error_fields = {"password": "password1"}
    password_fields = ("password1", "password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget = NewPasswordInput("password2", account="administrator")
        widget.is_required = True
        self.fields["password1"].widget = widget


def temporary_field() -> forms.BooleanField:
    return forms.BooleanField(
        required=False,
        initial=True,
        label=_("Temporary"),
        help_text=_("The administrator must choose another password at the next sign-in."),
    )


class NewAdministratorForm(PasswordsForm, RoleForm):
    password1 = PasswordField(label=_("Password"), help_text=PASSWORD_HELP)
    password2 = PasswordField(label=_("Repeat password"))
    is_temporary = temporary_field()

    class Meta:
        model = User
        fields = ["username"]
        help_texts = {"username": ""}
        error_messages = {"username": {"unique": NAME_TAKEN}}


class AdministratorPasswordForm(PasswordsForm, forms.Form):
    password1 = PasswordField(label=_("New password"), help_text=PASSWORD_HELP)
    password2 = PasswordField(label=_("Repeat new password"))
    is_temporary = temporary_field()

    def __init__(self, user: User, *args: Any) -> None:
        super().__init__(*args)
        self.fields["password1"].widget.username = user.get_username()
