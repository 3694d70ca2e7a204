"""An administrator with an authenticator app, and the codes that it shows."""

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.utils import decrypt, encrypt
from django.contrib.auth.models import User
from django.test import Client
from fido2 import cbor
from fido2.utils import websafe_encode

from mailboxes.access.models import Grant
from mailboxes.access.roles import Role
from mailboxes.second_factor.reauthentication import AUTHENTICATED_AT
from mailboxes.second_factor.views.own_factors import SECRET
from tests.conftest import PASSWORD

LOGIN, CODE, REAUTHENTICATE = "/admin/login/", "/admin/login/code/", "/admin/confirm/"
OWN = "/admin/second-factor/"
APP = f"{OWN}app/"
CODES = f"{OWN}recovery-codes/"


MALFORMED = ["[" * 16_000, "[" * 100_000, '{"id": "' + "x" * 100_000 + '"}']

TRUNCATED = [bytes(32), bytes(32) + b"\x80" + bytes(4), bytes(32) + b"\x80" + bytes(4) + b"\xb9"]
"""Authenticator data that ends too early: in the flags, before and in the extensions."""


def answer(kind: str, **response: bytes) -> str:
    """Return a browser's answer as JSON."""
    data = {"type": kind, "challenge": "AAAA", "origin": "https://testserver"}
    response["clientDataJSON"] = json.dumps(data).encode()
    fields = {name: websafe_encode(value) for name, value in response.items()}
    return json.dumps({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": fields})


def registration(authenticator_data: bytes) -> str:
    fields = {"fmt": "none", "attStmt": {}, "authData": authenticator_data}
    return answer("webauthn.create", attestationObject=cbor.encode(fields))


def authentication(authenticator_data: bytes) -> str:
    return answer("webauthn.get", authenticatorData=authenticator_data, signature=b"x")


def code_of(secret: str, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


@dataclass
class Person:
    """A browser, and the one who sits before it."""

    user: User
    client: Client

    def code(self, steps: int = 0) -> str:
        row = Authenticator.objects.get(user=self.user, type="totp")
        return code_of(decrypt(row.data["secret"]), steps)

    def add_app(self) -> Any:
        """Set up the app with the code before the current one, which stays unused."""
        secret, session = str(generate_totp_secret()), self.client.session
        session[SECRET] = encrypt(secret)  # as the page that draws it does
        session.save()
        return self.client.post(APP, {"code": code_of(secret, -1)})

    def sign_in(self, **more: str) -> Any:
        self.client.logout()
        form = {"username": self.user.username, "password": PASSWORD, **more}
        return self.client.post(LOGIN, form)

    def wait(self, seconds: int = 601) -> None:
        session = self.client.session
        session[AUTHENTICATED_AT] = int(time.time()) - seconds
        session.save()


def person(name: str, **more: Any) -> Person:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True, **more)
    client = Client()
    client.force_login(user)
    return Person(user, client)


@pytest.fixture
def boss(tables: None, steady_clock: None) -> Person:
    """A superuser without a second factor."""
    return person("boss", is_superuser=True)


@pytest.fixture
def otto(tables: None, steady_clock: None) -> Person:
    """A domain administrator, without any domain."""
    otto = person("otto")
    Grant.objects.create(user=otto.user, role=Role.DOMAIN_ADMINISTRATOR)
    return otto


@pytest.fixture
def vera(tables: None, steady_clock: None) -> Person:
    """A superuser with an authenticator app."""
    vera = person("vera", is_superuser=True)
    vera.add_app()
    return vera
