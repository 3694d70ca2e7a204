"""The configuration page with its downloads, and the page that compares two hosts."""

import logging
from dataclasses import replace
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailboxes.conf import MailHost, mail_host
from mailboxes.export import compare
from mailboxes.export import render as exporter
from mailboxes.export.bundle import BadExport, File, pack
from mailboxes.export.highlighting import highlight, language
from mailboxes.formats import translated
from mailboxes.models import Mailbox
from mailboxes.queries import tally
from mailboxes.variants import VARIANTS

logger = logging.getLogger(__name__)
# Of so many mailboxes the forms of the passwords are read in about 0.2 seconds.
MOST_COUNTED = 20_000


def superuser(request: HttpRequest) -> User:
    user = cast(User, request.user)
    if not user.is_superuser:
        raise PermissionDenied
    return user


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
    except (ImproperlyConfigured, BadExport) as error:
        context |= {"refusal": translated(error)}
    return render(request, "mailboxes/configuration.html", context)


def coloured_files(host: MailHost) -> list[tuple[File, SafeString]]:
    """Return each file with its text in colour, those that land on the host first."""
    files = sorted(exporter.bundle(host, masked=True), key=lambda file: not file.target)
    return [(file, highlight(file.text, language(file.path))) for file in files]


def stronger_schemes(host: MailHost) -> dict[str, str]:
    """Return the schemes that are not weak, each with the name of a host that would use it."""
    schemes = [scheme for scheme in host.variant.schemes.values() if not scheme.weakness]
    return {scheme.name: compare.name(replace(host, scheme=scheme)) for scheme in schemes}


def other_variant(host: MailHost) -> dict[str, Any]:
    """Say who could not sign in with the other variant; the page does without, if it must."""
    other = mail_host(next(name for name in VARIANTS if name != host.variant.name))
    found: dict[str, Any] = {
        "here": compare.name(host),
        "other": other,
        "there": compare.name(other),
    }
    try:
        exporter.check(other)
    except BadExport as error:
        found |= {"no_other": translated(error)}
    try:
        found |= {"total": tally(Mailbox.objects.all(), MOST_COUNTED)}
        if not found["total"].more:
            move = compare.Move(host, other)
            found |= {"verdict": move.verdict(), "shut_out": move.census.shut_out}
    except DatabaseError as error:
        logger.warning("The mailboxes cannot be counted: %s", error)
    return found


@never_cache
@require_safe
def upgrade(request: HttpRequest) -> HttpResponse:
    """Show what changes from one host to another, and which mailboxes could not sign in there."""
    superuser(request)
    context = admin.site.each_context(request) | {"title": _("Upgrade and migrate")}
    try:
        names = zip(("from", "to"), compare.usual_move(), strict=True)
        context |= {"choices": compare.choices()}
        old, new = (compare.host_named(request.GET.get(end, usual)) for end, usual in names)
        context |= {"old": compare.name(old), "new": compare.name(new)}
        move = compare.Move(old, new)
        changes = [(change, highlight(change.diff, "diff")) for change in move.changes]
        context |= {"move": move, "changes": changes}
    except (ImproperlyConfigured, BadExport) as error:
        context |= {"refusal": translated(error)}
    return render(request, "mailboxes/upgrade.html", context)


@never_cache
def download(request: HttpRequest) -> HttpResponse:
    """Send one file of the bundle, or all as .tar.gz, secrets included; and log who took it."""
    user = superuser(request)
    if request.method != "POST":  # as after a session that had ended
        return redirect("configuration")
    try:
        host = mail_host()
        files = exporter.bundle(host)
    except (ImproperlyConfigured, BadExport) as error:
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


def one_file(files: list[File], path: str) -> bytes:
    for file in files:
        if file.path == path:
            return file.text.encode()
    raise Http404


def archive(host: MailHost, files: list[File]) -> tuple[str, bytes]:
    name = bundle_name(host)
    return f"{name}.tar.gz", pack(files, name)


def bundle_name(host: MailHost) -> str:
    return f"mailadmin-{host.variant.name}-{host.release.name}"
