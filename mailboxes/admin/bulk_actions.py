"""Deeds on rows that were chosen in a list: asked first, done by the hundred, told at the end."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.db.models.options import Options
from django.forms import CheckboxInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from mailboxes import actions, history
from mailboxes.errors import Refused
from mailboxes.formats import translated
from mailboxes.forms import focus
from mailboxes.queries import tally

UNDOABLE = 100
"""How many rows the button Undo names; its form lives in a cookie or a session."""

MOST = 20_000
"""How many rows one deed may change: on a disk that is slow to sync, that takes some minutes."""

AT_ONCE = 100
"""How many rows one request changes; then the browser shows how far it is, and asks for more."""

NAMED = 20
"""How many rows are named before the deed."""

REPORTED = 1000
"""How many refusals are named after it."""


@dataclass
class Outcome:
    """What became of the rows so far."""

    done: list[Any] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """A sentence for each row that was not changed."""

    last: str = ""
    """The key after which the work goes on; empty if it is done."""


def some(rows: QuerySet[Any], deed: Callable[[Any], Any], after: str = "") -> Outcome:
    """Change the first rows that follow a key, in the order of their keys."""
    found = list(rows.filter(pk__gt=after).order_by("pk")[: AT_ONCE + 1])
    outcome = Outcome(last=found[AT_ONCE - 1].pk if len(found) > AT_ONCE else "")
    for row in found[:AT_ONCE]:
        try:
            deed(row)
        except Refused as error:
            outcome.refused.append(f"{row}: {translated(error)}")
        else:
            outcome.done.append(row)
    return outcome


def whole_number(request: HttpRequest, name: str) -> int:
    """Return a number that a form of ours has sent; 0 for whatever else stands there."""
    text = request.POST.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def page_of(opts: Options, page: str, *args: str) -> str:
    """Return the address of a page of the admin, such as `changelist`, or `change` with a key."""
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)


class ChosenRows(admin.ModelAdmin):
    """A list whose rows can be changed many at once."""

    actions = ["enable", "disable"]

    @admin.display(description="")
    def action_checkbox(self, obj: Model) -> SafeString:
        """Return the row's checkbox; the stock one is called “Select this object for an action”."""
        attributes = {"class": "action-select", "aria-label": _("Select %(row)s") % {"row": obj}}
        box = CheckboxInput(attributes, lambda value: False)
        return box.render(ACTION_CHECKBOX_NAME, str(obj.pk))

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take all rows for chosen where that box is ticked; the stock admin wants one by name."""
        if request.POST.get("select_across") == "1":
            data = request.POST.copy()
            data.setdefault(ACTION_CHECKBOX_NAME, "all")
            request.POST = data  # type: ignore[assignment]
        return super().changelist_view(request, *args, **kwargs)

    @admin.action(description=_("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        texts = (_("Enable %(count)s %(kind)s?"), _("Enabled %(count)s %(kind)s."))
        return self.set_active(request, queryset, True, texts)

    @admin.action(description=_("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        texts = (_("Disable %(count)s %(kind)s?"), _("Disabled %(count)s %(kind)s."))
        return self.set_active(request, queryset, False, texts)

    def set_active(
        self, request: HttpRequest, queryset: QuerySet[Any], active: bool, texts: Any
    ) -> HttpResponse | None:
        if page := self.ask(request, queryset, texts[0]):
            return page
        rows = queryset.exclude(active=active)
        changed = history.changed("Active", str(not active), str(active))
        deed = partial(actions.set_active, active=active)
        return self.carry_out(request, rows, deed, texts, lambda row: changed, undo=not active)

    @admin.action(description=_("Delete…"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        texts = (_("Delete %(count)s %(kind)s?"), _("Deleted %(count)s %(kind)s."))
        first = list(queryset[: 0 if "post" in request.POST else NAMED])
        lines, _models, lacking, forbidden = self.get_deleted_objects(first, request)
        if lacking:
            raise PermissionDenied
        if page := self.ask(request, queryset, texts[0], lines=[*lines, *forbidden], tone="danger"):
            return page
        return self.carry_out(request, queryset, partial(self.delete_model, request), texts)

    def ask(
        self, request: HttpRequest, queryset: QuerySet[Any], question: Any, **asked: Any
    ) -> HttpResponse | None:
        """Return the page that states the count first; nothing once it has been answered."""
        number = tally(queryset, MOST)
        if number.more:
            text = _("At most %(most)d rows can be changed at once; search or filter for fewer.")
            self.message_user(request, text % {"most": MOST}, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        form = asked.get("form")
        if "post" in request.POST and (form is None or form.is_valid()):
            return None
        if form is not None:
            focus(form)
        names = list(queryset[:NAMED])
        others = max(number.count - NAMED, 0)
        return self.bulk_page(request, question, number.count, names=names, others=others, **asked)

    def bulk_page(
        self, request: HttpRequest, question: Any, count: int, **more: Any
    ) -> HttpResponse:
        """Return the page that asks whether to begin or, with the `outcome` so far, to go on."""
        title = question % {
            "count": number_format(count, force_grouping=True),
            "kind": self.kind(count),
        }
        label = title.removesuffix("?")
        context = {
            **self.admin_site.each_context(request),
            "title": label if "outcome" in more else title,
            "opts": self.opts,
            "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "across": request.POST.get("select_across") == "1",
            "action": request.POST.getlist("action")[0],
            "label": label,
            "count": count,
            "back": request.get_full_path(),
            **more,
        }
        return TemplateResponse(request, "admin/bulk.html", context)

    def carry_out(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        deed: Callable[[Any], Any],
        texts: Any,
        changed: Callable[[Any], Any] | None = None,
        undo: bool = False,
        **asked: Any,
    ) -> HttpResponse | None:
        """Change some rows; return the page that goes on, or say at the end what became of all."""
        if "stop" in request.POST:
            outcome = Outcome()
        else:
            outcome = some(rows, deed, request.POST.get("after", ""))
        self.note(request, outcome.done, changed)
        done = whole_number(request, "done") + len(outcome.done)
        failed = whole_number(request, "failed") + len(outcome.refused)
        refused = [*request.POST.get("refused", "").splitlines(), *outcome.refused]
        if outcome.last or failed:
            count = max(whole_number(request, "count"), done + failed)
            more = {"done": done, "refused": refused[:REPORTED], "failed": failed}
            return self.bulk_page(request, texts[0], count, outcome=outcome, **more, **asked)
        said = texts[1] % {
            "count": number_format(done, force_grouping=True),
            "kind": self.kind(done),
        }
        button = self.undo(request, outcome.done) if undo and done == len(outcome.done) else ""
        said = SafeString(escape(said) + button) if button else said
        self.message_user(request, said, messages.SUCCESS)
        return None

    def kind(self, count: int) -> str:
        return str(self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural)

    def undo(self, request: HttpRequest, rows: list[Any]) -> str:
        """Return a form that enables these rows again."""
        if not 0 < len(rows) <= UNDOABLE:
            return ""
        context = {
            "rows": rows,
            "token": get_token(request),
            "action": page_of(self.opts, "changelist"),
        }
        return render_to_string("admin/undo.html", context)

    def note(
        self, request: HttpRequest, rows: list[Model], changed: Callable[[Any], Any] | None
    ) -> None:
        """Write down what was changed of each row, or that it was deleted."""
        user = request.user
        if not rows or not isinstance(user, User):
            return
        kind = ContentType.objects.get_for_model(self.model)
        LogEntry.objects.bulk_create(
            LogEntry(
                user=user,
                content_type=kind,
                object_id=row.pk,
                object_repr=str(row)[:200],
                action_flag=CHANGE if changed else DELETION,
                change_message=json.dumps(changed(row)) if changed else "",
            )
            for row in rows
        )
