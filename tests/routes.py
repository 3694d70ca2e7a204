"""Every route of the project, an object for each, and what its form takes."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from mailboxes import actions
from mailboxes.access.models import Grant, GrantedDomain, PasswordDemand
from mailboxes.addresses import Address, DomainName
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.urls import AUTOCONFIG, AUTODISCOVER
from tests.admin.conftest import mailbox_form, signed_in
from tests.conftest import PASSWORD, TESTER

EXAMPLES = {
    rf"^{AUTOCONFIG}/config-v1\.1\.xml$": "mail/config-v1.1.xml",
    rf"^{AUTODISCOVER}\.xml$": "autodiscover/autodiscover.xml",
    rf"^{AUTODISCOVER}\.json(?:/v1\.0/[^/]+)?$": "autodiscover/autodiscover.json/v1.0/x",
    "^admin/(?:mailboxes|auth)/$": "admin/mailboxes/",
    "admin/^(?P<app_label>mailboxes|auth)/$": "admin/auth/",
    "admin/(?P<url>.*)$": "admin/nothing/",
}
"""A path for each route with a regular expression."""

PASSWORDS = {"new_password1": PASSWORD + "!", "new_password2": PASSWORD + "!"}
ADMINISTRATOR = {"username": "nina", "role": "auditor", "is_active": "on"}
TWICE = {"password1": PASSWORD + "!", "password2": PASSWORD + "!"}
ALIAS = {"address_0": "new@example.org", "goto": "x@example.edu", "active": "on"}
DELETE = {"post": "yes", "confirm": "example.org"}
LIMITS = {
    "mailboxes": "0",
    "aliases": "0",
    "maxquota_0": "0",
    "quota_0": "0",
    "active": "on",
    "delivery": "local",
}
POSTED: dict[str, dict[str, str]] = {
    "mailbox/add/": mailbox_form(),
    "mailbox/KEY/change/": {"name": "Anna", "quota_0": "0", "active": "on", "delivery": "local"},
    "mailbox/KEY/password/": PASSWORDS,
    "mailbox/KEY/rename/": {"address_0": "anne@example.org", "confirm": "yes"},
    "alias/add/": ALIAS,
    "alias/KEY/change/": {"goto": "x@example.edu", "active": "on"},
    "aliasdomain/add/": {
        "alias_domain": "example.org",
        "target_domain": "example.net",
        "active": "on",
    },
    "aliasdomain/KEY/change/": {},
    "domain/add/": LIMITS | {"domain": "new.example"},
    "domain/KEY/change/": LIMITS,
    "domain/KEY/rename/": {"domain": "example.com", "confirm": "yes"},
    "user/add/": ADMINISTRATOR | TWICE | {"username": "new"},
    "user/KEY/change/": ADMINISTRATOR,
    "user/KEY/password/": TWICE,
    "configuration/download/": {},
    "configuration/applied/": {"line": "none"},
    "/set-active/": {"active": "0"},
    "/delete/": DELETE,
}


def posted(path: str) -> dict[str, str]:
    """Return what is posted to a path, most often something that is accepted."""
    return next((data for end, data in POSTED.items() if path.endswith(end)), {})


TABLES: Any = [
    *(Domain, Mailbox, Alias, AliasDomain),
    *(User, Grant, GrantedDomain, PasswordDemand, Authenticator),
]
UNIMPORTANT = {"last_login", "last_used_at"}


def patterns(found: list[Any], start: str = "") -> Iterator[str]:
    for one in found:
        path = start + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns, path)
        elif isinstance(one, URLPattern):
            yield path


def paths() -> list[str]:
    """Return the path of each route, with KEY for its object."""
    found = []
    for path in patterns(get_resolver().url_patterns):
        for part in ("<path:object_id>", "<path:key>", "<id>", "<int:pk>"):
            path = path.replace(part, "KEY")
        found.append(EXAMPLES.get(path, path))
    return found


KEYS = {
    "/mailbox/": "anna_40example.org",
    "/alias/": "info_40example.org",
    "/aliasdomain/": "example.edu",
    "/domain/": "example.org",
}


def place(path: str, other: str = "", user: str = "") -> str:
    """Return the path to an object in example.org, of an alias domain example.edu, or another."""
    if user and "/user/" in path:
        path = path.replace("KEY", user)
    for part, key in KEYS.items():
        if part in path:
            path = path.replace("KEY", other or key)
    if "/user/" in path and not user:
        path = path.replace("KEY", str(User.objects.get(username="nina").pk))
    return "/" + path.replace("<path:content_type_id>", "1").replace("KEY", "1")


def create_each_object() -> None:
    """Create objects in some domains besides Anna, and Nina, an administrator."""
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_domain(TESTER, DomainName.parse("example.edu"))
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["x@example.edu"])
    actions.create_alias_domain(TESTER, "example.edu", "example.net")
    signed_in("auditor", name="nina")


def sign_in_each_role() -> dict[str, Client]:
    """Create each object, and an administrator of each role."""
    create_each_object()
    return {
        "anonymous": Client(),
        "auditor": signed_in("auditor", name="auditor"),
        "helpdesk": signed_in("helpdesk", "example.org", name="helpdesk"),
        "domain": signed_in("domain", "example.org", "example.edu", name="domain"),
        "foreign": signed_in("domain", "example.net", name="foreign"),
        "superuser": signed_in("superuser", name="boss"),
    }


def copied(client: Client) -> Client:
    """Return a client with cookies of its own; signing out would end the other's session.

    It has the other's handler, which loads all middleware at its first request.
    """
    found = copy.copy(client)
    found.cookies = copy.deepcopy(client.cookies)
    return found


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic("default"), transaction.atomic("mail"):
        yield
        transaction.set_rollback(True, "default")
        transaction.set_rollback(True, "mail")


def rows() -> list[Any]:
    """Return what can be harmed: the mail, the administrators, their roles and second factors."""
    return [
        {column: value for column, value in row.items() if column not in UNIMPORTANT}
        for table in TABLES
        for row in table._default_manager.order_by("pk").values()
    ]
