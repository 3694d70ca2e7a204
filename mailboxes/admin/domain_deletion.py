"""Deleting a domain in the admin: a large one takes several requests, and shows the progress."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.utils import quote
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from mailboxes import actions
from mailboxes.actions.batches import rows_at_once
from mailboxes.admin.bulk_actions import admin_url, posted_number
from mailboxes.admin.mail import MailAdmin
from mailboxes.formats import number
from mailboxes.lookup_tables.counts import listed_counts
from mailboxes.models import Domain
from mailboxes.request_actors import administrator

IN_STEPS = _(
    "It has more than %(limit)s mailboxes or aliases. So it is disabled first, and they are "
    "deleted in steps, which the next page shows. You can stop there; the domain's page says how "
    "to go on."
)


class DeletesDomains(MailAdmin):
    """The confirmed deletion: one step for each request, until the domain is deleted."""

    def delete_model(self, request: HttpRequest, obj: Domain) -> None:
        entry = posted_number(request, "entry")
        step = actions.delete_domain_step(administrator(request), obj, entry)
        request.deletion_step = step  # type: ignore[attr-defined]
        if not entry:
            self.tell_of_sessions(request, [obj])

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        """Return the page that continues or, after the last step, the list."""
        step = request.deletion_step  # type: ignore[attr-defined]
        done = posted_number(request, "done") + step.deleted
        if not step.is_last:
            return self.deletion_progress(request, str(obj_id), step, done)
        if posted_number(request, "entry"):
            url = f"{reverse('log')}?{urlencode({'q': obj_id})}"
            text = _("All mailboxes and aliases of %(domain)s are deleted.") % {"domain": obj_id}
            text = format_html('{} <a href="{}">{}</a>', text, url, _("Show it in the log"))
            self.message_user(request, text, messages.INFO)
        return super().response_delete(request, obj_display, obj_id)

    def deletion_progress(
        self, request: HttpRequest, name: str, step: actions.DeletionStep, done: int
    ) -> HttpResponse:
        """Return the page that goes on by itself, or with its button where there are no scripts."""
        text = _("%(count)s mailboxes and aliases of %(domain)s are deleted.")
        left = sum(count.number for count in listed_counts([name])[name.lower()] if count)
        context = self.admin_site.each_context(request) | {
            "title": _("Delete %(name)s") % {"name": name},
            "opts": self.opts,
            "name": name,
            "step": step,
            "done": done,
            "count": max(posted_number(request, "count"), done + left),
            "text": text % {"count": number(done), "domain": name},
            "page": admin_url(self.opts, "change", quote(name)),
        }
        return TemplateResponse(request, "admin/mailboxes/domain/deletion.html", context)


def steps_text() -> str:
    return IN_STEPS % {"limit": number(rows_at_once())}
