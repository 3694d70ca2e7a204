"""What holds for every URL: its method, its token, its headers, and what it tells of others."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from mailboxes.models import Mailbox
from tests.routes import KEYS, copied, paths, place, posted, rows, sign_in_each_role, undone

MISSING = "nobody_40example.com"
WITHOUT_TOKEN = {"autodiscover/autodiscover.xml": 400}
"""Mail programs ask there; nothing is changed."""


@pytest.fixture
def clients(anna: Mailbox) -> dict[str, Client]:
    return sign_in_each_role()


@pytest.mark.finding("change-on-get")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_is_changed_without_a_post(clients: dict[str, Client], method: str) -> None:
    before = rows()
    for path in paths():
        with undone():
            once = copied(clients["superuser"])
            answer = once.generic(method, place(path), urlencode(posted(path)))
            assert answer.status_code < 500 and rows() == before, path


@pytest.mark.finding("csrf")
def test_every_post_requires_a_token(clients: dict[str, Client]) -> None:
    for client in (clients["superuser"], Client()):
        client.handler.enforce_csrf_checks = True
        for path in paths():
            with undone():
                found = client.post(place(path), posted(path)).status_code
                assert found == WITHOUT_TOKEN.get(path, 403), path


@pytest.mark.finding("browser-defences")
def test_no_page_can_be_framed_or_load_foreign_files(clients: dict[str, Client]) -> None:
    for path in paths():
        with undone():
            page = copied(clients["superuser"]).get(place(path))
        policy = page["Content-Security-Policy"].split("; ")
        assert page["X-Frame-Options"] == "DENY" and "frame-ancestors 'none'" in policy, path
        assert "default-src 'self'" in policy and "unsafe" not in str(policy), path
        for cookie in page.cookies.values():
            assert cookie["samesite"] == "Strict" and cookie["httponly"], (path, cookie)


def told(client: Client, method: str, path: str, key: str) -> tuple[Any, ...]:
    """Return what an answer tells, without the object's name and what is random."""
    name = key.replace("_40", "@")
    data = posted(path) | {"confirm": name} if method == "post" else {}
    with undone():
        page = getattr(copied(client), method)(place(path, key), data, follow=True)
    text = page.content.decode().replace("mail.example.test", "HOST")
    text = re.sub(r'(nonce|value)="[^"]{22,}"', "", text.replace(key, "KEY").replace(name, "KEY"))
    return page.status_code, [goal.replace(key, "KEY") for goal, _ in page.redirect_chain], text


@pytest.mark.finding("existence")
@pytest.mark.parametrize("role", ["foreign", "auditor", "helpdesk"])
def test_what_is_out_of_reach_is_answered_like_what_does_not_exist(
    clients: dict[str, Client], role: str
) -> None:
    for path in paths():
        key = next((key for part, key in KEYS.items() if part in path and "KEY" in path), "")
        for method in ("get", "post") if key else ():
            found = told(clients[role], method, path, key)
            if role == "foreign" or found[0] == 403:
                assert found == told(clients[role], method, path, MISSING), (method, path)
