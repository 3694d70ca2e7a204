"""What a request gets whose session has ended: the sign-in page, with the form that was posted."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.csrf import csrf_failure

from mailboxes import sessions
from mailboxes.second_factor import sign_in_steps
from mailboxes.views.sign_in import SignInForm

WITHOUT_SIGN_IN = ("admin:login", "sign-in-code", "admin:logout", "admin:jsi18n")


class EndedSessionMiddleware:
    """End sessions that are over, and explain it on the sign-in page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_signed_in = had_session(request) and SESSION_KEY in request.session
        if is_signed_in:
            sessions.note_user(request)
        if is_signed_in and sessions.has_ended(request.session):
            request.session.flush()
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        """Answer in place of a page of the admin; forged forms have been refused before."""
        is_known = had_session(request) or request.method == "POST"
        if not is_known or not is_protected(request.path):
            return None
        if request.user.is_authenticated or sign_in_steps.PENDING in request.session:
            return None
        packed = sessions.pack_form(request) if is_form(request) else ""
        return sign_in_page(request, packed) if packed else redirect(sessions.sign_in_url(request))


def refuse_forged(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Refuse a form without the browser's CSRF cookie, but keep what was typed into a page of ours.

    Cookies were deleted, or the person has signed in again in another tab. The page itself says who
    has opened it, so nobody else can have text shown here, and it has to be saved again.
    """
    is_ours = is_form(request) and is_protected(request.path) and sessions.opener(request)
    packed = sessions.pack_form(request) if is_ours else ""
    is_signed_in = request.user.is_authenticated
    if packed and not is_signed_in and sign_in_steps.PENDING not in request.session:
        return sign_in_page(request, packed)
    if packed and is_signed_in and sessions.opener(request) == str(request.user.pk):
        sessions.keep_form(request.session, packed)
        return redirect(request.get_full_path())
    return csrf_failure(request, reason)


def had_session(request: HttpRequest) -> bool:
    """Say whether there is a cookie: signing out deletes it, a session's end doesn't."""
    return bool(request.COOKIES.get(settings.SESSION_COOKIE_NAME))


def is_protected(path: str) -> bool:
    others = [reverse(name) for name in WITHOUT_SIGN_IN]
    return path.startswith(reverse("admin:index")) and path not in others


def is_form(request: HttpRequest) -> bool:
    """Say whether a form was posted to a page that shows what was typed again."""
    if request.method != "POST":
        return False
    name = str(request.resolver_match and request.resolver_match.url_name)
    return name.endswith(("_add", "_change")) and not name.endswith("_password_change")


def sign_in_page(request: HttpRequest, packed: str) -> HttpResponse:
    context: dict[str, Any] = admin.site.each_context(request) | {
        "form": SignInForm(request),
        "next": request.get_full_path(),
        "unsaved": packed,
        "ended": True,
    }
    response = render(request, "admin/login.html", context)
    add_never_cache_headers(response)
    return response
