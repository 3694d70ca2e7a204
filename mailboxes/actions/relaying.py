"""Relayed domains: where their mail may go, and which of their addresses are accepted.

Each recipient that is listed has an alias that forwards to itself, as a mailbox has. Without any,
or with a catch-all, mail for every address is accepted; `@domain` that forwards to itself is a
catch-all that changes no address.
"""

from itertools import islice

from mailboxes.actions import rules
from mailboxes.addresses import CatchAll
from mailboxes.conf import mail_host
from mailboxes.deployment.applied import local
from mailboxes.domain_addresses import accepts_any, aliases_to_themselves
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, Domain, has_mailbox
from mailboxes.relay_loops import leads_back
from mailboxes.routing import Kind, parse_next_hop

MAX_NAMES = 5

NO_HOST = gettext_noop("Enter the host to which the mail for %(domain)s is relayed.")
RELAYED_TO_ITSELF = gettext_noop(
    "Mail for %(domain)s can't be relayed to %(host)s, which is this mail host itself: it would "
    "never arrive. Enter another host."
)
CATCH_ALL = gettext_noop(
    "%(domain)s has a catch-all that forwards to %(goto)s, so mail for any address is accepted. "
    "Delete it first."
)
NONE_LISTED = gettext_noop(
    "%(domain)s doesn't have any alias that forwards to itself yet. First create one for each "
    "address that is to be accepted."
)
WITHOUT_MAILBOX = gettext_noop(
    "These aliases only forward to themselves, so their mail would be lost once mail for "
    "%(domain)s is delivered here. Delete them first: %(aliases)s."
)
NOTHING_ARRIVES = gettext_noop(
    "Mail for %(domain)s is relayed, so a mailbox there would not receive any. To have mail for "
    "this address accepted, create an alias that forwards to itself."
)


def check_route(domain: Domain) -> None:
    """Refuse a host to relay to that isn't one, or is this host itself."""
    route = domain.route
    if route.kind != Kind.RELAYED:
        return
    params = {"domain": domain.pk, "host": parse_next_hop(route.next_hop)}
    if leads_back(route.next_hop, mail_host().hostname, is_here=local() is not None):
        raise Refused(RELAYED_TO_ITSELF, params, code="loop", field="next_hop")


def check_delivery(domain: Domain) -> None:
    """Refuse to deliver mail here while some is accepted for addresses without a mailbox."""
    if domain.route.kind != Kind.LOCAL:
        return
    aliases = aliases_to_themselves(domain.pk, ~has_mailbox())
    if names := list(islice(aliases, MAX_NAMES + 1)):
        shown = ", ".join(names[:MAX_NAMES]) + (", …" if len(names) > MAX_NAMES else "")
        params = {"domain": domain.pk, "aliases": shown}
        raise Refused(WITHOUT_MAILBOX, params, code="loop", field="delivery")


def accept_any(domain: Domain) -> None:
    """Accept mail for every address, also once some are listed."""
    mark = str(CatchAll(domain.pk))
    if not Alias.objects.filter(pk=mark, active=True).exists():
        rules.check_address_is_free(mark)
        Alias.objects.create(address=mark, goto=mark, domain_id=domain.pk)


def accept_only_known(domain: Domain) -> None:
    """Take back what `accept_any` has added."""
    mark = str(CatchAll(domain.pk))
    Alias.objects.filter(pk=mark, goto=mark).delete()


def accept_listed(domain: Domain) -> None:
    """Accept mail for the listed addresses only."""
    accept_only_known(domain)
    if not accepts_any(domain.pk):
        return
    catch_all = Alias.objects.filter(pk=str(CatchAll(domain.pk))).first()
    params = {"domain": domain.pk, "goto": ", ".join(catch_all.targets) if catch_all else ""}
    message = CATCH_ALL if catch_all else NONE_LISTED
    raise Refused(message, params, code="any_recipient", field="any_recipient")


def check_receives(domain: Domain) -> None:
    """Refuse a new mailbox where mail is relayed."""
    if domain.route.kind != Kind.LOCAL:
        params = {"domain": domain.pk}
        raise Refused(NOTHING_ARRIVES, params, code="relayed", field="address")
