"""The page on which superusers examine the mail host, hop by hop."""

from collections.abc import Iterator

from django.contrib import admin
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mailboxes.audit.actors import Actor
from mailboxes.conf import mail_host
from mailboxes.doctor import chain
from mailboxes.doctor.access import find_access
from mailboxes.doctor.finding import worst
from mailboxes.request_actors import administrator
from mailboxes.views.permissions import allowed

HERE = "<!-- what was found -->"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed("doctor.examine")
def doctor(request: HttpRequest) -> HttpResponseBase:
    """Examine the mail host, and show each hop as soon as it is known."""
    context = admin.site.each_context(request) | {"title": _("Doctor"), "here": HERE}
    if request.method != "POST":
        return render(request, "mailboxes/doctor.html", context)
    page = render_to_string("mailboxes/doctor.html", context | {"running": True}, request)
    pieces = examined(page, administrator(request), get_language() or "en")
    response = StreamingHttpResponse(pieces)
    # Both would keep the pieces back until the page is complete.
    response["Content-Encoding"] = "identity"
    response["X-Accel-Buffering"] = "no"
    return response


def examined(page: str, actor: Actor, language: str) -> Iterator[str]:
    """Yield the page with the hops where they belong, then the verdict."""
    before, after = page.split(HERE)
    yield before
    host, states = mail_host(), []
    with override(language):
        for result in chain.examine(actor, host, find_access(host)):
            states.append(result.state)
            yield render_to_string("mailboxes/doctor_hop.html", {"result": result})
        yield render_to_string("mailboxes/doctor_verdict.html", {"verdict": worst(states)})
    yield after
