"""The public page on which mailbox owners change their own password."""

import time

from axes.handlers.proxy import AxesProxyHandler
from axes.utils import reset
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from mailboxes.conf import mail_host
from mailboxes.forms import ChangePasswordForm, focus, known_form


def client_address(request: HttpRequest) -> str | None:
    """Return whose address counts failed sign-ins: nginx's word for it if nginx stands in front."""
    header = "HTTP_X_REAL_IP" if settings.BEHIND_PROXY else "REMOTE_ADDR"
    return request.META.get(header) or None


def client_username(request: HttpRequest, credentials: dict[str, str] | None = None) -> str:
    """Return the name that counts failed sign-ins, as long as the column that keeps it."""
    return str((credentials or request.POST).get("username") or "")[:255]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    staff = request.user.is_authenticated and request.user.is_staff
    return redirect("admin:index" if staff else "change-password")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Let a mailbox owner set a new password; a pair of address and client that fails is locked."""
    started = time.monotonic()
    form = ChangePasswordForm(request.POST or None)
    credentials = {"username": known_form(request.POST.get("address", ""))}
    if request.POST and not AxesProxyHandler.is_allowed(request, credentials):
        return render(request, "429.html", status=429)
    if form.is_valid():
        form.refuse(form.save)
    if form.is_valid():
        reset(username=credentials["username"], ip=client_address(request))
        return redirect("password-changed")
    if form.is_bound and form.wrong_login:
        request.POST = QueryDict()  # axes keeps what it finds there
        time.sleep(max(0, started + settings.WRONG_ANSWER_SECONDS - time.monotonic()))
        user_login_failed.send(change_password, credentials=credentials, request=request)
    focus(form)
    return render(request, "mailboxes/change_password.html", {"form": form, "host": mail_host()})


@require_safe
def password_changed(request: HttpRequest) -> HttpResponse:
    return render(request, "mailboxes/password_changed.html", {"host": mail_host()})
