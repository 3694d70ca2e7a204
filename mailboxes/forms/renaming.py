"""The form of a mailbox's new address."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mailboxes import actions
from mailboxes.access.scope import Scope
from mailboxes.addresses import MAX_ADDRESS, Address
from mailboxes.audit.actors import Actor
from mailboxes.edit_conflicts import EditConflictMixin
from mailboxes.form_fields import NewAddressField
from mailboxes.forms.base import ActionForm
from mailboxes.models import Mailbox


class RenameMailboxForm(EditConflictMixin, ActionForm, forms.ModelForm):
    """The new address; `folder_is_linked` is only asked for where the folder follows it."""

    address = NewAddressField(Address.parse, max_length=MAX_ADDRESS, label=_("New address"))
    keeps_old = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Keep the old address as an alias"),
        help_text=_("It can be deleted at any time."),
    )
    folder_is_linked = forms.BooleanField(
        required=False, label=_("I have run this command on the mail host")
    )

    class Meta:
        model = Mailbox
        fields: list[str] = []

    def __init__(self, scope: Scope, *args: Any, **kwargs: Any) -> None:
        self.scope = scope
        super().__init__(*args, **kwargs)

    def is_accepted(self, actor: Actor) -> bool:
        """Say whether it could be done; if not, add the reason."""
        data = self.cleaned_data
        arguments = (data["address"], data["keeps_old"])
        return self.is_performed(actions.check_renaming, actor, self.instance, *arguments)

    def save_name(self, actor: Actor) -> bool:
        """Rename; if that is refused, add the error and return False."""
        data = self.cleaned_data
        arguments = (data["address"], data["keeps_old"], data["folder_is_linked"])
        return self.is_performed(
            actions.rename_mailbox, actor, self.instance, *arguments, self.shown_values
        )
