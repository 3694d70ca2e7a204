"""The pages that visitors see while a database is unavailable, or after too many attempts."""

import logging
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import logout
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from mailboxes.access.grants import position_digest
from mailboxes.formats import database_message
from mailboxes.throttle.attempts import Locked, NotCounted

logger = logging.getLogger(__name__)

# Errors of libmariadb and the server: no connection, too many, lost, or access denied.
MYSQL_CODES = (1040, 1044, 1045, 1203, 2002, 2003, 2005, 2006, 2013, 2026)
SQLITE_WORDS = ("unable to open", "locked", "readonly", "disk I/O")


def is_unavailable(error: Exception) -> bool:
    """Say whether the database is unavailable, as opposed to rejecting a query."""
    if isinstance(error, InterfaceError):
        return True
    code = error.args[0] if error.args else None
    is_sqlite = any(word in str(error) for word in SQLITE_WORDS)
    return isinstance(error, OperationalError) and (code in MYSQL_CODES or is_sqlite)


class DatabaseUnavailableMiddleware:
    """Respond with status 503 and an explanation if a database can't be reached."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_unavailable(error):
            return None
        logger.error("A database is unavailable: %s", database_message(error))
        return unavailable()


class RoleMiddleware:
    """End the sessions of an administrator whose role or domains have changed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            digest = position_digest(request.user)
            if request.session.setdefault("position", digest) != digest:
                logout(request)
                text = _("Your role has changed, so you were signed out. Sign in again.")
                messages.warning(request, text)
        return self.get_response(request)


class ThrottleMiddleware:
    """Refuse an attempt to sign in that was one too many, or that could not be counted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NotCounted):
            logger.error("An attempt to sign in can't be counted: %s", error)
            return unavailable()
        if not isinstance(error, Locked):
            return None
        page = render_to_string("429.html", {"minutes": error.minutes}, request)
        return HttpResponse(page, status=429, headers={"Retry-After": str(error.seconds)})


def unavailable() -> HttpResponse:
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "30"})
