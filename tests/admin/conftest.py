"""The admin's lists and forms, and staff with some permissions."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from mailboxes.actions.administrators import RoleAssignment, create_administrator
from tests.conftest import PASSWORD, TESTER

MAILBOX = "/admin/mailboxes/mailbox/"
ALIAS = "/admin/mailboxes/alias/"
DOMAIN = "/admin/mailboxes/domain/"


def shown(page: Any) -> list[str]:
    return [row.pk for row in page.context["cl"].result_list]


def signed_in(role: str, *domains: str, name: str = "otto") -> Client:
    """Return the client of a new administrator with this role, if any, in these domains."""
    user, assignment = User(username=name), RoleAssignment(role, False, domains)
    create_administrator(TESTER, user, PASSWORD, assignment)
    client = Client()
    client.force_login(user)
    return client


def mailbox_form(**fields: str) -> dict[str, str]:
    return {
        "address_0": "carl@example.org",
        "name": "Carl",
        "quota_0": "1G",
        "active": "on",
        "new_password1": PASSWORD,
        "new_password2": PASSWORD,
    } | fields


def errors(page: Any) -> str:
    assert page.status_code == 200
    return str(page.context["adminform"].form.errors)
