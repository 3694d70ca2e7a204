"""An administrator's own second factors."""

from typing import Any, cast

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.mfa.utils import decrypt, encrypt
from cryptography.fernet import InvalidToken
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.forms.base import autofocus
from mailboxes.request_actors import administrator
from mailboxes.second_factor import factors
from mailboxes.second_factor.forms import AppForm, PasskeyForm
from mailboxes.second_factor.policy import is_required
from mailboxes.second_factor.reauthentication import reauthentication_required
from mailboxes.second_factor.used_factor import (
    had_second_factor,
    note_second_factor,
    replace_removed_factor,
)

SECRET = "new_totp_secret"  # noqa: S105 (a key of the session)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def me(request: HttpRequest) -> User:
    return cast(User, request.user)


def page(request: HttpRequest, template: str, title: str, **more: Any) -> HttpResponse:
    """Render a page; without navigation if no other page may be opened yet."""
    must_set_up = factors.must_set_up(me(request))
    context = admin.site.each_context(request) | {
        "title": title,
        "has_permission": not must_set_up,
        "must_set_up": must_set_up,
    }
    return render(request, f"second_factor/{template}.html", context | more)


def refuse(form: forms.Form, error: Refused) -> None:
    field = error.field if error.field in form.fields else None
    form.add_error(field, error_message(error))


def own_factor(request: HttpRequest, pk: int) -> Authenticator:
    row: Authenticator = get_object_or_404(factors.of(me(request)), pk=pk)
    return row


@never_cache
@require_safe
@reauthentication_required
def overview(request: HttpRequest) -> HttpResponse:
    rows = list(factors.of(me(request)))
    codes = factors.recovery_codes(me(request))
    return page(
        request,
        "overview",
        _("Second factor"),
        app=next((row for row in rows if row.type == factors.Type.TOTP), None),
        passkeys=[row for row in rows if row.type == factors.Type.WEBAUTHN],
        codes_left=factors.codes_left(codes) if codes else None,
        is_required=is_required(me(request)),
    )


@never_cache
@sensitive_post_parameters()
@get_or_post
@reauthentication_required
def add_app(request: HttpRequest) -> HttpResponse:
    """Show a secret as a QR code until the app's first code has proven that it was read."""
    user, secret = me(request), new_secret(request)
    form = AppForm(request.POST or None)
    if form.is_valid():
        try:
            row = factors.add_app(administrator(request), user, secret, form.cleaned_data["code"])
        except Refused as error:
            refuse(form, error)
        else:
            del request.session[SECRET]
            return added(request, row, _("The authenticator app was added."))
    autofocus(form)
    adapter = get_adapter()
    svg = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    code = mark_safe(svg)  # noqa: S308 # nosec B308 B703 (paths drawn by qrcode)
    title = _("Add an authenticator app")
    return page(request, "app", title, form=form, qr_code=code, secret=groups)


def new_secret(request: HttpRequest) -> str:
    """Return the secret that this session is setting up; it is encrypted there, too."""
    try:
        return str(decrypt(request.session[SECRET]))
    except (KeyError, InvalidToken):
        secret = str(generate_totp_secret())
        request.session[SECRET] = encrypt(secret)
        return secret


@never_cache
@get_or_post
@reauthentication_required
def add_passkey(request: HttpRequest) -> HttpResponse:
    user = me(request)
    form = PasskeyForm(request.POST or None)
    if form.is_valid():
        name, credential = form.cleaned_data["name"], form.cleaned_data["credential"]
        try:
            row = factors.add_passkey(administrator(request), user, name, credential)
        except Refused as error:
            refuse(form, error)
        else:
            return added(request, row, _("The passkey was added."))
    autofocus(form)
    options = factors.creation_options(user)
    return page(request, "passkey", _("Add a passkey"), form=form, options=options)


def added(request: HttpRequest, row: Authenticator, text: str) -> HttpResponse:
    """Go on to the recovery codes after the first factor."""
    if not had_second_factor(request):
        note_second_factor(request, row)
    messages.success(request, text)
    has_codes = factors.recovery_codes(me(request))
    return redirect("second-factor" if has_codes else "recovery-codes")


@never_cache
@get_or_post
@reauthentication_required
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    user, row = me(request), own_factor(request, pk)
    if request.method == "POST":
        factors.remove(administrator(request), user, row)
        replace_removed_factor(request, factors.of(user).first())
        messages.success(request, _("The second factor was removed."))
        return redirect("second-factor")
    is_last = factors.of(user).count() == 1
    is_app = row.type == factors.Type.TOTP
    name = _("the authenticator app") if is_app else row.data["name"]
    title = _("Remove %(name)s?") % {"name": name}
    title = capfirst(title) if is_app else title
    return page(request, "remove", title, is_last=is_last, is_required=is_required(user))


@never_cache
@get_or_post
@reauthentication_required
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Generate recovery codes, and show them in the response to that and never again."""
    user, codes = me(request), []
    if not factors.has_second_factor(user):
        return redirect("second-factor")
    if request.method == "POST":
        codes = factors.generate_recovery_codes(administrator(request), user)
        replace_removed_factor(request, factors.recovery_codes(user))
    row = factors.recovery_codes(user)
    left = factors.codes_left(row) if row else None
    shown = [f"{code[:4]}-{code[4:]}" for code in codes]
    return page(request, "recovery_codes", _("Recovery codes"), codes=shown, codes_left=left)


@never_cache
@get_or_post
@reauthentication_required
def recovery_codes_file(request: HttpRequest) -> HttpResponse:
    """Send the codes that the page has shown back as a file; they are not read from anywhere."""
    if request.method != "POST":  # for example, after signing in again
        return redirect("recovery-codes")
    codes = [code for code in request.POST.getlist("codes") if code.replace("-", "").isdigit()]
    site = f"mailadmin {request.get_host()}, {request.user.get_username()}"
    text = "\n".join([site, _("Each recovery code can be used only once."), "", *codes[:20], ""])
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return response
