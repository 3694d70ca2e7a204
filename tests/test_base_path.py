"""The panel below a path of a host: nothing leads out of it, and nothing is let in beside it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_script_prefix, set_script_prefix
from pytest_django import Settings

from mailadmin import wsgi
from mailboxes import icons, middleware
from mailboxes.audit.models import Entry
from mailboxes.middleware import ThrottleMiddleware
from mailboxes.models import Mailbox
from tests.routes import copied, paths, place, posted, sign_in_each_role, undone

BASE = "/mailadmin"
KEPT = (icons.icon, middleware.throttle_page)
"""They keep addresses for as long as the process lives."""


@pytest.fixture
def below(settings: Settings) -> Iterator[None]:
    """Settings as BASE_PATH makes them; gunicorn's handler sets the prefix for each request."""
    settings.BASE_PATH = settings.FORCE_SCRIPT_NAME = BASE
    settings.STATIC_URL = f"{BASE}/static/"
    before = get_script_prefix()
    set_script_prefix(f"{BASE}/")
    for each in KEPT:
        each.cache_clear()
    yield
    set_script_prefix(before)
    for each in KEPT:
        each.cache_clear()


def outside(page: Any) -> set[str]:
    """Return the addresses on this host that an answer names, and that are not below the path."""
    text = "" if page.streaming else page.content.decode(errors="replace")
    found = re.findall(r'\b(?:href|src|action|data-[a-z-]*url)="(/[^"]*)"', text)
    found += [page.headers.get("Location", "")]
    return {url for url in found if url.startswith("/") and not url.startswith(f"{BASE}/")}


def test_no_page_leads_out_of_the_path(anna: Mailbox, below: None) -> None:
    for client in (sign_in_each_role()["superuser"], Client()):
        for path in paths():
            for method in ("get", "post"):
                with undone():
                    page = getattr(copied(client), method)(place(path), posted(path))
                    assert outside(page) == set(), path
    assert outside(Client().get("/nothing/")) == set()


def test_sign_ins_are_counted_below_the_path(anna: Mailbox, below: None) -> None:
    User.objects.create_superuser("rita", password="four unrelated words")
    form = {"username": "rita", "password": "wrong"}
    statuses = [Client().post("/admin/login/", form).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert set(ThrottleMiddleware(lambda _: None).gated) >= {f"{BASE}/password/"}  # type: ignore
    Client().post("/password/", {"address": anna.pk, "current_password": "wrong"})
    assert Entry.objects.filter(action="mailbox.failed-sign-in").exists()


@pytest.mark.parametrize("path", [f"{BASE}/password/", "/password/"])
def test_the_proxy_may_leave_the_path_in_a_request(
    monkeypatch: pytest.MonkeyPatch, below: None, path: str
) -> None:
    seen: list[str] = []

    def handle(environ: dict[str, str], start: object) -> list[bytes]:
        seen.append(environ["PATH_INFO"])
        return []

    monkeypatch.setattr(wsgi, "handler", handle)
    wsgi.application({"PATH_INFO": path}, lambda *_: None)
    assert seen == ["/password/"]
