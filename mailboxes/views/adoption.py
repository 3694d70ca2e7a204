"""The page on which superusers adopt another program's tables, and undo that."""

from itertools import islice
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mailboxes import actions, queries
from mailboxes.adoption.mark import FOLDER_FORMS, find_adoption, host_warning
from mailboxes.conf import mail_host
from mailboxes.errors import Refused, gettext_noop
from mailboxes.formats import error_message, number
from mailboxes.inspection import choice
from mailboxes.inspection.administrators import administrator_text
from mailboxes.inspection.changed_here import changed_passwords
from mailboxes.inspection.report import Report, inspect
from mailboxes.models import Alias, Mailbox, OldAdministrator
from mailboxes.origin import foreign_tables
from mailboxes.queries import capped_count
from mailboxes.request_actors import administrator
from mailboxes.second_factor.reauthentication import reauthentication_required
from mailboxes.views.permissions import allowed

MAX_LISTED = 500
TOO_MANY = gettext_noop(
    "There are more than %(limit)s rows, which is too many for a page. On the panel's machine, "
    "run: .venv/bin/python manage.py adopt"
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed("maildatabase.adopt")
def adoption(request: HttpRequest) -> HttpResponse:
    """Show whether the tables were adopted; with POST, which changes nothing, the report."""
    if request.method != "POST":
        return show(request)
    try:
        return show(request, report=read_report())
    except Refused as error:
        return show_refusal(request, error)


@never_cache
@allowed("maildatabase.adopt")
@reauthentication_required
def adopt(request: HttpRequest) -> HttpResponse:
    """Adopt the tables, and take over the administrators if that was chosen."""
    if request.method != "POST":  # for example, after signing in again
        return redirect("adoption")
    actor, taken_over = administrator(request), []
    try:
        choice.adopt(actor, read_report(), request.POST.get("folders", ""))
        if "administrators" in request.POST:
            taken_over = [*map(administrator_text, actions.take_over_administrators(actor))]
    except Refused as error:
        return show_refusal(request, error)
    return show(request, taken_over=taken_over)


@never_cache
@allowed("maildatabase.forget")
@reauthentication_required
def forget(request: HttpRequest) -> HttpResponse:
    """Ask, with the passwords that the other program can't check, then undo the adoption."""
    if request.method == "POST":
        try:
            actions.forget_adoption(administrator(request))
        except Refused as error:
            return show_refusal(request, error)
        messages.success(request, gettext("The adoption was undone."))
        return redirect("adoption")
    if (found := find_adoption()) is None:
        return redirect("adoption")
    changed = list(islice(changed_passwords(found), MAX_LISTED + 1))
    context = admin.site.each_context(request) | {
        "title": _("Undo the adoption?"),
        "changed": changed[:MAX_LISTED],
        "has_more": len(changed) > MAX_LISTED,
    }
    return render(request, "mailboxes/adoption_forget.html", context)


def show(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    found = find_adoption()
    context = admin.site.each_context(request) | {
        "title": _("Another program's tables"),
        "adoption": found,
        "warning": host_warning(found) if found else "",
        "is_foreign": bool(foreign_tables()),
        "forms": FOLDER_FORMS,
        "has_administrators": OldAdministrator._meta.db_table in queries.tables(),
        **more,
    }
    if report := more.get("report"):
        context["refusals"] = [error_message(refusal) for refusal in report.refusals]
    return render(request, "mailboxes/adoption.html", context, status=status)


def show_refusal(request: HttpRequest, error: Refused) -> HttpResponse:
    return show(request, 409, refusals=[error_message(error)])


def read_report() -> Report:
    """Read all tables, unless a request has no time for that."""
    for model in (Mailbox, Alias) if foreign_tables() else ():
        if capped_count(model._default_manager.all(), queries.MAX_ROWS).more:
            raise Refused(TOO_MANY, {"limit": number(queries.MAX_ROWS)}, code="too_many")
    return inspect(mail_host())
