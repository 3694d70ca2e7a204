"""Every request to the panel for large tables; growth.py counts the rows that they read."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.admin.utils import quote
from django.test import Client

from tests.routes import paths, undone

KEYS = {
    "/mailbox/": "box7@large7.example",
    "/alias/": "to.box7@large7.example",
    "/aliasdomain/": "alias.example",
    "/domain/": "large1.example",
}
WHOLE_DOMAINS = {
    "/domain/KEY/rename/": ("tiny002.example", "large5.example"),
    "/domain/KEY/delete/": ("tiny002.example", "large1.example"),
}
"""What changes all rows of a domain, which is a small and a large one here."""

PASSWORD = "four unrelated words"
TWICE = {"new_password1": PASSWORD, "new_password2": PASSWORD}
LIMITS = {
    "mailboxes": "0", "aliases": "0", "maxquota_0": "0", "quota_0": "0", "active": "on",
    "delivery": "local",
}  # fmt: skip
POSTED: dict[str, dict[str, str]] = {
    "mailbox/add/": {
        "address_0": "new", "address_1": "large3.example", "name": "New", "quota_0": "1",
        "quota_1": "1048576", "active": "on", **TWICE,
    },
    "mailbox/KEY/change/": {"name": "Anna", "quota_0": "0", "active": "on"},
    "mailbox/KEY/password/": TWICE,
    "mailbox/KEY/rename/": {"address_0": "new@large7.example", "confirm": "yes"},
    "alias/add/": {"address_0": "new@large7.example", "goto": "x@example.edu", "active": "on"},
    "alias/KEY/change/": {"goto": "box9@large9.example", "active": "on"},
    "aliasdomain/add/": {
        "alias_domain": "empty.example", "target_domain": "large1.example", "active": "on",
    },
    "aliasdomain/KEY/change/": {},
    "domain/add/": LIMITS | {"domain": "new.example"},
    "domain/KEY/change/": LIMITS,
    "domain/KEY/rename/": {"domain": "new.example", "confirm": "yes"},
    "/set-active/": {"active": "0"},
    "/delete/": {"post": "yes"},
    "configuration/download/": {"path": "README.md"},
    "admin/search/": {},
    "admin/search/targets/": {},
}  # fmt: skip
"""What is posted to the paths that end so."""

OUTSIDE = (
    "/dns/", "/logout/", "/second-factor/", "/login/", "/r/", "/apple/", "/auth/", "/nothing/",
    "/import/", "/doctor/", "/export/", "/csv/", "/auto", "/password_change/", "/jsi18n/", "/log/",
)  # fmt: skip
"""Paths that ask other hosts, aren't about the mail tables, or read all of these and say so."""

LISTS = {
    "mailbox": ("", "domain=NAME", "active__exact=0", "attention=full"),
    "alias": ("", "domain=NAME", "kind=all&domain=NAME"),
    "domain": ("",),
}
"""Of which all rows are chosen."""

CONFIRMED = {"post": "yes"}
BULK_ACTIONS = ("enable", "disable", "delete_selected")
Page = tuple[str, Callable[[], object]]


def every_request(client: Client) -> Iterator[Page]:
    """Yield a request for each page and for each form; what is posted is undone."""
    for path in paths():
        if any(part in f"/{path}" for part in OUTSIDE):
            continue
        for key in keys_of(path):
            url = "/" + path.replace("KEY", quote(key))
            yield request(client, "get", url)
            if data := next((data for end, data in POSTED.items() if path.endswith(end)), None):
                named = {"confirm": key} if path.endswith("/delete/") else {}
                yield request(client, "post", url, data | named)


def keys_of(path: str) -> tuple[str, ...]:
    """Return the rows with which a path is requested."""
    whole = [keys for end, keys in WHOLE_DOMAINS.items() if f"/{path}".endswith(end)]
    return whole[0] if whole else (next((key for part, key in KEYS.items() if part in path), "1"),)


def bulk_actions(client: Client, domain: str = "large1.example") -> Iterator[Page]:
    """Yield what is asked before an action for all rows of a list, and its first rows."""
    for model, questions in LISTS.items():
        for question in questions:
            for action in BULK_ACTIONS[: 2 if model == "domain" else 3]:
                url = f"/admin/mailboxes/{model}/?{question.replace('NAME', domain)}"
                data = {"action": action}
                yield request(client, "post", url, data | {"select_across": "1"})
                if question == "domain=NAME":
                    yield request(client, "post", url, data | {"select_across": "1", **CONFIRMED})


def request(client: Client, method: str, url: str, data: dict[str, Any] | None = None) -> Page:
    def send() -> None:
        with undone():
            answer = getattr(client, method)(url, data)
        assert answer.status_code < 500, url
        assert "errorlist" not in answer.content.decode(), url

    words = [method.upper(), url, (data or {}).get("action", "")]
    return " ".join(words + ["confirmed"][: CONFIRMED.items() <= (data or {}).items()]), send
