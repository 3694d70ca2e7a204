"""A sign-in between the password and the second factor: nobody is signed in yet."""

import time
from typing import Any

from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare

from mailboxes.second_factor import factors
from mailboxes.second_factor.confirmation import note_second_factor

PENDING = "pending_sign_in"
MAX_AGE = 600
"""How many seconds the second factor may take."""


def begin(request: HttpRequest, user: User, next_url: str) -> HttpResponse:
    """Sign in somebody whose password was right, or ask for the second factor first."""
    if not factors.has_second_factor(user):
        login(request, user)
        return redirect(next_url)
    request.session[PENDING] = {
        "user": user.pk,
        "backend": user.backend,
        "hash": user.get_session_auth_hash(),
        "at": int(time.time()),
        "next": next_url,
    }
    return redirect("sign-in-code")


def pending_user(request: HttpRequest) -> User | None:
    """Return who has entered the password, unless it took too long or something has changed."""
    found: dict[str, Any] = request.session.get(PENDING, {})
    if not found or not 0 <= time.time() - found["at"] < MAX_AGE:
        return None
    user = User.objects.filter(pk=found["user"], is_active=True, is_staff=True).first()
    if user and constant_time_compare(user.get_session_auth_hash(), found["hash"]):
        return user
    return None


def complete(request: HttpRequest, user: User) -> HttpResponse:
    found = request.session.pop(PENDING)
    login(request, user, backend=found["backend"])
    note_second_factor(request)
    return redirect(found["next"])
