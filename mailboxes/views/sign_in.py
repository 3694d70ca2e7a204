"""The sign-in page of administrators."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from mailboxes import sessions
from mailboxes.clients import client_address
from mailboxes.throttle import attempts


class SignInForm(AdminAuthenticationForm):
    """The stock form; too many attempts raise Locked."""

    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        name, password = (self.cleaned_data.get(key) for key in ("username", "password"))
        if not name or not password:
            return self.cleaned_data
        attempt = (attempts.ADMINISTRATOR, stored_name(name), client_address(self.request) or "")
        attempts.attempt(*attempt)
        data: dict[str, Any] = super().clean()
        attempts.succeeded(*attempt)
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


admin.site.login_form = SignInForm


@never_cache
@sensitive_post_parameters()
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Sign in, and keep the form that was posted after the last session had ended."""
    unsaved = request.POST.get("unsaved", "")
    context = {"unsaved": unsaved, "ended": "ended" in request.GET or unsaved}
    response = admin.site.login(request, context)
    if unsaved and request.user.is_authenticated:
        sessions.keep_form(request.session, unsaved)
    return response
