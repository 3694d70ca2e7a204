"""Import and export: the upload with its dry run, the import step by step, and taking it back."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_safe

from mailboxes import actions
from mailboxes.access.grants import scope_of
from mailboxes.actions.imports.outcomes import ImportOptions, Verb
from mailboxes.adoption.mark import quota_megabyte
from mailboxes.conf import quota_multiplier
from mailboxes.csv_download import csv_response
from mailboxes.errors import Refused
from mailboxes.formats import error_message, number
from mailboxes.forms.base import autofocus
from mailboxes.forms.imports import COLUMN_LABELS, ImportForm, UndoForm
from mailboxes.imports.models import PreparedImport, State
from mailboxes.request_actors import administrator
from mailboxes.transfer import outcome_texts
from mailboxes.transfer.columns import SECRET, Column
from mailboxes.transfer.csv_files import CsvFile
from mailboxes.transfer.preparation import delete_expired, import_batch, prepare
from mailboxes.views.permissions import allowed

MAX_LISTED = 100
"""How many rows of a kind a page lists; the file has all."""

MAX_REFUSALS = 1000


@never_cache
@sensitive_post_parameters()
@allowed("mailbox.create")
def import_page(request: HttpRequest) -> HttpResponseBase:
    """Show the form; after an upload, do the dry run and go to its page."""
    delete_expired()
    scope, size = scope_of(request.user), int(request.META.get("CONTENT_LENGTH") or 0)
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ImportForm(*data, scope=scope, size=size)
    columns: list[dict[str, Any]] = []
    if request.method == "POST" and form.is_valid():
        try:
            file = opened(form)
            columns = column_choices(file)
            if form.cleaned_data["columns"] or not form.cleaned_data["by_hand"]:
                return redirect("import-one", dry_run(request, form, file).pk)
        except Refused as error:
            form.add_error("file", error_message(error))
    autofocus(form)
    context = admin.site.each_context(request) | {
        "title": _("Import and export"),
        "form": form,
        "columns": columns,
        "column_labels": COLUMN_LABELS,
        "unfinished": PreparedImport.objects.filter(owner=request.user.pk).order_by("-pk"),
        "may_export_hashes": scope.allows("mailbox.download-hashes"),
    }
    return render(request, "mailboxes/import.html", context)


@sensitive_variables()
def opened(form: ImportForm) -> CsvFile:
    content = BytesIO(form.cleaned_data["file"].read())
    columns, unit = form.cleaned_data["columns"], form.cleaned_data["unit_bytes"]
    return CsvFile(content, columns, unit, quota_multiplier(), quota_megabyte())


@sensitive_variables()
def dry_run(request: HttpRequest, form: ImportForm, file: CsvFile) -> PreparedImport:
    names = ("creates_domains", "updates", "is_whole")
    options = ImportOptions(**{name: form.cleaned_data.get(name, False) for name in names})
    name = form.cleaned_data["file"].name
    return prepare(request.user, administrator(request), name, file, options)  # type: ignore[arg-type]


def column_choices(file: CsvFile) -> list[dict[str, Any]]:
    """Return what is known of each column, with its first value if that is no secret."""
    names = file.header or [""] * file.width
    columns = file.columns if len(file.columns) == file.width else (None,) * file.width
    first = file.sample[0].cells if file.sample else []
    found = []
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        value = first[place] if place < len(first) else ""
        is_shown = (column and column not in SECRET) or "@" in value
        found.append({"name": name, "column": column, "value": value[:60] if is_shown else ""})
    return found


@never_cache
@allowed("mailbox.create")
def import_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an upload's dry run, progress or result; import the next batch of it."""
    delete_expired()
    prepared = get_object_or_404(PreparedImport, pk=pk, owner=request.user.pk)
    if request.method == "POST":
        if "discard" in request.POST:
            prepared.delete()
            messages.info(request, _("The upload was discarded."))
            return redirect("import")
        if "stop" in request.POST:
            PreparedImport.objects.filter(pk=pk, state=State.STARTED).update(state=State.STOPPED)
            return redirect("import-one", pk)
        if prepared.state != State.DONE:
            import_batch(administrator(request), prepared)
        if prepared.state == State.DONE:
            return redirect("import-one", pk)
    is_running = request.method == "POST"
    return render(
        request, "mailboxes/import_one.html", import_context(request, prepared, is_running)
    )


