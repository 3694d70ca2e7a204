"""The forms of a mailbox, and of a new password for it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mailboxes import actions, sending
from mailboxes.actions.shown_values import ShownValues
from mailboxes.addresses import MAX_ADDRESS, Address
from mailboxes.audit.actors import Actor
from mailboxes.form_fields import NewAddressField, PasswordField, QuotaField, count_quota
from mailboxes.forms.base import NewPasswordForm, RowForm
from mailboxes.forms.handling import handling_field, refusal, sentence_field
from mailboxes.handling import DEFAULT_SENTENCE, handling_of, sentence_of
from mailboxes.models import Alias, Mailbox
from mailboxes.password_validation import PASSWORD_HELP
from mailboxes.variants import Scheme
from mailboxes.widgets import NewPasswordInput


class MailboxForm(RowForm, NewPasswordForm):
    only_when_new = ["address"]
    address = NewAddressField(
        Address.parse,
        max_length=MAX_ADDRESS,
        label=_("Address"),
    )
    quota = QuotaField(initial="0", label=_("Quota"), help_text=_("0 for no limit."))
    handling = handling_field(
        _("Delivered"),
        _(
            "If mail is refused or discarded, even below a catch-all, the mailbox can still be "
            "used for sending, and its alias no longer forwards to other addresses."
        ),
    )
    sentence = sentence_field()
    receive_only = forms.BooleanField(
        required=False,
        label=_("Receive-only"),
        help_text=_("The owner can sign in to read mail, but not to send."),
    )
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
            "active": _(
                "The owner of a disabled mailbox can't sign in. Its mail goes to the domain's "
                "catch-all, if there is one, and is refused otherwise."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        count_quota(self)
        if self.instance.quota < 0:
            self.initial["quota"] = 0
        if not self.instance._state.adding:
            for name in ("new_password1", "new_password2"):
                self.fields[name].required = False
            handling = handling_of(self.stored["goto"])
            self.initial["handling"] = handling.value
            self.initial["receive_only"] = not self.stored["may_send"]
            self.initial["sentence"] = sentence_of(self.stored["goto"]) or DEFAULT_SENTENCE
            self.fields["new_password1"].widget.username = self.instance.pk
            self.fields["new_password1"].label = _("New password")
            self.fields["new_password2"].label = _("Repeat new password")
            self.fields["new_password1"].help_text = _("Leave empty to keep the current one.")

    def read_values(self) -> ShownValues:
        goto = Alias.objects.filter(pk=self.instance.pk).values_list("goto", flat=True).first()
        also = {"goto": goto or "", "may_send": sending.may_send(self.instance.pk)}
        return {**super().read_values(), **also}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        return data | {"refusal": refusal(self)}


class DisablingForm(forms.Form):
    """What becomes of mail for mailboxes that are disabled."""

    handling = handling_field(
        _("Left as it is"),
        _(
            "The mail of a disabled mailbox goes to the domain's catch-all, if there is one, and "
            "is refused otherwise."
        ),
        _("Mail for these addresses"),
    )
    sentence = sentence_field()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        return data | {"refusal": refusal(self)}


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
