"""The public page with the settings for mail programs, and what mail programs ask for themselves.

They get the same answer for each address of a domain, so none tells which mailboxes exist.
"""

from io import BytesIO
from typing import Any
from xml.sax import SAXException  # nosec B406
from xml.sax.handler import ContentHandler  # nosec B406

from django.core.serializers.xml_serializer import DefusedExpatParser
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from mailboxes.addresses import Address, BadAddress, DomainName
from mailboxes.client_settings import apple_profile, incoming_servers, servers
from mailboxes.conf import MailHost, mail_host
from mailboxes.errors import Refused, gettext_noop
from mailboxes.formats import error_message
from mailboxes.models import Domain
from mailboxes.routing import Kind

MAX_REQUEST = 4096  # bytes; Outlook's own are some 400 long
NOT_XML = gettext_noop("The request is not XML that can be read.")


def serves(name: str) -> bool:
    """Say whether the addresses of this domain are mailboxes here, so that one can sign in."""
    domain = Domain.objects.filter(pk=name, active=True).first()
    return domain is not None and domain.route.kind == Kind.LOCAL


def served_host(domain: str) -> MailHost:
    """Return the mail host of a domain, or raise Http404."""
    host = mail_host()
    if not incoming_servers(host) or not serves(domain):
        raise Http404
    return host


@require_safe
def mail_programs(request: HttpRequest) -> HttpResponse:
    """Show the settings; an address becomes the user name, and gets a profile for Apple's Mail."""
    host, text = mail_host(), request.GET.get("address", "").strip()
    context: dict[str, Any] = {"host": host, "text": text, **servers(host)}
    try:
        address = Address.parse(text) if text else None
        if address and not serves(address.domain):
            message = _("%(domain)s is not a domain of this mail server.")
            context["error"] = message % {"domain": address.domain}
        else:
            context["address"] = address
    except Refused as error:
        context["error"] = error_message(error)
    return render(request, "mailboxes/mail_programs.html", context)


@require_safe
def apple(request: HttpRequest) -> HttpResponse:
    """Offer the profile from which Apple's devices set up an account."""
    try:
        address = Address.parse(request.GET.get("address", ""))
    except BadAddress as error:
        raise Http404 from error
    profile = apple_profile(served_host(address.domain), str(address))
    return HttpResponse(
        profile,
        content_type="application/x-apple-aspen-config",
        headers={"Content-Disposition": 'attachment; filename="mail.mobileconfig"'},
    )


def asked_domain(request: HttpRequest) -> str:
    """Return the domain of the address that a mail program names, or the one whose host it asked.

    deploy/nginx.conf hands that host on in a header, since only the panel's own name is allowed.
    """
    host = request.headers.get("X-Forwarded-Host") or request.get_host()
    own = host.partition(":")[0].lower().removeprefix("autoconfig.")
    try:
        return str(DomainName.parse(request.GET.get("emailaddress", "").rpartition("@")[2] or own))
    except BadAddress as error:
        raise Http404 from error


@never_cache
@require_safe
def autoconfig(request: HttpRequest) -> HttpResponse:
    """Answer Thunderbird and those who ask as it does (its Autoconfiguration file format 1.1)."""
    domain = asked_domain(request)
    context = {"domain": domain, **servers(served_host(domain))}
    return render(request, "clients/autoconfig.xml", context, content_type="text/xml")


class RequestedAddress(ContentHandler):
    """The address in an Autodiscover request (MS-OXDSCLI section 2.2.3.1)."""

    def __init__(self) -> None:
        super().__init__()
        self.address = ""
        self.inside = False

    def startElement(self, name: str, attributes: Any) -> None:
        self.inside = name.rpartition(":")[2] == "EMailAddress"

    def endElement(self, name: str) -> None:
        self.inside = False

    def characters(self, content: str) -> None:
        if self.inside:
            self.address += content


def requested_address(body: bytes) -> Address:
    """Read the address of a request; raise BadAddress if there is none.

    Django's parser refuses DTDs, and so the entities that would fill the memory.
    """
    found = RequestedAddress()
    parser = DefusedExpatParser()
    parser.setContentHandler(found)
    try:
        parser.parse(BytesIO(body))
    except (SAXException, ValueError, LookupError) as error:
        raise BadAddress(NOT_XML) from error
    return Address.parse(found.address.strip())


@never_cache
@csrf_exempt
@require_POST
def autodiscover(request: HttpRequest) -> HttpResponse:
    """Answer Outlook's older protocol (MS-OXDSCLI), which other mail programs use as well.

    It takes no token: the programs have none, and nothing is changed.
    """
    if int(request.headers.get("Content-Length") or 0) > MAX_REQUEST:
        return HttpResponse(status=413)
    try:
        address = requested_address(request.body)
    except BadAddress as error:
        return HttpResponse(error_message(error), status=400, content_type="text/plain")
    context = {"address": address, **servers(served_host(address.domain))}
    return render(request, "clients/autodiscover.xml", context, content_type="text/xml")


@never_cache
@require_safe
def autodiscover_json(request: HttpRequest) -> HttpResponse:
    """Tell newer programs, which only ask for a URL, where `autodiscover` is."""
    asked = {key.lower(): str(value).lower() for key, value in request.GET.items()}
    if asked.get("protocol") != "autodiscoverv1":
        text = "Only the protocol AutodiscoverV1 is supported."
        return JsonResponse({"ErrorCode": "InvalidProtocol", "ErrorMessage": text}, status=404)
    url = f"https://{request.get_host()}/autodiscover/autodiscover.xml"
    return JsonResponse({"Protocol": "AutodiscoverV1", "Url": url})
