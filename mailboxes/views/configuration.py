"""The configuration page with its downloads."""

import logging
from dataclasses import replace
from typing import Any

from django.contrib import admin, messages
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mailboxes import actions, queries
from mailboxes.audit.log import log_event, subject
from mailboxes.conf import MailHost, mail_host
from mailboxes.deployment.applied import local
from mailboxes.errors import Refused
from mailboxes.export.bundle import File, pack
from mailboxes.export.compare import Comparison
from mailboxes.export.highlighting import highlight, language
from mailboxes.export.mail_check import check_mail
from mailboxes.export.outdated import outdated, remember_export
from mailboxes.export.prerequisites import check_exportable, name_warning
from mailboxes.export.render import render_both, render_bundle
from mailboxes.formats import database_message, error_message
from mailboxes.lookup_tables.counts import number_of_mailboxes
from mailboxes.origin import foreign_tables
from mailboxes.request_actors import administrator
from mailboxes.second_factor.reauthentication import reauthentication_required
from mailboxes.sending import with_column
from mailboxes.variants import VARIANTS
from mailboxes.views.permissions import allowed

logger = logging.getLogger(__name__)


@never_cache
@require_safe
@allowed("configuration.view")
def configuration(request: HttpRequest) -> HttpResponse:
    """Show the host, the next steps and each file of the bundle with its passwords hidden."""
    context = admin.site.each_context(request) | {"title": _("Configuration")}
    context |= {"is_foreign": is_foreign()}
    try:
        host = with_column(mail_host())
        context |= {
            "host": host,
            "name_warning": name_warning(host),
            "unchecked": check_mail(host, queries.BATCH),
            **shown_files(host),
            "bundle": bundle_name(host),
            "stronger": stronger_schemes(host),
            **variant_comparison(host),
        }
    except Refused as error:
        context |= {"refusal": error_message(error)}
    return render(request, "mailboxes/configuration.html", context)


def is_foreign() -> bool:
    """Say whether another program has created the mail tables, as far as that can be told."""
    try:
        return bool(foreign_tables())
    except DatabaseError:
        return False


def shown_files(host: MailHost) -> dict[str, Any]:
    """Return each file, highlighted, the host's own first, and what is known of older ones."""
    exported, masked = render_both(host)
    files = sorted(masked, key=lambda file: not file.target)
    texts = [(file, highlight(file.text, language(file.path))) for file in files]
    return {"files": texts, "outdated": outdated(exported), "is_local": local() is not None}


def stronger_schemes(host: MailHost) -> dict[str, str]:
    """Return the schemes that are not weak, and the key of the host that uses each of them."""
    schemes = [scheme for scheme in host.variant.schemes.values() if not scheme.weakness]
    return {scheme.name: replace(host, scheme=scheme).key for scheme in schemes}


def variant_comparison(host: MailHost) -> dict[str, Any]:
    """Return who couldn't sign in with the other variant, unless that takes too long."""
    other = mail_host(next(name for name in VARIANTS if name != host.variant.name))
    found: dict[str, Any] = {"here": host.key, "other": other, "there": other.key}
    try:
        check_exportable(other)
    except Refused as error:
        found |= {"no_other": error_message(error)}
    try:
        found |= {"total": number_of_mailboxes(queries.MAX_ROWS)}
        if not found["total"].more:
            change = Comparison(host, other)
            found |= {"verdict": change.verdict(), "cannot_sign_in": change.report.cannot_sign_in}
    except DatabaseError as error:
        logger.warning("The mailboxes can't be counted: %s", database_message(error))
    return found


@never_cache
@allowed("configuration.download")
@reauthentication_required
def download(request: HttpRequest) -> HttpResponse:
    """Send one file of the bundle, or all as .tar.gz, including passwords, and log who did it."""
    if request.method != "POST":  # for example, after signing in again
        return redirect("configuration")
    try:
        host, path = with_column(mail_host()), request.POST.get("path", "")
        check_mail(host, queries.BATCH if path else None)  # of one file as on the page
        files = render_bundle(host)
    except Refused as error:
        text = error_message(error)
        return HttpResponse(text, status=409, content_type="text/plain; charset=utf-8")
    name, content = (path, one_file(files, path)) if path else archive(host, files)
    if not path:
        remember_export(files)
    log_event(administrator(request), "configuration.download", subject("file", name))
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{name.rpartition("/")[2]}"'
    return response


@never_cache
@allowed("configuration.apply")
@require_POST
def applied(request: HttpRequest) -> HttpResponse:
    """Note the line that `apply` has printed on the mail host."""
    try:
        actions.report_applied(administrator(request), request.POST.get("line", ""))
    except Refused as error:
        messages.error(request, error_message(error))
    else:
        messages.success(request, gettext("The panel now knows which export the mail host has."))
    return redirect("configuration")


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
