"""Upgrade and migrate: what changes from one host to another, and who couldn't sign in there."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from mailboxes import queries, rehash_list
from mailboxes.audit.log import log_event, subject
from mailboxes.conf import MailHost, mail_host
from mailboxes.csv_download import csv_response
from mailboxes.errors import Refused
from mailboxes.export import checking, compare
from mailboxes.export.checking import Progress
from mailboxes.export.compare import Comparison
from mailboxes.export.highlighting import highlight
from mailboxes.export.upgrade import notes, steps
from mailboxes.formats import error_message
from mailboxes.lookup_tables.counts import number_of_mailboxes, total
from mailboxes.request_actors import administrator
from mailboxes.views.permissions import allowed

CHECKED = "comparison"
"""Under which name the session has what was found out about the mailboxes."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed("configuration.view")
def upgrade(request: HttpRequest) -> HttpResponse:
    """Compare two hosts; many mailboxes are read with POST, which changes nothing, in parts."""
    context = admin.site.each_context(request) | {"title": _("Upgrade and migrate")}
    try:
        context["choices"] = compare.host_choices()
        old, new = hosts(request)
        progress = kept_progress(request, old, new) if is_large() else None
        if request.method == "POST":
            return check_next(request, progress, old, new)
        context |= comparison(request, old, new, progress)
    except Refused as error:
        context["refusal"] = error_message(error)
    return render(request, "mailboxes/upgrade.html", context)


def hosts(request: HttpRequest) -> tuple[MailHost, MailHost]:
    keys = zip(("from", "to"), compare.suggested_upgrade(), strict=True)
    old, new = (compare.parse_host(request.GET.get(end, usual)) for end, usual in keys)
    return old, new


def is_large() -> bool:
    """Say whether there are more mailboxes than one request can read."""
    return number_of_mailboxes(queries.MAX_ROWS).more


def comparison(
    request: HttpRequest, old: MailHost, new: MailHost, progress: Progress | None
) -> dict[str, Any]:
    is_checked = progress is None or progress.is_done
    change = Comparison(old, new, progress.report if progress else None)
    files = [(file, highlight(file.diff, "diff")) for file in change.files]
    context = {"change": change, "files": files, "old": old.key, "new": new.key}
    context |= {"notes": notes(change), "is_checked": is_checked, "is_large": progress is not None}
    if progress:
        context |= {"progress": progress, "total": total()}
    if is_checked:
        context["steps"] = steps(change)
    context["password_page"] = request.build_absolute_uri(reverse("change-password"))
    return context


def check_next(
    request: HttpRequest, progress: Progress | None, old: MailHost, new: MailHost
) -> HttpResponse:
    """Read the next mailboxes; show how far it has come, or the comparison at the end."""
    if progress is not None:
        if progress.is_done or "start" in request.POST:
            progress = Progress()
        progress.advance(old, new)
        stored = checking.as_json(progress) | {"from": old.key, "to": new.key}
        request.session[CHECKED] = stored
        if not progress.is_done:
            context = admin.site.each_context(request) | {
                "title": _("Upgrade and migrate"),
                "progress": progress,
                "total": total(),
                "back": request.get_full_path(),
            }
            return render(request, "mailboxes/upgrade_progress.html", context)
    return redirect(request.get_full_path())


def kept_progress(request: HttpRequest, old: MailHost, new: MailHost) -> Progress:
    """Return what is known of the mailboxes from earlier requests, for the same hosts."""
    stored = request.session.get(CHECKED) or {}
    if (stored.get("from"), stored.get("to")) != (old.key, new.key):
        return Progress()
    return checking.from_json(stored, new)


@never_cache
@require_safe
@allowed("configuration.view")
def passwords_to_rehash(request: HttpRequest) -> HttpResponseBase:
    """Send the list of those whose passwords take the scheme of a host when they sign in."""
    try:
        host = compare.parse_host(request.GET.get("to", mail_host().key))
    except Refused as error:
        return HttpResponse(error_message(error), status=400, content_type="text/plain")
    name = rehash_list.filename(timezone.localdate())
    log_event(administrator(request), "mailbox.download", subject("file", name))
    return csv_response(name, rehash_list.COLUMNS, rehash_list.rows(host))
