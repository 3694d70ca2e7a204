"""Every page but a few is closed to a session that has not shown the second factor it must have."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from mailboxes.second_factor import factors
from mailboxes.second_factor.policy import is_required
from mailboxes.second_factor.used_factor import had_second_factor, has_second_factor_left
from mailboxes.sessions import sign_in_url

PUBLIC = {"sign-in", "admin:logout", "sign-in-code", "set_language", "home"}
PUBLIC |= {"change-password", "password-check", "password-changed", "password-kept"}
PUBLIC |= {
    "metrics",
    "mail-programs",
    "apple-profile",
    "autoconfig",
    "autodiscover",
    "autodiscover-json",
}
SET_UP = {
    "reauthenticate",
    "own-password",
    "second-factor",
    "second-factor-app",
    "second-factor-passkey",
}


class SecondFactorMiddleware:
    """Sign out who came without the second factor, and lead who needs one to set it up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: Any
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if (match and match.view_name in PUBLIC) or not request.user.is_authenticated:
            return None
        if had_second_factor(request) and has_second_factor_left(request):
            return None
        if had_second_factor(request) or factors.has_second_factor(request.user):
            # Signed in with a factor that was removed since, such as a stolen one, or before the
            # second factor was added, in another browser.
            logout(request)
            return redirect(sign_in_url(request))
        if is_required(request.user) and not (match and match.view_name in SET_UP):
            return redirect("second-factor")
        return None
