"""The public page on which mailbox owners change their own password."""

from django.contrib import messages
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailboxes import actions
from mailboxes.addresses import normalize_address, to_unicode
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.forms.base import autofocus
from mailboxes.forms.password import ChangePasswordForm
from mailboxes.models import Mailbox
from mailboxes.passwords.strength import check_strength
from mailboxes.request_actors import mailbox_owner


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Let a mailbox owner set a new password, or sign in and keep the current one."""
    host = mail_host()
    owner = mailbox_owner(request, normalize_address(request.POST.get("address", "")))
    form = ChangePasswordForm(owner, host, request.POST or None)
    is_valid = form.is_valid()
    if is_valid and form.save():
        if to_unicode(owner.name):
            text = gettext("Mail programs can only sign in with %(address)s.")
            messages.info(request, text % {"address": owner.name})
        return redirect("password-kept" if form.keeps_password else "password-changed")
    if form.wrong_login:
        credentials = {"username": owner.name}
        user_login_failed.send(change_password, credentials=credentials, request=request)
    elif not is_valid:  # otherwise the action has logged the change, or its refusal
        form.sign_in()
    autofocus(form, "current_password" if form.wrong_login else "")
    return render(request, "mailboxes/change_password.html", {"form": form, "host": host})


@require_safe
def password_changed(request: HttpRequest) -> HttpResponse:
    return render(request, "mailboxes/password_changed.html", {"host": mail_host()})


@require_safe
def password_kept(request: HttpRequest) -> HttpResponse:
    return render(request, "mailboxes/password_kept.html", {"host": mail_host()})


@never_cache
@sensitive_post_parameters()
@require_POST
def password_check(request: HttpRequest) -> JsonResponse:
    """Judge a password while it is typed, exactly as it is judged when it is saved."""
    password, username = request.POST.get("password", ""), request.POST.get("username", "")
    try:
        if request.POST.get("account") == "administrator":
            check_strength(password, [username])
        else:
            mailbox = Mailbox(username=username, name=request.POST.get("name", ""))
            actions.check_new_password(password, mailbox, mail_host().scheme)
    except Refused as error:
        return JsonResponse({"accepted": False, "text": error_message(error)})
    return JsonResponse({"accepted": True, "text": gettext("This password is strong enough.")})
