"""The sign-in page, and after it the page for the second factor."""

from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mailboxes.clients import client_address
from mailboxes.forms import autofocus
from mailboxes.second_factor import factors, pending
from mailboxes.second_factor.attempts import is_locked
from mailboxes.second_factor.forms import FactorForm

FEW_CODES = 3


class PasswordView(LoginView):
    """The stock admin's page, with its one answer to whatever was wrong."""

    template_name = "admin/login.html"
    authentication_form = AdminAuthenticationForm

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        return pending.begin(self.request, form.get_user(), self.get_success_url())


@never_cache
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for name and password, also somebody who is signed in but may not use the panel."""
    if request.method == "GET" and admin.site.has_permission(request):
        return redirect("admin:index")
    context = admin.site.each_context(request) | {
        "app_path": request.get_full_path(),
        "username": request.user.get_username(),
    }
    return PasswordView.as_view(extra_context=context)(request)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor of the person who has just entered the password."""
    user = pending.pending_user(request)
    if user is None:
        return redirect("admin:login")
    client = client_address(request) or ""
    if is_locked(user.get_username(), client):
        return render(request, "429.html", status=429)
    form = FactorForm(user, client, request.POST or None)
    if form.is_valid():
        response = pending.complete(request, user)
        warn_of_few_codes(request, user)
        return response
    autofocus(form)
    context = admin.site.each_context(request) | {
        "has_permission": False,
        "form": form,
        "options": factors.request_options(user),
        "name": user.get_username(),
    }
    return render(request, "second_factor/sign_in.html", context)


def warn_of_few_codes(request: HttpRequest, user: User) -> None:
    row = factors.recovery_codes(user)
    left = factors.codes_left(row) if row else FEW_CODES
    if left < FEW_CODES:
        text = ngettext(
            "You have %(count)s recovery code left. Generate new ones under Second factor.",
            "You have %(count)s recovery codes left. Generate new ones under Second factor.",
            left,
        )
        messages.warning(request, text % {"count": left})
