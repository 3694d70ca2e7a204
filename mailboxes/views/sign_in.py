"""The sign-in page of administrators."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from mailboxes import sessions
from mailboxes.accounts import AccountKind
from mailboxes.request_actors import client_address
from mailboxes.second_factor import sign_in_steps
from mailboxes.throttle import attempts


class SignInForm(AdminAuthenticationForm):
    """The stock form; too many attempts raise Locked."""

    error_messages = AdminAuthenticationForm.error_messages | {
        "invalid_login": _(
            "The username or the password is wrong, or this account can't use the panel."
        ),
    }

    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        name, password = (self.cleaned_data.get(key) for key in ("username", "password"))
        if not name or not password:
            return self.cleaned_data
        client = client_address(self.request)
        attempts.attempt(AccountKind.ADMINISTRATOR, stored_name(name), client)
        data: dict[str, Any] = super().clean()
        return data

    def confirm_login_allowed(self, user: User) -> None:
        """Log the right password of an account that can't use the panel like a wrong one."""
        try:
            super().confirm_login_allowed(user)
        except ValidationError:
            credentials = {"username": self.cleaned_data["username"]}
            user_login_failed.send(__name__, credentials=credentials, request=self.request)
            raise


def stored_name(name: str) -> str:
    """Return the name as it is stored, if there is such an administrator.

    MariaDB compares names by a collation of its own: far more texts than one find the same row.
    """
    found = User.objects.filter(username=name).values_list("username", flat=True)
    return found.first() or name


class PasswordView(LoginView):
    """The stock admin's page, with its one answer to whatever was wrong."""

    template_name = "admin/login.html"
    authentication_form = SignInForm

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        unsaved = self.request.POST.get("unsaved", "")
        return sign_in_steps.begin(self.request, form.get_user(), self.get_success_url(), unsaved)


@never_cache
@sensitive_post_parameters()
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for name and password, also somebody who is signed in but may not use the panel."""
    if request.method == "GET" and admin.site.has_permission(request):
        return redirect("admin:index")
    unsaved = sessions.LOST if sessions.LOST in request.GET else request.POST.get("unsaved", "")
    context = admin.site.each_context(request) | {
        "username": request.user.get_username(),
        "unsaved": unsaved,
        "is_lost": unsaved == sessions.LOST,
        "ended": "ended" in request.GET or unsaved,
    }
    return PasswordView.as_view(extra_context=context)(request)
