"""The admin's lists and forms, and staff with some permissions."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from mailboxes.models import Domain, Mailbox
from tests.conftest import PASSWORD

MAILBOX = "/admin/mailboxes/mailbox/"
ALIAS = "/admin/mailboxes/alias/"
DOMAIN = "/admin/mailboxes/domain/"


@pytest.fixture
def many(domain: Domain) -> list[str]:
    """The addresses of 120 mailboxes, in their order."""
    names = [f"box{number:03}@example.org" for number in range(120)]
    Mailbox.objects.bulk_create(
        Mailbox(username=name, domain=domain, local_part=name[:6], maildir=name, password="x")
        for name in names
    )
    return names


def shown(page: Any) -> list[str]:
    return [row.pk for row in page.context["cl"].result_list]


def staff(*codes: str) -> Client:
    user = User.objects.create_user("otto", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
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
