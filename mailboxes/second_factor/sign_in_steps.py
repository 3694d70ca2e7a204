"""The steps of a sign-in: first the password, then the second factor, if there is one."""

import time
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from mailboxes import sessions
from mailboxes.accounts import AccountKind
from mailboxes.request_actors import client_address
from mailboxes.second_factor import factors
from mailboxes.second_factor.used_factor import note_second_factor
from mailboxes.throttle import attempts

PENDING = "pending_sign_in"
"""The session's key for somebody who isn't signed in yet."""

CODE_SECONDS = 600
"""How many seconds the second factor may take."""


def begin(request: HttpRequest, user: User, next_url: str, unsaved: str = "") -> HttpResponse:
    """Sign in somebody whose password was right, or ask for the second factor first.

    A form that was posted after the last session had ended is kept until then.
    """
    if not factors.has_second_factor(user):
        return start_session(request, user, user.backend, next_url, unsaved)
    request.session[PENDING] = {
        "user": user.pk,
        "backend": user.backend,
        "hash": user.get_session_auth_hash(),
        "at": int(time.time()),
        "next": next_url,
        "unsaved": unsaved,
    }
    return redirect("sign-in-code")


def pending_user(request: HttpRequest) -> User | None:
    """Return who has entered the password, unless it took too long or something has changed."""
    found: dict[str, Any] = request.session.get(PENDING, {})
    if not found or not 0 <= time.time() - found["at"] < CODE_SECONDS:
        return None
    user = User.objects.filter(pk=found["user"], is_active=True, is_staff=True).first()
    if user and constant_time_compare(user.get_session_auth_hash(), found["hash"]):
        return user
    return None


def complete(request: HttpRequest, user: User, row: Authenticator) -> HttpResponse:
    """Sign in the person who has shown this second factor."""
    found = request.session.pop(PENDING)
    response = start_session(request, user, found["backend"], found["next"], found["unsaved"])
    note_second_factor(request, row)
    return response


def start_session(
    request: HttpRequest, user: User, backend: str, next_url: str, unsaved: str
) -> HttpResponse:
    """Begin a session; only now is the count of failed attempts reset."""
    client = client_address(request)
    attempts.succeeded(AccountKind.ADMINISTRATOR, user.get_username(), client)
    login(request, user, backend=backend)
    if unsaved and not sessions.keep_form(request.session, unsaved):
        text = _("Your session had ended, so the action was not carried out. Please repeat it.")
        messages.warning(request, text)
    return redirect(next_url)
