"""The pages for what is unavailable or refused; changes of role."""

import logging
import secrets
import sys
import time
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext as _
from django.views import defaults

from mailboxes.access.grants import assignment_digest
from mailboxes.errors import Refused
from mailboxes.formats import database_message, error_message
from mailboxes.health import HEALTH
from mailboxes.metrics import count_request
from mailboxes.outages import Outage, database_error, find_outage
from mailboxes.refused_requests import log_refused_request
from mailboxes.request_actors import client_address
from mailboxes.throttle.attempts import Locked, NotCounted, whole_minutes
from mailboxes.throttle.buckets import network
from mailboxes.throttle.gate import Busy, Gate
from mailboxes.throttle.lockouts import Lockouts

GATED = {
    "change-password": "address",
    "password-check": "",
    "admin:login": "username",
    "sign-in-code": "",
    "import": "",
}
"""The pages on which anyone can make the panel check a password, a code or its strength, and the
field with the name that it belongs to; a code belongs to the session's. An import hashes many."""

GATES = {name: Gate() for name in GATED}

LOCKOUTS = Lockouts()

logger = logging.getLogger(__name__)


class HealthMiddleware:
    """Answer monitoring before anything else: for any Host, without TLS, and without details."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != "/healthz" or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        failures = HEALTH.failures()
        for alias, reason in failures.items():
            logger.error("The database “%s” can't be used: %s", alias, reason)
        text, status = ("unavailable", 503) if failures else ("ok", 200)
        headers = {"Cache-Control": "no-store"}
        return HttpResponse(f"{text}\n", "text/plain", status, headers=headers)


class MetricsMiddleware:
    """Count requests, whatever becomes of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.monotonic()
        response = self.get_response(request)
        count_request(str(request.method), response.status_code, time.monotonic() - begun)
        return response


def log_error_number(request: HttpRequest) -> str:
    """Return a number for the page that reports an error, by which it is found in the log."""
    number = secrets.token_hex(4)
    client = client_address(request)
    logger.error("Error %s: %s %s from %s", number, request.method, request.path, client)
    return number


def unavailable_page(request: HttpRequest, outage: Outage, error: BaseException) -> HttpResponse:
    """Return the page without reading a database, so without the session and the user."""
    logger.error(
        "A database is unavailable (%s): %s", outage.value, database_message(database_error(error))
    )
    context = {
        "outage": outage.value,
        "may_have_changed": request.method == "POST",
        "number": log_error_number(request),
    }
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
    """Explain what was refused and isn't shown by a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        is_missing = isinstance(error, Http404) and request.method == "POST"
        if (is_missing or isinstance(error, PermissionDenied)) and request.user.is_authenticated:
            log_refused_request(request)
            return None
        if not isinstance(error, Refused) or isinstance(error, Locked) or request.method != "POST":
            return None
        messages.error(request, error_message(error))
        return redirect(request.get_full_path())  # the page that asks, once more


class ThrottleMiddleware:
    """Refuse attempts to sign in that were one too many, or that could not be counted.

    It comes before the session, so that a flood of them costs next to nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    @cached_property
    def gated(self) -> dict[str, str]:
        """The name of each page, by its path, which begins with BASE_PATH in a request only."""
        return {reverse(name): name for name in GATES}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or request.path not in self.gated:
            return self.get_response(request)
        client = network(client_address(request))
        if seconds := LOCKOUTS.seconds(client):
            return locked_page(request, seconds)
        try:
            with GATES[self.gated[request.path]].pass_through():
                if seconds := LOCKOUTS.seconds(client, request.path, self.tried_name(request)):
                    return locked_page(request, seconds)
                return self.get_response(request)
        except Busy:
            page = throttle_page(get_language_from_request(request), 0)
            return HttpResponse(page, status=503, headers={"Retry-After": "10"})

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NotCounted):
            cause = error.__cause__ or error
            return unavailable_page(request, find_outage(cause) or Outage.UNAVAILABLE, cause)
        if not isinstance(error, Locked):
            return None
        client = network(client_address(request))
        name = () if error.is_for_all_accounts else (request.path, self.tried_name(request))
        LOCKOUTS.remember((client, *name), error.seconds)
        return locked_page(request, error.seconds)

    def tried_name(self, request: HttpRequest) -> str:
        """Return the name that an attempt is counted for, or what stands for it."""
        field = GATED.get(self.gated.get(request.path, ""))
        session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        return (request.POST.get(field, "") if field else session)[:255]


def locked_page(request: HttpRequest, seconds: int) -> HttpResponse:
    page = throttle_page(get_language_from_request(request), whole_minutes(seconds))
    return HttpResponse(page, status=429, headers={"Retry-After": str(seconds)})


@cache
def throttle_page(language: str, minutes: int) -> str:
    """Return the page for an attempt that was locked or, without minutes, found the gate closed."""
    with override(language):
        return render_to_string("429.html", {"minutes": minutes})


def server_error(request: HttpRequest) -> HttpResponse:
    """Respond to an error that another middleware has raised, such as reading the session."""
    error = sys.exception()
    if error and (outage := find_outage(error)):
        return unavailable_page(request, outage, error)
    number = log_error_number(request)
    return HttpResponse(render_to_string("500.html", {"number": number}), status=500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a session that couldn't be stored, which Django takes for a bad request."""
    if outage := find_outage(exception):
        return unavailable_page(request, outage, exception)
    return defaults.bad_request(request, exception)
