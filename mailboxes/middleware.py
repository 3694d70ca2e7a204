"""What a visitor sees while a database does not answer."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)

# Of libmariadb and the server: no connection, or too many, or lost, or no leave to sign in.
MYSQL_CODES = (1040, 1044, 1045, 1203, 2002, 2003, 2005, 2006, 2013, 2026)
SQLITE_WORDS = ("unable to open", "locked", "readonly", "disk I/O")


def is_outage(error: Exception) -> bool:
    """Say whether the database could not be asked, rather than was asked a wrong question."""
    if isinstance(error, InterfaceError):
        return True
    code = error.args[0] if error.args else None
    said = any(word in str(error) for word in SQLITE_WORDS)
    return isinstance(error, OperationalError) and (code in MYSQL_CODES or said)


class OutageMiddleware:
    """Answer 503 with a sentence where a database cannot be reached."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_outage(error):
            return None
        logger.error("A database does not answer: %s", error)
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "30"})
