"""The admin's lists and forms, and staff with some permissions."""

from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.conftest import PASSWORD

MAILBOX = "/admin/mailboxes/mailbox/"
ALIAS = "/admin/mailboxes/alias/"
DOMAIN = "/admin/mailboxes/domain/"


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
