"""A mailbox's settings for mail programs, and the sheet that its owner gets with a new password."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from mailboxes.client_settings import servers
from mailboxes.conf import LOCAL_NAMES, mail_host
from mailboxes.models import Mailbox
from mailboxes.qr_codes import qr_svg


def is_local(request: HttpRequest) -> bool:
    """Whether the panel is reached on its own machine, or through ssh: at an address that only
    leads there on this computer.
    """
    name, _port = split_domain_port(request.get_host())
    return name.strip("[]") in LOCAL_NAMES


class ShowsClientSettings:
    """Adds the page, and a sheet in place of the list after saving a new password."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.client_settings_view)  # type: ignore[attr-defined]
        name = "mailboxes_mailbox_client_settings"
        return [path("<path:key>/client-settings/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def client_settings_view(self, request: HttpRequest, key: str) -> HttpResponse:
        mailbox = self.get_object(request, unquote(key))  # type: ignore[attr-defined]
        if mailbox is None:
            raise Http404
        return self.settings_page(request, mailbox, _("Client settings"))

    @method_decorator(never_cache)
    def welcome_sheet(self, request: HttpRequest, mailbox: Mailbox, password: str) -> HttpResponse:
        """Show the settings with the new password, which no later page can show."""
        return self.settings_page(request, mailbox, _("Welcome sheet"), password)

    def settings_page(
        self, request: HttpRequest, mailbox: Mailbox, title: Any, password: str = ""
    ) -> HttpResponse:
        found = servers(mail_host())
        query = urlencode({"address": mailbox.pk})
        context = self.admin_site.each_context(request) | {  # type: ignore[attr-defined]
            "title": title,
            "opts": self.opts,  # type: ignore[attr-defined]
            "original": mailbox,
            "address": mailbox.pk,
            "password": password,
            **found,
            "public_url": request.build_absolute_uri(f"{reverse('mail-programs')}?{query}"),
            "password_url": request.build_absolute_uri(reverse("change-password")),
            "is_local": is_local(request),
        }
        if found["incoming"]:
            profile = request.build_absolute_uri(f"{reverse('apple-profile')}?{query}")
            context["qr_code"] = mark_safe(qr_svg(profile))  # noqa: S308 # nosec B308 B703: ours
        return render(request, "admin/mailboxes/mailbox/client_settings.html", context)
