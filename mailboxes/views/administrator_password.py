"""The page on which administrators change their own password."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from mailboxes import actions
from mailboxes.accounts import AccountKind
from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.request_actors import administrator, client_address
from mailboxes.throttle import attempts


class OwnPasswordForm(AdminPasswordChangeForm):
    """The stock form in the words of the page for mailboxes."""

    error_messages = AdminPasswordChangeForm.error_messages | {
        "password_incorrect": _("The current password is wrong."),
        "password_mismatch": _("The two passwords don't match."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Current password")
        self.fields["new_password2"].label = _("Repeat new password")
        self.fields["new_password2"].help_text = ""


@never_cache
@sensitive_post_parameters()
def change_own_password(request: HttpRequest) -> HttpResponse:
    """Ask for the current password, and end all other sessions."""
    user = cast(User, request.user)
    attempt = (AccountKind.ADMINISTRATOR, user.username, client_address(request))
    if request.POST:
        attempts.attempt(*attempt)
    form = OwnPasswordForm(user, request.POST or None)
    if form.is_bound and "old_password" not in form.errors:
        attempts.was_right(*attempt)
    elif form.has_error("old_password", "password_incorrect"):
        credentials = {"username": user.username}
        user_login_failed.send(change_own_password, credentials=credentials, request=request)
    if form.is_valid():
        try:
            password = form.cleaned_data["new_password1"]
            actions.set_administrator_password(administrator(request), user, password)
        except Refused as error:
            form.add_error("new_password1", error_message(error))
        else:
            update_session_auth_hash(request, user)
            request.session.pop("is_temporary", None)
            messages.success(request, gettext("Your password was changed."))
            return redirect("admin:index")
    context = admin.site.each_context(request) | {
        "title": gettext("Change your password"),
        "form": form,
    }
    return render(request, "registration/password_change_form.html", context)
