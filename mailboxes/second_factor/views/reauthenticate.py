"""The page that asks who it is before something sensitive."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mailboxes.accounts import AccountKind
from mailboxes.forms.base import autofocus
from mailboxes.request_actors import administrator
from mailboxes.second_factor import factors
from mailboxes.second_factor.forms import FactorForm, OwnPasswordForm
from mailboxes.second_factor.reauthentication import note_authentication
from mailboxes.throttle import attempts


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def reauthenticate(request: HttpRequest) -> HttpResponse:
    """Ask for the password or, of those who have one, the second factor."""
    user, actor = cast(User, request.user), administrator(request)
    with_factor = "code" in request.POST
    password = OwnPasswordForm(request, None if with_factor else request.POST or None)
    factor = FactorForm(user, actor.client, request.POST if with_factor else None)
    if (factor if with_factor else password).is_valid():
        note_authentication(request)
        if with_factor:
            attempts.was_right(AccountKind.ADMINISTRATOR, actor.name, actor.client)
        if "repeat" in request.GET:
            text = _(
                "Your identity is confirmed, but the action was not carried out. Please repeat it."
            )
            messages.warning(request, text)
        return redirect(safe_next(request))
    autofocus(factor if with_factor else password)
    context = admin.site.each_context(request) | {
        "title": _("Confirm your identity"),
        "has_permission": not factors.must_set_up(user),
        "password": password,
        "form": factor if factors.has_second_factor(user) else None,
        "options": factors.request_options(user),
        "repeat": "repeat" in request.GET,
    }
    return render(request, "second_factor/reauthenticate.html", context)


def safe_next(request: HttpRequest) -> str:
    """Return the page that asked, or the dashboard if that would be another host's."""
    url = request.GET.get("next", "")
    hosts = {request.get_host()}
    is_safe = url_has_allowed_host_and_scheme(url, hosts, require_https=request.is_secure())
    return url if is_safe else reverse("admin:index")
