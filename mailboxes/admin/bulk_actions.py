"""Actions on the selected rows of a list: confirmed, run in batches, then reported."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.db.models.options import Options
from django.forms import CheckboxInput, Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from mailboxes import actions, queries
from mailboxes.access.grants import scope_of
from mailboxes.actions.base import Row
from mailboxes.actions.batches import BulkResult, rows_at_once
from mailboxes.formats import error_message, number
from mailboxes.forms.base import autofocus
from mailboxes.forwarding.changes import notes_of_enabling
from mailboxes.forwarding.findings import MAX_ALIASES, are_checked, look_ups_with
from mailboxes.forwarding.lookups import LookUps
from mailboxes.forwarding.wording import (
    UNCHECKED,
    caught_text,
    disabled_domains_text,
    extension_text,
    left_behind_text,
    served_otherwise_text,
)
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.queries import (
    CappedCount,
    capped_count,
    first_among,
    first_keys,
    first_rows,
    partly,
    rows_after,
)
from mailboxes.refused_requests import log_refused_request
from mailboxes.request_actors import administrator

ROWS_PER_REQUEST = 500
"""How many rows one request changes or deletes at most; the browser then shows the progress and
continues. With more in one transaction, owners who change their passwords have to wait for it.
"""

MAX_LISTED = 20
"""How many rows are listed before the action."""

MAX_REFUSALS = 1000
"""How many refusals are listed after it."""

RowsCallable = Callable[[list[Any]], BulkResult]
Texts = tuple[Promise, Promise]
"""The question before and the report after an action, both with %(count)s and %(kind)s."""


@dataclass
class BatchResult:
    """What happened to the rows of one request."""

    done: list[Row] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """A sentence for each row that was not changed."""

    last: str = ""
    """The key to continue after; empty if all rows are done."""

    entry: int = 0
    """The entry in the log to continue."""


def run_batch(rows: QuerySet, action: RowsCallable, after: str, maximum: int) -> BatchResult:
    """Run the action on the first rows behind a key; each is changed or refused by itself."""
    found, more = rows_after(rows, after, maximum)
    result = action(found)
    refused = [f"{row}: {error_message(error)}" for row, error in result.refused]
    return BatchResult(result.done, refused, found[-1].pk if more else "", result.entry)


def posted_number(request: HttpRequest, name: str) -> int:
    """Return the number in a hidden field, or 0 if it contains anything else."""
    text = request.POST.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def admin_url(opts: Options, page: str, *args: str) -> str:
    """Return the URL of an admin page, such as `changelist`, or `change` with a key."""
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)


def number_of_chosen(request: HttpRequest, rows: QuerySet) -> CappedCount:
    """Return how many rows are chosen, counted only if that isn't known of the whole list."""
    known = getattr(request, "known_count", None)
    across = request.POST.get("select_across") == "1"
    return known if known and across else capped_count(rows, queries.MAX_ROWS)


def continues(response: HttpResponse | None) -> bool:
    """Say whether a page asks for the next rows of a bulk action."""
    context = response.context_data if isinstance(response, TemplateResponse) else None
    return bool(context and context["outcome"].last)


def is_confirmed(request: HttpRequest, form: Form | None) -> bool:
    """Say whether the question has been answered, and the form in it filled in correctly."""
    return "post" in request.POST and (form is None or form.is_valid())


