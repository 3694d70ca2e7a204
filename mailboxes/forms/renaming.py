"""The forms of the new name of a mailbox or a domain."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from mailboxes import actions
from mailboxes.access.scope import Scope
from mailboxes.addresses import MAX_ADDRESS, Address, DomainName
from mailboxes.audit.actors import Actor
from mailboxes.edit_conflicts import EditConflictMixin
from mailboxes.errors import Refused, gettext_noop
from mailboxes.form_fields import NewAddressField, ParsedField
from mailboxes.forms.base import ActionForm
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.queries import BY_DOMAIN, MAX_ROWS, capped_count, in_domains

TOO_MANY_ADDRESSES = gettext_noop(
    "%(domain)s has more than %(limit)s addresses, for which a page takes too long. Run this on "
    "the panel's machine: manage.py renamedomain"
)
KEPT = _("It can be deleted at any time.")


class RenameForm(EditConflictMixin, ActionForm, forms.ModelForm):
    """The new name; `folder_is_linked` is only asked for where the folder follows it."""

    name_field = ""
    check_action: ClassVar[Callable[..., object]]
    rename_action: ClassVar[Callable[..., object]]
    keeps_old = forms.BooleanField(required=False, initial=True)
    folder_is_linked = forms.BooleanField(
        required=False, label=_("I have run this command on the mail host")
    )

    def __init__(self, scope: Scope, *args: Any, **kwargs: Any) -> None:
        self.scope = scope
        super().__init__(*args, **kwargs)
        self.initial[self.name_field] = self.instance.pk
        self.order_fields([self.name_field])  # the first one has the focus

    @property
    def new_name(self) -> Any:
        return self.cleaned_data[self.name_field]

    def is_accepted(self, actor: Actor) -> bool:
        """Say whether it could be done; if not, add the reason."""
        kept = self.cleaned_data["keeps_old"]
        action = type(self).check_action
        return self.is_performed(action, actor, self.instance, self.new_name, kept)

    def save_name(self, actor: Actor) -> bool:
        """Rename; if that is refused, add the error and return False."""
        kept, linked = (self.cleaned_data[name] for name in ("keeps_old", "folder_is_linked"))
        action, arguments = type(self).rename_action, (self.new_name, kept, linked)
        return self.is_performed(action, actor, self.instance, *arguments, self.shown_values)


class RenameMailboxForm(RenameForm):
    name_field = "address"
    check_action = actions.check_renaming
    rename_action = actions.rename_mailbox
    address = NewAddressField(Address.parse, max_length=MAX_ADDRESS, label=_("New address"))
    keeps_old = forms.BooleanField(
        required=False, initial=True, label=_("Keep the old address as an alias"), help_text=KEPT
    )

    class Meta:
        model = Mailbox
        fields: list[str] = []


class RenameDomainForm(RenameForm):
    """The new name of a domain, unless it has too many addresses for the time of a request."""

    name_field = "domain"
    check_action = actions.check_domain_renaming
    rename_action = actions.rename_domain
    domain = ParsedField(DomainName.parse, label=_("New name"))
    keeps_old = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Keep the old name as an alias domain"),
        help_text=KEPT,
    )

    class Meta:
        model = Domain
        fields: list[str] = []

    def is_accepted(self, actor: Actor) -> bool:
        old = self.instance.pk
        aliases = Alias.objects.filter(in_domains([old])).order_by(*BY_DOMAIN)
        if capped_count(aliases, MAX_ROWS).more:
            params = {"domain": old, "limit": MAX_ROWS}
            self.add_refusal(Refused(TOO_MANY_ADDRESSES, params, code="too_many"))
            return False
        return super().is_accepted(actor)
