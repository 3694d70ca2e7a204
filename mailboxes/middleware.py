"""The pages for what is unavailable or refused; changes of role."""

import logging
import sys
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import defaults

from mailboxes.access.grants import assignment_digest
from mailboxes.errors import Refused
from mailboxes.formats import database_message, error_message
from mailboxes.outages import Outage, database_error, find_outage
from mailboxes.refused_requests import log_refused_request
from mailboxes.throttle.attempts import Locked, NotCounted

logger = logging.getLogger(__name__)


def unavailable_page(request: HttpRequest, outage: Outage, error: BaseException) -> HttpResponse:
    """Return the page without reading a database, so without the session and the user."""
    logger.error(
        "A database is unavailable (%s): %s", outage.value, database_message(database_error(error))
    )
    context = {"outage": outage.value, "may_have_changed": request.method == "POST"}
    page = render_to_string("503.html", context)
    return HttpResponse(page, status=503, headers={"Retry-After": "30"})


class DatabaseUnavailableMiddleware:
    """Respond with status 503 and an explanation if a view or its template needs the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        outage = find_outage(error)
        return unavailable_page(request, outage, error) if outage else None


class RoleMiddleware:
    """End the sessions of an administrator whose role or domains have changed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            digest = assignment_digest(request.user)
            if request.session.setdefault("role_assignment", digest) != digest:
                logout(request)
                text = _("Your role has changed, so you were signed out. Sign in again.")
                messages.warning(request, text)
        return self.get_response(request)


class PasswordDemandMiddleware:
    """Lead administrators with a temporary password to the page that changes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        own_page = reverse("admin:password_change")
        allowed = (own_page, reverse("admin:logout"), reverse("set_language"))
        is_panel = request.path.startswith(reverse("admin:index")) and request.path not in allowed
        if is_panel and request.user.is_authenticated and request.session.get("is_temporary"):
            messages.info(request, _("Choose your own password first."))
            return redirect(own_page)
        return self.get_response(request)


class RefusalMiddleware:
    """Explain what was refused and isn't shown by a form, such as an attempt too many."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        is_missing = isinstance(error, Http404) and request.method == "POST"
        if (is_missing or isinstance(error, PermissionDenied)) and request.user.is_authenticated:
            log_refused_request(request)
            return None
        if isinstance(error, NotCounted):
            cause = error.__cause__ or error
            return unavailable_page(request, find_outage(cause) or Outage.UNAVAILABLE, cause)
        if isinstance(error, Locked):
            page = render_to_string("429.html", {"minutes": error.minutes}, request)
            return HttpResponse(page, status=429, headers={"Retry-After": str(error.seconds)})
        if isinstance(error, Refused) and request.method == "POST":
            messages.error(request, error_message(error))
            return redirect(request.get_full_path())  # the page that asks, once more
        return None


def server_error(request: HttpRequest) -> HttpResponse:
    """Respond to an error that another middleware has raised, such as reading the session."""
    error = sys.exception()
    if error and (outage := find_outage(error)):
        return unavailable_page(request, outage, error)
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a session that couldn't be stored, which Django takes for a bad request."""
    if outage := find_outage(exception):
        return unavailable_page(request, outage, exception)
    return defaults.bad_request(request, exception)
