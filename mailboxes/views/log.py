"""The log: what was done, by whom, when and from where; searched, paged by key, and as CSV."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailboxes.access.grants import scope_of
from mailboxes.audit import entries, wording
from mailboxes.audit.entries import LAST, Logged
from mailboxes.audit.log import log_event, subject
from mailboxes.audit.models import Phase, Subject
from mailboxes.audit.search import Search
from mailboxes.csv_download import csv_response, iso_time
from mailboxes.request_actors import administrator
from mailboxes.views.permissions import allowed

PAGE_SIZE = 50
ENTRIES_PER_QUERY = 50
"""For a download: each entry may have 20,000 objects."""

CSV_COLUMNS = ("seq", "time", "actor_kind", "actor", "client", "action", "object", "domain",
           "changes", "outcome", "reason")  # fmt: skip


class DayField(forms.DateField):
    """A plain field: Chromium's own for dates shows no focus once Tab is within it."""

    widget = forms.DateInput({"placeholder": _("YYYY-MM-DD")}, format="%Y-%m-%d")
    default_error_messages = {"invalid": _("Enter a date such as 2026-11-26.")}


class LogForm(forms.Form):
    """What the log is searched for. Each field is answered by an index."""

    q = forms.CharField(
        required=False,
        max_length=255,
        label=_("Search"),
        widget=forms.TextInput(
            {
                "type": "search",
                "id": "searchbar",
                "aria-label": _("Search"),
                "aria-keyshortcuts": "/ Control+K",
                "placeholder": _("Address, domain or name"),
            }
        ),
    )
    actor = forms.CharField(
        required=False,
        max_length=255,
        label=_("Who"),
        widget=forms.TextInput({"autocapitalize": "none", "spellcheck": "false", "size": 16}),
    )
    since = DayField(required=False, label=_("From"))
    until = DayField(required=False, label=_("Until"))
    action = forms.ChoiceField(required=False, label=_("Action"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = ((name, f"{model}: {verb}") for name, model, verb in wording.action_names())
        self.fields["action"].choices = [("", _("All")), *names]  # type: ignore[attr-defined]


@never_cache
@require_safe
@allowed("log.view")
def log(request: HttpRequest) -> HttpResponseBase:
    """Show the log, newest first; `before` is the last line of the page before."""
    form = LogForm(request.GET, label_suffix="")
    search = search_of(form.cleaned_data) if form.is_valid() else None
    if "csv" in request.GET:
        log_event(administrator(request), "log.download", subject("file", "log.csv"))
        return csv_response("log.csv", CSV_COLUMNS, csv_rows(search))
    before = request.GET.get("before", "")
    last = int(before) if before.isdecimal() and len(before) < 19 else 0
    page, older = search.page(last, PAGE_SIZE) if search else ([], 0)
    query = request.GET.copy()
    query.pop("before", None)
    context = admin.site.each_context(request) | {
        "title": _("Log"),
        "form": form,
        "entries": entries.read(page),
        "older": older,
        "query": query.urlencode(),
        "chips": chips(form, query),
        "is_first": not last,
        "may_undo_imports": scope_of(request.user).allows("mailbox.create"),
    }
    return render(request, "mailboxes/log.html", context)


def chips(form: LogForm, query: QueryDict) -> list[dict[str, Any]]:
    """Return what is filtered for, each with the URL that leaves it out."""
    found = []
    for name in ("actor", "since", "until", "action"):
        if value := query.get(name, "").strip():
            field: Any = form.fields[name]
            is_day = isinstance(field, DayField)
            title = _("When") if is_day else field.label
            choices = dict(getattr(field, "choices", ()))
            chosen = f"{field.label} {value}" if is_day else choices.get(value, value)
            found.append({"title": title, "chosen": chosen, "without": without(query, name)})
    return found


def without(query: QueryDict, name: str) -> str:
    others = query.copy()
    others.pop(name)
    return f"?{others.urlencode()}"


def search_of(asked: dict[str, Any]) -> Search:
    since, until = asked["since"], asked["until"]
    return Search(
        asked["q"].strip(),
        asked["action"],
        start_of(since) if since else None,
        start_of(until + timedelta(days=1)) if until else None,
        asked["actor"],
    )


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def csv_rows(search: Search | None) -> Iterator[list[Any]]:
    """Yield one row for each object of each entry."""
    older = LAST if search else 0
    while search and older:
        page, older = search.page(older, ENTRIES_PER_QUERY)
        for logged in entries.read(page, maximum=None):
            for row in logged.subjects or [Subject()]:
                yield csv_row(logged, row)


@override("en")
def csv_row(logged: Logged, row: Subject) -> list[Any]:
    entry = logged.entry
    changes = "; ".join(
        f"{name}: {before} -> {after}" if before or after else name
        for name, before, after in wording.describe_changes(row)
    )
    who = [entry.actor_kind, entry.actor, entry.client, entry.action]
    came_of_it = [logged.outcome, wording.outcome(logged)]
    if row.refusal:
        came_of_it = [Phase.REFUSED, wording.row_outcome(row)]
    return [entry.seq, iso_time(entry.at), *who, row.name, row.domain, changes, *came_of_it]