def import_context(
    request: HttpRequest, prepared: PreparedImport, is_running: bool
) -> dict[str, Any]:
    texts = list(outcome_texts.described(prepared))
    listed = {verb: [one for one in texts if one.verb == verb] for verb in Verb}
    expected, achieved = prepared.expected, prepared.achieved
    counts = achieved if prepared.state == State.DONE else expected
    labels = outcome_texts.DONE if prepared.state == State.DONE else outcome_texts.PLANNED
    noted = [one for one in texts if one.why and one.verb in (Verb.CREATE, Verb.CHANGE)]
    columns = zip(prepared.header or [""] * len(prepared.columns), prepared.columns, strict=False)
    return admin.site.each_context(request) | {
        "title": prepared.file_name,
        "prepared": prepared,
        "is_running": is_running,
        "counts": [(verb, labels[verb], counts.get(verb, 0)) for verb in Verb],
        "to_import": expected.get(Verb.CREATE, 0) + expected.get(Verb.CHANGE, 0),
        "done": sum(achieved.values()),
        "all": sum(expected.values()),
        "columns": [(name, COLUMN_LABELS.get(Column(key)) if key else "") for name, key in columns],
        "groups": [
            (title, rows[:MAX_LISTED], max(len(rows) - MAX_LISTED, 0))
            for title, rows in (
                (_("Refused"), listed[Verb.REFUSE]),
                (_("With a note"), noted),
                (_("Changed"), listed[Verb.CHANGE]),
            )
            if rows
        ],
        "may_see_log": scope_of(request.user).allows("log.view"),
    }


@never_cache
@require_safe
@allowed("mailbox.create")
def import_report(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send the uploaded file without its passwords, with the outcome as one more column."""
    prepared = get_object_or_404(PreparedImport, pk=pk, owner=request.user.pk)
    header = prepared.header or [str(key) for key in prepared.columns]
    return csv_response("import.csv", [*header, _("Result")], report_rows(prepared))


def report_rows(prepared: PreparedImport) -> Iterator[list[Any]]:
    by_place: dict[str, list[str]] = {}
    for one in outcome_texts.described(prepared):
        by_place.setdefault(one.place, []).append(one.text)
    for batch in prepared.batches.all():
        for _number, cells, place in batch.lines:
            yield [*cells, "; ".join(by_place.get(place, []))]


@never_cache
@allowed("mailbox.create")
def undo_import(request: HttpRequest) -> HttpResponse:
    """Take back the next rows of an import, and show the progress or the result."""
    form = UndoForm(request.POST)
    if request.method != "POST" or not form.is_valid():  # for example, after a refusal
        return redirect("import")
    posted = form.cleaned_data
    if "post" not in request.POST:
        context = {"title": _("Undo the import?"), "entry": posted["entry"]}
        page = admin.site.each_context(request) | context
        return render(request, "mailboxes/import_undo.html", page)
    after, continues = posted["after"] or 0, posted["continues"] or 0
    actor = administrator(request)
    result = actions.undo_import(actor, posted["entry"], after, continues)
    done = (posted["done"] or 0) + len(result.done)
    refused = request.POST.get("refused", "").splitlines()
    refused += [f"{name}: {error_message(error)}" for name, error in result.refused]
    if not result.following:
        PreparedImport.objects.filter(owner=request.user.pk, entry=posted["entry"]).delete()
    notes = form.notes_with(result.notes)
    if not result.following and not refused:
        text = ngettext(
            "The import was undone: %(count)s row.", "The import was undone: %(count)s rows.", done
        ) % {"count": number(done)}
        messages.success(request, text)
        for note in notes:
            messages.warning(request, note)
        return redirect("import")
    context = admin.site.each_context(request) | {
        "title": _("Undo an import"),
        "entry": posted["entry"],
        "result": result,
        "done": done,
        "notes": notes,
        "refused": refused[:MAX_REFUSALS],
        "more": max(len(refused) - MAX_REFUSALS, 0),
    }
    return render(request, "mailboxes/import_undo.html", context)
