"""The page on which superusers examine the mail host, hop by hop."""

import logging
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mailboxes.addresses import normalize_address
from mailboxes.audit.actors import Actor
from mailboxes.conf import mail_host
from mailboxes.deployment import examinations
from mailboxes.doctor import chain
from mailboxes.doctor.access import find_access, is_mail_host
from mailboxes.doctor.examination import Login
from mailboxes.doctor.logs import read_log
from mailboxes.doctor.stored import Report, last_report
from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.request_actors import administrator
from mailboxes.views.doctor_cards import Card, cards
from mailboxes.views.permissions import allowed

HERE = "<!-- what was found -->"
logger = logging.getLogger(__name__)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed("doctor.examine")
def doctor(request: HttpRequest) -> HttpResponseBase:
    """Examine the mail host, and show each hop as soon as it is known."""
    reports = examinations.read()
    last = last_report(reports)
    context = admin.site.each_context(request) | {
        "title": _("Doctor"),
        "here": HERE,
        "reports": reports,
        "last": last,
        "cards": cards(last.results) if last else (),
        "is_mail_host": is_mail_host(),
    }
    if request.method != "POST":
        return render(request, "mailboxes/doctor.html", context)
    address = normalize_address(request.POST.get("address", ""))
    asked = Login(address, "") if address else None
    context |= {"running": True, "address": address}
    page = render_to_string("mailboxes/doctor.html", context, request)
    pieces = examined(page, administrator(request), get_language() or "en", asked)
    response = StreamingHttpResponse(pieces)
    # Both would keep the pieces back until the page is complete.
    response["Content-Encoding"] = "identity"
    response["X-Accel-Buffering"] = "no"
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed("doctor.examine")
def doctor_log(request: HttpRequest) -> HttpResponse:
    """Explain lines of a log that were pasted; nothing of them is kept."""
    context = admin.site.each_context(request) | {"title": _("Explain log lines")}
    if request.method == "POST":
        result = read_log(request.POST.get("log", ""), mail_host())
        context["card"] = Card(result, result.findings, is_wide=True)
    return render(request, "mailboxes/doctor_log.html", context)


def examined(page: str, actor: Actor, language: str, asked: Login | None) -> Iterator[str]:
    """Yield the page with the hops where they belong, then the verdict.

    Whatever happens meanwhile, it ends as a whole page.
    """
    before, after = page.split(HERE)
    yield before
    with override(language):
        try:
            yield from pieces_of_hops(actor, asked)
        except Refused as error:
            yield piece("broken_off", reason=error_message(error))
        except Exception:
            logger.exception("The doctor's examination broke off.")
            yield piece("broken_off")
    yield after


def pieces_of_hops(actor: Actor, asked: Login | None) -> Iterator[str]:
    """Yield each hop twice: while it is examined, and then with what was found."""
    host = mail_host()
    coming = [step.hop for step in chain.steps(host, asked)]
    number, results = len(coming), []
    yield piece("pending", hop=coming.pop(0), place=1, number=number)
    for card in cards(chain.examine(actor, host, find_access(host), asked=asked)):
        results.append(card.result)
        yield piece("hop", card=card)
        if coming:
            yield piece("pending", hop=coming.pop(0), place=number - len(coming), number=number)
    yield piece("verdict", report=Report(results))


def piece(name: str, **context: Any) -> str:
    return render_to_string(f"mailboxes/doctor_{name}.html", context)
