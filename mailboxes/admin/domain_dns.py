"""A domain's page with the DNS records that its mail needs."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy as _

from mailboxes.addresses import BadAddress, DomainName
from mailboxes.conf import mail_host
from mailboxes.deployment.models import SetupStep
from mailboxes.domain_dns.examine import examine_domain
from mailboxes.domain_dns.lookups import Outcome
from mailboxes.domain_dns.records import State

STATES = {
    State.RIGHT: ("circle-check", "good", _("right")),
    State.WRONG: ("circle-x", "bad", _("wrong")),
    State.MISSING: ("circle-x", "bad", _("missing")),
    State.ADVISABLE: ("circle-minus", "", _("missing, but advisable")),
    State.UNKNOWN: ("triangle-alert", "warn", _("unknown")),
}
"""The icon, its colour and the words for each state."""

FAILURES = {
    Outcome.FAILED: _("The domain's name servers answer with an error."),
    Outcome.NO_ANSWER: _("No name server has answered. Check the panel's own DNS, then try again."),
}


def panel_name(request: HttpRequest) -> str:
    """Return the name under which the panel is reached; empty if by an address or through ssh."""
    name, _port = split_domain_port(request.get_host())
    try:
        return str(DomainName.parse(name))
    except BadAddress:
        return ""


class ShowsDNS:
    """Adds the page; every role that may view a domain may ask for its records."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.dns_view)  # type: ignore[attr-defined]
        return [path("<path:key>/dns/", view, name="mailboxes_domain_dns"), *super().get_urls()]  # type: ignore[misc]

    def dns_view(self, request: HttpRequest, key: str) -> HttpResponse:
        domain = self.get_object(request, unquote(key))  # type: ignore[attr-defined]
        if domain is None:
            raise Http404
        host = mail_host()
        records = examine_domain(domain, host, panel_name(request) or host.hostname)
        is_complete = all(one.state in (State.RIGHT, State.ADVISABLE) for one in records)
        if is_complete:
            SetupStep.objects.get_or_create(name="dns")
        context = self.admin_site.each_context(request) | {  # type: ignore[attr-defined]
            "title": _("DNS records"),
            "opts": self.opts,  # type: ignore[attr-defined]
            "original": domain,
            "object": domain,
            "records": [
                {
                    "record": record,
                    "look": STATES[record.state],
                    "failure": FAILURES.get(record.outcome, ""),
                }
                for record in records
            ],
            "is_complete": is_complete,
        }
        return render(request, "admin/mailboxes/domain/dns.html", context)
