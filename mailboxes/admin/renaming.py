"""The page that renames a mailbox: it asks for the name, then shows what will change."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy as _

from mailboxes import actions, foreign_rows
from mailboxes.access.grants import scope_of
from mailboxes.admin import display
from mailboxes.admin.base import MailAdmin
from mailboxes.admin.bulk_actions import admin_url
from mailboxes.conf import mail_host
from mailboxes.export.renaming import commands_after, commands_before, describe
from mailboxes.formats import mixed_scripts_warning
from mailboxes.forms.base import autofocus
from mailboxes.forms.renaming import RenameMailboxForm
from mailboxes.models import Mailbox
from mailboxes.request_actors import administrator


class RenamesMailbox(MailAdmin):
    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.rename_view)
        path_of_view = path("<path:key>/rename/", view, name="mailboxes_mailbox_rename")
        return [path_of_view, *super().get_urls()]

    def has_rename_permission(self, request: HttpRequest) -> bool:
        return scope_of(request.user).allows("mailbox.rename")

    def rename_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """Ask for the new name, then show what would change, then rename."""
        if not self.has_rename_permission(request):
            raise PermissionDenied
        mailbox = self.get_object(request, unquote(key))
        if mailbox is None:
            raise Http404
        form = RenameMailboxForm(scope_of(request.user), request.POST or None, instance=mailbox)
        form.initial["address"] = mailbox.pk
        plan: dict[str, Any] = {}
        if form.is_valid() and form.is_accepted(administrator(request)):
            if "confirm" in request.POST and form.save_name(administrator(request)):
                return self.renamed(request, mailbox, str(form.cleaned_data["address"]))
            plan = self.renaming_plan(request, mailbox, form.cleaned_data)
        autofocus(form)
        context = self.admin_site.each_context(request) | {
            "title": _("Rename %(name)s") % {"name": mailbox},
            "opts": self.opts,
            "original": mailbox,
            "form": form,
            **plan,
        }
        return render(request, "admin/mailboxes/mailbox/rename.html", context)

    def renaming_plan(
        self, request: HttpRequest, mailbox: Mailbox, data: dict[str, Any]
    ) -> dict[str, Any]:
        """Return what the page shows before it renames."""
        host, plan = mail_host(), actions.plan_renaming(mailbox, data["address"])
        lines = describe(plan, data["keeps_old"], host, scope_of(request.user))
        counts = foreign_rows.count_for([mailbox.pk]).get(mailbox.pk.lower(), {})
        return {
            "plan": plan,
            "lines": [*lines, *display.also_deleted(counts)],
            "before": commands_before(plan.moved, host) if plan.moved else "",
            "after": commands_after(plan.moved, host),
        }

    def renamed(self, request: HttpRequest, mailbox: Mailbox, new: str) -> HttpResponse:
        text = _("%(old)s is now called %(new)s.") % {"old": mailbox, "new": new}
        self.message_user(request, text, messages.SUCCESS)
        if warning := mixed_scripts_warning(new):
            self.message_user(request, warning, messages.WARNING)
        return HttpResponseRedirect(admin_url(self.opts, "change", quote(new)))
