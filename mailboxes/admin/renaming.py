"""The page that renames a mailbox or a domain: it asks, shows what will change, and renames."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy as _

from mailboxes.access.grants import scope_of
from mailboxes.admin.bulk_actions import admin_url
from mailboxes.admin.mail import MailAdmin
from mailboxes.errors import Refused
from mailboxes.export.renaming import Steps
from mailboxes.formats import error_message, mixed_scripts_warning
from mailboxes.forms.base import autofocus
from mailboxes.forms.renaming import RenameForm
from mailboxes.forwarding.changes import notes_of_renaming
from mailboxes.request_actors import administrator


class RenamesRows(MailAdmin):
    """A table whose rows can be renamed."""

    rename_form: type[RenameForm]
    rename_steps: Callable[[HttpRequest, Any, Any], Steps]
    """A method: what the page shows of a row's new name in a form."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.rename_view)
        name = f"mailboxes_{self.opts.model_name}_rename"
        return [path("<path:key>/rename/", view, name=name), *super().get_urls()]

    def has_rename_permission(self, request: HttpRequest) -> bool:
        return scope_of(request.user).allows(f"{self.opts.model_name}.rename")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["may_rename"] = self.has_rename_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def rename_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """Ask for the new name, then show what would change, then rename."""
        if not self.has_rename_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(key))
        if row is None:
            raise Http404
        form = self.rename_form(scope_of(request.user), request.POST or None, instance=row)
        steps: Steps | None = None
        if form.is_valid() and form.is_accepted(administrator(request)):
            if "confirm" in request.POST and form.save_name(administrator(request)):
                return self.renamed(request, row, str(form.new_name))
            if form.name_field in form.cleaned_data:  # unless the action refused it
                steps = self.steps(request, row, form)
        autofocus(form)
        context = self.admin_site.each_context(request) | {
            "title": _("Rename %(name)s") % {"name": row},
            "opts": self.opts,
            "original": row,
            "form": form,
            "name_field": form[form.name_field],
            "name": form.new_name if steps else "",
            "steps": steps,
        }
        return render(request, "admin/rename.html", context)

    def steps(self, request: HttpRequest, row: Any, form: RenameForm) -> Steps | None:
        """Return what the page shows before it renames."""
        try:
            return self.rename_steps(request, row, form)
        except Refused as error:
            form.add_refusal(error)
            return None

    def renamed(self, request: HttpRequest, row: Any, new: str) -> HttpResponse:
        text = _("%(old)s is now called %(new)s.") % {"old": row, "new": new}
        self.message_user(request, text, messages.SUCCESS)
        self.tell_of_sessions(request, [row])
        if warning := mixed_scripts_warning(new):
            self.message_user(request, warning, messages.WARNING)
        for note in notes_of_renaming(str(row), new, scope_of(request.user)):
            self.message_user(request, error_message(note), messages.WARNING)
        return HttpResponseRedirect(admin_url(self.opts, "change", quote(new)))
