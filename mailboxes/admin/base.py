"""What all tables share: their log, and refusals beside the fields of a form."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from mailboxes.admin.restored_form import RestoresForm
from mailboxes.audit import entries
from mailboxes.errors import Refused
from mailboxes.forms.base import autofocus
from mailboxes.refused_requests import log_refused_request

MAX_HISTORY = 100


class PanelAdmin(RestoresForm):
    """What the mail tables and the administrators share: actions log, and refusals are shown."""

    @property
    def media(self) -> Media:
        return Media()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form = context["adminform"].form
        if form.errors or not context["original"]:  # on a row's page, a script does it
            autofocus(form)
        return super().render_change_form(request, context, *args, **kwargs)

    @method_decorator(csrf_protect)
    @method_decorator(sensitive_post_parameters())
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form, or run its action and show a refusal beside the field.

        Unlike the stock view, this doesn't open a transaction: each action has its own, and
        passwords are hashed outside of it.
        """
        arguments = (request, object_id, form_url, extra_context)
        try:
            return self._changeform_view(*arguments)  # type: ignore[attr-defined, no-any-return]
        except Refused as error:
            request.refusal = error  # type: ignore[attr-defined]
            return self._changeform_view(*arguments)  # type: ignore[attr-defined, no-any-return]

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Log that the row is out of reach, or was deleted since its form was opened.

        The stock sentence would start with the model's name in lower case.
        """
        if request.method == "POST":
            log_refused_request(request)
        text = _("“%(name)s” doesn't exist. It may have been deleted.")
        self.message_user(request, text % {"name": unquote(object_id)}, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:index"))

    @method_decorator(csrf_protect)
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask, then run the action, which has a transaction of its own; the stock view's would
        be committed only after the log says that it was done.
        """
        return self._delete_view(request, object_id, extra_context)  # type: ignore[attr-defined, no-any-return]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log nothing here: the action has done so. The same holds for the next two."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        pass

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what was logged of one row; the stock view checks the permission."""
        model, name = self.logged_object(request, unquote(object_id))
        start = self.history_start(request, unquote(object_id))
        found = [
            entry
            for entry in entries.of_object(model, name)[:MAX_HISTORY]
            if start is None or entry.at >= start
        ]
        return super().history_view(
            request,
            object_id,
            {"entries": entries.read(found, list(entries.names_of(model, name)))},
        )

    def logged_object(self, request: HttpRequest, key: str) -> tuple[str, str]:
        """Return the model and the name under which the log has the row, deleted or not."""
        return str(self.opts.model_name), key

    def history_start(self, request: HttpRequest, key: str) -> datetime | None:
        """Return from when on the history is shown; None for all of it."""
        return None
