"""The password page, the configuration page and its downloads, and Moving house."""

import logging
import time
from dataclasses import replace
from typing import Any, cast

from axes.handlers.proxy import AxesProxyHandler
from axes.utils import reset
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from mailboxes import bundles, dashboard, exporter, moving
from mailboxes.conf import MailHost, mail_host
from mailboxes.forms import ChangePasswordForm, focus, known_form
from mailboxes.highlighting import highlight, language
from mailboxes.models import Mailbox
from mailboxes.tallies import tally
from mailboxes.variants import VARIANTS
from mailboxes.words import translated

logger = logging.getLogger(__name__)
# Of so many mailboxes the forms of the passwords are read in about 0.2 seconds.
MOST_COUNTED = 20_000


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


def superuser(request: HttpRequest) -> User:
    user = cast(User, request.user)
    if not user.is_superuser:
        raise PermissionDenied
    return user


@never_cache
@require_safe
def dashboard_page(request: HttpRequest) -> HttpResponse:
    """Say how things are; a person without any right sees that, too."""
    user = cast(User, request.user)
    full = dashboard.nearly_full(user)
    context = admin.site.each_context(request) | {
        "title": _("Dashboard"),
        "counts": dashboard.counts(user, full),
        "fullest": dashboard.fullest(full),
        "points": list(dashboard.points(user)),
        "entries": dashboard.latest(user),
    }
    return render(request, "mailboxes/dashboard.html", context)


@never_cache
@require_safe
def configuration(request: HttpRequest) -> HttpResponse:
    """Say what the host is and what to do; show each file of the bundle, its passwords hidden."""
    superuser(request)
    context = admin.site.each_context(request) | {"title": _("Configuration")}
    try:
        host = mail_host()
        context |= {
            "host": host,
            "files": coloured_files(host),
            "bundle": bundle_name(host),
            "stronger": stronger_schemes(host),
            **other_variant(host),
        }
    except (ImproperlyConfigured, bundles.BadExport) as error:
        context |= {"refusal": translated(error)}
    return render(request, "mailboxes/configuration.html", context)


def coloured_files(host: MailHost) -> list[tuple[bundles.File, SafeString]]:
    """Return each file with its text in colour, those that land on the host first."""
    files = sorted(exporter.bundle(host, masked=True), key=lambda file: not file.target)
    return [(file, highlight(file.text, language(file.path))) for file in files]


def stronger_schemes(host: MailHost) -> dict[str, str]:
    """Return what is not weak, and what Moving house calls the host that stores it."""
    schemes = [scheme for scheme in host.variant.schemes.values() if not scheme.weakness]
    return {scheme.name: moving.name(replace(host, scheme=scheme)) for scheme in schemes}


def other_variant(host: MailHost) -> dict[str, Any]:
    """Say who could not sign in with the other variant; the page does without, if it must."""
    other = mail_host(next(name for name in VARIANTS if name != host.variant.name))
    found: dict[str, Any] = {"here": moving.name(host), "other": other, "there": moving.name(other)}
    try:
        exporter.check(other)
    except bundles.BadExport as error:
        found |= {"no_other": translated(error)}
    try:
        found |= {"total": tally(Mailbox.objects.all(), MOST_COUNTED)}
        if not found["total"].more:
            move = moving.Move(host, other)
            found |= {"verdict": move.verdict(), "shut_out": move.census.shut_out}
    except DatabaseError as error:
        logger.warning("The mailboxes cannot be counted: %s", error)
    return found


@never_cache
@require_safe
def moving_house(request: HttpRequest) -> HttpResponse:
    """Say what changes from one host to another, and who could not sign in there."""
    superuser(request)
    context = admin.site.each_context(request) | {"title": _("Moving house")}
    try:
        names = zip(("from", "to"), moving.usual_move(), strict=True)
        context |= {"choices": moving.choices()}
        old, new = (moving.host_named(request.GET.get(end, usual)) for end, usual in names)
        context |= {"old": moving.name(old), "new": moving.name(new)}
        move = moving.Move(old, new)
        changes = [(change, highlight(change.diff, "diff")) for change in move.changes]
        context |= {"move": move, "changes": changes}
    except (ImproperlyConfigured, bundles.BadExport) as error:
        context |= {"refusal": translated(error)}
    return render(request, "mailboxes/moving.html", context)


@never_cache
def download(request: HttpRequest) -> HttpResponse:
    """Send one file of the bundle, or all as .tar.gz, secrets included; and log who took it."""
    user = superuser(request)
    if request.method != "POST":  # as after a session that had ended
        return redirect("configuration")
    try:
        host = mail_host()
        files = exporter.bundle(host)
    except (ImproperlyConfigured, bundles.BadExport) as error:
        return HttpResponse(translated(error), status=409, content_type="text/plain; charset=utf-8")
    path = request.POST.get("path", "")
    name, content = (path, one_file(files, path)) if path else archive(host, files)
    LogEntry.objects.create(
        user=user,
        action_flag=CHANGE,
        object_repr=name[:200],
        change_message=gettext_noop("Downloaded from the configuration page."),
    )
    logger.info("%s downloaded %s of the configuration.", user.get_username(), name)
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{name.rpartition("/")[2]}"'
    return response


def one_file(files: list[bundles.File], path: str) -> bytes:
    for file in files:
        if file.path == path:
            return file.text.encode()
    raise Http404


def archive(host: MailHost, files: list[bundles.File]) -> tuple[str, bytes]:
    name = bundle_name(host)
    return f"{name}.tar.gz", bundles.pack(files, name)


def bundle_name(host: MailHost) -> str:
    return f"mailadmin-{host.variant.name}-{host.release.name}"
