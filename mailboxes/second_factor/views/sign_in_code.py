"""The page that asks for the second factor after the password."""

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mailboxes.forms.base import autofocus
from mailboxes.request_actors import client_address
from mailboxes.second_factor import factors, sign_in_steps
from mailboxes.second_factor.forms import FactorForm

FEW_CODES = 3


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor of the person who has just entered the password."""
    user = sign_in_steps.pending_user(request)
    if user is None:
        return redirect("admin:login")
    client = client_address(request)
    form = FactorForm(user, client, request.POST or None)
    if form.is_valid() and form.used:
        response = sign_in_steps.complete(request, user, form.used)
        warn_of_few_codes(request, user)
        return response
    autofocus(form)
    context = admin.site.each_context(request) | {
        "has_permission": False,
        "form": form,
        "options": factors.request_options(user),
        "name": user.get_username(),
    }
    return render(request, "second_factor/sign_in_code.html", context)


def warn_of_few_codes(request: HttpRequest, user: User) -> None:
    row = factors.recovery_codes(user)
    left = factors.codes_left(row) if row else FEW_CODES
    if left < FEW_CODES:
        text = ngettext(
            "You have %(count)s recovery code left. Generate new ones on the “Second factor” page.",
            "You have %(count)s recovery codes left. Generate new ones on the “Second factor” "
            "page.",
            left,
        )
        messages.warning(request, text % {"count": left})
