"""An administrator before a browser."""

import time
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from mailboxes.second_factor.confirmation import CONFIRMED_AT
from tests.conftest import PASSWORD

CONFIRM = "/admin/confirm/"


@dataclass
class Person:
    """A browser, and the one who sits before it."""

    user: User
    client: Client

    def wait(self, seconds: int = 601) -> None:
        session = self.client.session
        session[CONFIRMED_AT] = int(time.time()) - seconds
        session.save()


def person(name: str, **more: Any) -> Person:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True, **more)
    client = Client()
    client.force_login(user)
    return Person(user, client)


@pytest.fixture
def boss(tables: None) -> Person:
    """A superuser."""
    return person("boss", is_superuser=True)
