"""Accounts with individual permissions get the nearest role that isn't larger."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from mailboxes.access.models import Grant

MIGRATION = import_module("mailboxes.access.migrations.0002_map_permissions")


@pytest.mark.parametrize(
    ("codes", "role"),
    [
        (MIGRATION.DOMAIN_ADMINISTRATOR, "domain"),
        (MIGRATION.DOMAIN_ADMINISTRATOR - {"delete_alias"}, "helpdesk"),
        (MIGRATION.HELPDESK, "helpdesk"),
        (MIGRATION.HELPDESK - {"view_alias"}, ""),
        (MIGRATION.VIEW, ""),
        (set(), ""),
    ],
)
def test_the_role_never_allows_more_than_the_permissions_did(
    rita: Client, codes: set[str], role: str
) -> None:
    otto = User.objects.create_user("otto", is_staff=True)
    own, shared = sorted(codes)[::2], sorted(codes)[1::2]
    otto.user_permissions.set(Permission.objects.filter(codename__in=own))
    group = Group.objects.create(name="all")
    group.permissions.set(Permission.objects.filter(codename__in=shared))
    otto.groups.add(group)
    editor = SimpleNamespace(connection=SimpleNamespace(alias="default"))
    MIGRATION.map_permissions(apps, editor)
    grant = Grant.objects.get()
    assert (grant.user, grant.role, grant.all_domains) == (otto, role, bool(role))
    page = rita.get("/admin/").content.decode()
    assert "individual permissions of 1 administrator were replaced" in page and "otto" in page
    change = {"username": "otto", "is_active": "on", "role": "auditor"}
    rita.post(f"/admin/auth/user/{otto.pk}/change/", change)
    assert "individual permissions" not in rita.get("/admin/").content.decode()
