"""A change of many rows: the report on it, which stays, and taking it back."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailboxes import actions
from mailboxes.access.grants import scope_of
from mailboxes.access.roles import MAIL_MODELS
from mailboxes.access.scope import Scope
from mailboxes.actions.undoing import UNDOABLE, may_undo
from mailboxes.audit import entries, wording
from mailboxes.audit.entries import Logged
from mailboxes.audit.models import Phase, Subject
from mailboxes.formats import error_message, number
from mailboxes.forms.imports import UndoForm
from mailboxes.request_actors import administrator

MAX_LISTED = 100
MAX_REFUSALS = 1000


@never_cache
@require_safe
def change_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what became of each row, as far as the administrator may know of it."""
    scope = scope_of(request.user)
    logged, starts = visible_change(scope, pk)
    refused = entries.refused_rows(logged.entry, starts, MAX_REFUSALS + 1)
    context = admin.site.each_context(request) | {
        "title": _("Report of a change"),
        "logged": logged,
        "refused": [sentence(row) for row in refused[:MAX_REFUSALS]],
        "more_refused": len(refused) > MAX_REFUSALS,
        "all": len(logged.subjects) + logged.others,
        "may_undo": may_undo(scope, logged),
    }
    return render(request, "mailboxes/change_report.html", context)


def sentence(row: Subject) -> str:
    return f"{row.name}: {wording.refusal_text(row.refusal)}" if row.refusal else row.name


def visible_change(scope: Scope, pk: int) -> tuple[Logged, Any]:
    """Return a change of mail tables, and where the log of each domain begins, if that matters."""
    starts = None if scope.domains is None else entries.starts_of(scope.domains)
    found = entries.change_entries().filter(pk=pk, phase=Phase.BEGUN.value)
    for logged in entries.read(list(found), maximum=MAX_LISTED, starts=starts, counts_all=True):
        model = logged.entry.action.partition(".")[0]
        if logged.subjects and model in MAIL_MODELS and scope.allows(f"{model}.view"):
            return logged, starts
    raise Http404


@never_cache
def undo_change(request: HttpRequest) -> HttpResponse:
    """Take back the next rows of a change; show the progress, then the list or what was kept."""
    if not any(map(scope_of(request.user).allows, UNDOABLE)):
        raise PermissionDenied
    form = UndoForm(request.POST)
    if request.method != "POST" or not form.is_valid():  # for example, after a refusal
        return redirect("admin:index")
    posted, back = form.cleaned_data, safe_url(request.POST.get("back", ""))
    after, continues = posted["after"] or 0, posted["continues"] or 0
    numbers = (posted["entry"], after, continues, posted["all"] or 0)
    result = actions.undo_change(administrator(request), *numbers)
    done = (posted["done"] or 0) + len(result.done)
    refused = request.POST.get("refused", "").splitlines()
    refused += [f"{name}: {error_message(error)}" for name, error in result.refused]
    notes = form.notes_with(result.notes)
    if not result.following and not refused:
        messages.success(request, undone_text(done))
        for note in notes:
            messages.warning(request, note)
        return redirect(back)
    context = admin.site.each_context(request) | {
        "title": _("Undo a change"),
        "entry": posted["entry"],
        "back": back,
        "result": result,
        "done": done,
        "notes": notes,
        "refused": refused[:MAX_REFUSALS],
        "more": max(len(refused) - MAX_REFUSALS, 0),
    }
    return render(request, "mailboxes/change_undo.html", context)


def undone_text(done: int) -> str:
    if not done:
        return _("There was nothing to undo: all rows are as they were before.")
    text = ngettext(
        "The change was undone: %(count)s row.", "The change was undone: %(count)s rows.", done
    )
    return text % {"count": number(done)}


def safe_url(url: str) -> str:
    """Return a page of the panel to go back to."""
    is_own = url.startswith("/") and url_has_allowed_host_and_scheme(url, None)
    return url if is_own else reverse("admin:index")
