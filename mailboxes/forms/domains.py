"""The form of a domain."""

from typing import Any

from django import forms
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from mailboxes import conf
from mailboxes.access.self_service import is_open
from mailboxes.actions.relaying import NO_HOST
from mailboxes.actions.shown_values import ShownValues
from mailboxes.addresses import MAX_ADDRESS, Address, DomainName
from mailboxes.domain_addresses import ROLES, accepts_any, lacking_roles
from mailboxes.errors import Refused
from mailboxes.form_fields import LimitField, ParsedField
from mailboxes.forms.base import RowForm
from mailboxes.models import Domain, Mailbox
from mailboxes.routing import Kind, Route, parse_next_hop

LACKS_ONE = _("%(address)s doesn't exist, but every domain should accept mail for it.")
LACKS_BOTH = _(
    "postmaster@%(domain)s and abuse@%(domain)s don't exist, but every domain should accept mail "
    "for them."
)


class DomainForm(RowForm):
    only_when_new = ["domain"]
    error_fields = {**RowForm.error_fields, "goto": "postmaster"}
    domain = ParsedField(
        DomainName.parse,
        label=_("Domain"),
        help_text=_("For example, example.org."),
    )
    delivery = forms.ChoiceField(
        choices=[
            (Kind.LOCAL.value, _("Delivered to mailboxes here")),
            (Kind.RELAYED.value, _("Relayed to another host")),
            (Kind.BACKUP_MX.value, _("Kept for other servers (backup MX)")),
        ],
        label=_("Mail"),
    )
    next_hop = ParsedField(
        parse_next_hop,
        required=False,
        label=_("Host to relay to"),
        help_text=_(
            "Only if mail is relayed to another host. For example, mail.example.net, "
            "mail.example.net:2525 or 192.0.2.1. In brackets, such as [mail.example.net], it is "
            "the host itself, even if the name has an MX record."
        ),
    )
    any_recipient = forms.BooleanField(
        required=False,
        label=_("Accept mail for any address"),
        help_text=_(
            "Only if mail is not delivered here. Without this, only mail for the domain's aliases "
            "and mailboxes is accepted. For each other address at the other host, add an alias "
            "that forwards to itself."
        ),
    )
    postmaster = ParsedField(
        lambda text: str(Address.parse_target(text)),
        required=False,
        initial=conf.postmaster,
        max_length=MAX_ADDRESS,
        label=_("postmaster@ and abuse@ forward to"),
        help_text=_(
            "Only if mail is delivered here. Every domain should accept mail for these two "
            "addresses. Leave this empty to create neither."
        ),
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
            self.show_stored(self.instance)

    def show_stored(self, domain: Domain) -> None:
        """Show what is not a column, and keep a host that couldn't be entered here."""
        kind, stored = domain.route.kind, domain.route.next_hop
        next_hop: Any = self.fields["next_hop"]
        next_hop.parse = lambda text: text if text == stored else parse_next_hop(text)
        self.initial.update(delivery=kind.value, next_hop=stored, postmaster="")
        for name in ("any_recipient", "self_service"):
            self.initial[name] = self.stored[name]
        lacking = lacking_roles([domain.pk]).get(domain.pk, [])
        text = LACKS_BOTH if len(lacking) == len(ROLES) else LACKS_ONE
        address = f"{next(iter(lacking), '')}@{domain.pk}"
        params = {"domain": domain.pk, "address": address}
        self.fields["postmaster"].help_text = escape(text % params)

    def read_values(self) -> ShownValues:
        domain = self.instance
        is_local = domain.route.kind == Kind.LOCAL  # and lists its recipients once it is relayed
        listed = Mailbox.objects.filter(domain=domain.pk)
        also = {
            "any_recipient": not listed.exists() if is_local else accepts_any(domain.pk),
            "self_service": is_open(domain.pk),
        }
        return {**super().read_values(), **also}

    def clean(self) -> dict[str, Any]:
        """Put the route into its two columns."""
        data = super().clean()
        kind, host = Kind(data.get("delivery", Kind.LOCAL)), data.get("next_hop", "")
        if kind == Kind.RELAYED and not host and "next_hop" not in self.errors:
            domain = data.get("domain") or self.instance.pk
            self.add_refusal(
                Refused(NO_HOST, {"domain": domain}, code="required", field="next_hop")
            )
        elif not self.errors.keys() & {"delivery", "next_hop"}:
            route = Route(kind, host if kind == Kind.RELAYED else "")
            row = self.instance
            row.transport, row.backupmx = route.write(row.transport, row.backupmx)
        return data