class BulkActionsAdmin(admin.ModelAdmin):
    """A list whose rows can be changed many at a time."""

    actions = ["enable", "disable"]

    @admin.display(description="")
    def action_checkbox(self, obj: Model) -> SafeString:
        """Return the row's checkbox; the stock label is “Select this object for an action”."""
        attributes = {"class": "action-select", "aria-label": _("Select %(row)s") % {"row": obj}}
        box = CheckboxInput(attributes, lambda value: False)
        return box.render(ACTION_CHECKBOX_NAME, str(obj.pk))

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse an action that the role doesn't have; the stock view passes over it.

        The checkbox for all rows is enough, without a selected row.
        """
        if request.POST.get("action") and request.POST["action"] not in self.get_actions(request):
            raise PermissionDenied
        if request.POST.get("select_across") == "1":
            data = request.POST.copy()
            data.setdefault(ACTION_CHECKBOX_NAME, "all")
            request.POST = data  # type: ignore[assignment]
        return super().changelist_view(request, *args, **kwargs)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet, *args: Any
    ) -> HttpResponse | None:
        """Log if all rows are out of reach; to the stock view, none are selected."""
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if selected and "all" not in selected and not queryset.filter(pk__in=selected).exists():
            log_refused_request(request)
        return super().response_action(request, queryset, *args)

    @admin.action(description=_("Enable"), permissions=["enable"])
    def enable(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        texts = (_("Enable %(count)s %(kind)s?"), _("Enabled %(count)s %(kind)s."))
        return self.set_active(request, queryset, True, texts)

    @admin.action(description=_("Disable"), permissions=["enable"])
    def disable(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        texts = (_("Disable %(count)s %(kind)s?"), _("Disabled %(count)s %(kind)s."))
        return self.set_active(request, queryset, False, texts)

    def set_active(
        self, request: HttpRequest, queryset: QuerySet, active: bool, texts: Texts
    ) -> HttpResponse | None:
        form = None if active else self.disabling_form(request)
        warning = self.enabling_warning if active else self.disabling_warning

        def describe() -> dict[str, Any]:
            return {"warning": warning(request, queryset)}

        if page := self.confirm(request, queryset, texts[0], describe, form=form):
            return page
        if refusal := form.cleaned_data["refusal"] if form else "":
            action = partial(actions.disable_mailboxes_in_bulk, refusal=refusal)
            chosen = first_rows(queryset, MAX_ALIASES + 1)
            response = self.run(request, queryset, action, texts, ends_sign_ins=True, form=form)
            if not continues(response):
                self.warn_of_refusals(request, chosen)
            return response
        rows = partly(queryset.exclude(active=active), queryset)
        action = partial(actions.set_active_in_bulk, active=active)
        return self.run(request, rows, action, texts, ends_sign_ins=not active, form=form)

    def disabling_form(self, request: HttpRequest) -> Form | None:
        """Return the form that asks what becomes of mail for disabled rows, if that is asked."""
        return None

    def enabling_warning(self, request: HttpRequest, rows: QuerySet) -> str:
        """Name the domains that the mail host serves without the panel, and aliases whose mail
        wouldn't arrive.
        """
        found = [served_otherwise_text(rows)] if rows.model is Domain else []
        chosen = first_among(rows.filter(active=False), rows, MAX_ALIASES + 1)
        is_known = are_checked(chosen)
        notes = notes_of_enabling(chosen, scope_of(request.user)) if is_known else [UNCHECKED]
        return " ".join([*filter(None, found), *map(error_message, notes)])

    def disabling_warning(self, request: HttpRequest, rows: QuerySet) -> str:
        """Name the catch-alls that receive mail then, and the aliases to which mail is refused,
        or say that there are too many to check.
        """
        scope = scope_of(request.user)
        if rows.model is Domain:
            return disabled_domains_text(first_keys(rows, MAX_ALIASES + 1), scope)
        chosen = first_rows(rows, MAX_ALIASES + 1)
        lost = error_message(UNCHECKED)
        if are_checked(chosen):
            lost = left_behind_text(chosen, scope, look_ups_with(chosen, False))
        found = [lost]
        if rows.model is Mailbox:
            found.append(caught_text(rows))
        if rows.model in (Mailbox, Alias):
            found.append(extension_text(row.pk for row in chosen))
        return " ".join(filter(None, found))

    def warn_of_refusals(self, request: HttpRequest, rows: list[Any]) -> None:
        """Name the aliases that lose mail since these rows refuse it, also below a catch-all."""
        text = error_message(UNCHECKED)
        if are_checked(rows):
            text = left_behind_text(rows, scope_of(request.user), LookUps())
        if text:
            self.message_user(request, text, messages.WARNING)

    @admin.action(description=_("Delete…"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        texts = (_("Delete %(count)s %(kind)s?"), _("Deleted %(count)s %(kind)s."))
        is_restorable: bool = self.is_restorable  # type: ignore[attr-defined]

        def describe() -> dict[str, Any]:
            return {"lines": self.deletion_lines(request, queryset)}

        context = {"tone": "danger", "is_restorable": is_restorable}
        context["deletion_note"] = self.deletion_note  # type: ignore[attr-defined]
        if page := self.confirm(request, queryset, texts[0], describe, **context):
            return page
        return self.run(request, queryset, actions.delete_in_bulk, texts, is_restorable, True)

    def deletion_lines(self, request: HttpRequest, queryset: QuerySet) -> list[Any]:
        """Return what is deleted with the first rows, what loses mail, and what prevents it."""
        first = first_rows(queryset, MAX_LISTED)
        described = self.describe_deletions(first, request)  # type: ignore[attr-defined]
        lines, _models, _permissions, obstacles = described
        rows, scope = first_rows(queryset, MAX_ALIASES + 1), scope_of(request.user)
        lines += self.describe_left_behind(rows, scope)  # type: ignore[attr-defined]
        return [*lines, *obstacles]

    def confirm(
        self,
        request: HttpRequest,
        queryset: QuerySet,
        question: Promise,
        describe: Callable[[], dict[str, Any]] = dict,
        **context: Any,
    ) -> HttpResponse | None:
        """Return the confirmation page with the number of rows, or None once it is confirmed.

        Only that page and rows that aren't too many are described.
        """
        count = number_of_chosen(request, queryset)
        if count.number > queries.MAX_ROWS or count.more:
            text = _(
                "At most %(limit)s rows can be changed at once. Narrow the list with a search or a "
                "filter."
            )
            self.message_user(request, text % {"limit": number(queries.MAX_ROWS)}, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        form = context.get("form")
        if is_confirmed(request, form):
            return None
        if form is not None:
            autofocus(form)
        context |= describe()
        context["names"] = first_rows(queryset, MAX_LISTED)
        context["others"] = max(count.number - MAX_LISTED, 0)
        return self.bulk_page(request, question, count.number, **context)

    def bulk_page(
        self, request: HttpRequest, question: Promise, count: int, **context: Any
    ) -> HttpResponse:
        """Return the page that asks whether to start or, with an `outcome`, to continue."""
        title = question % {"count": number(count), "kind": self.verbose_name(count)}
        label = title.removesuffix("?")
        context = {
            **self.admin_site.each_context(request),
            "title": label if "outcome" in context else title,
            "opts": self.opts,
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "across": request.POST.get("select_across") == "1",
            "action": request.POST.getlist("action")[0],
            "label": label,
            "count": count,
            "back": request.get_full_path(),
            **context,
        }
        return TemplateResponse(request, "admin/bulk.html", context)

    def run(
        self,
        request: HttpRequest,
        rows: QuerySet,
        action: Callable[..., BulkResult],
        texts: Texts,
        undoable: bool = True,
        ends_sign_ins: bool = False,
        **context: Any,
    ) -> HttpResponse | None:
        """Run one batch; return the page that continues, or report on all at the end."""
        entry = posted_number(request, "entry")
        outcome = BatchResult(entry=entry)
        if "stop" not in request.POST:
            as_administrator = partial(action, administrator(request), continues=entry)
            after = request.POST.get("after", "")
            maximum = min(ROWS_PER_REQUEST, rows_at_once())
            outcome = run_batch(rows, as_administrator, after, maximum)
        done = posted_number(request, "done") + len(outcome.done)
        failed = posted_number(request, "failed") + len(outcome.refused)
        is_complete = not (outcome.last or failed)
        if is_complete:
            report = texts[1] % {"count": number(done), "kind": self.verbose_name(done)}
            if done and outcome.entry:
                undo = self.undo_form(request, outcome.entry, undoable)
                report = format_html("{}{}", report, undo)
            self.message_user(request, report, messages.SUCCESS)
        if ends_sign_ins and not outcome.last:
            more = done > len(outcome.done)
            self.tell_of_sessions(request, outcome.done, more)  # type: ignore[attr-defined]
        if is_complete:
            return None
        refused = [*request.POST.get("refused", "").splitlines(), *outcome.refused]
        count = max(posted_number(request, "count"), done + failed)
        context |= {"done": done, "refused": refused[:MAX_REFUSALS], "failed": failed}
        if not outcome.last and outcome.entry:
            context["undo"] = self.undo_form(request, outcome.entry, undoable and done > 0)
        return self.bulk_page(request, texts[0], count, outcome=outcome, **context)

    def verbose_name(self, count: int) -> str:
        return str(self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural)

    def undo_form(
        self, request: HttpRequest, entry: int, undoable: bool, back: str = ""
    ) -> SafeString:
        """Return a form that takes the change back, and a link to its report."""
        context = {
            "entry": entry,
            "undoable": undoable,
            "token": get_token(request),
            "back": back or request.get_full_path(),
        }
        return render_to_string("admin/undo.html", context)
