"""An administrator's browser, for pages of a panel in a machine."""

import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError

from tests.machine import Machine
from tests.servers import PANEL_PORT

SIGN_IN = """\
from django.contrib.auth.models import User
from django.test import Client
client = Client()
client.force_login(User.objects.create_superuser("rita"))
print(client.cookies["sessionid"].value)
"""
TOKEN = "a" * 32


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None


class Visitor:
    """A superuser who is signed in."""

    def __init__(self, machine: Machine, env: Mapping[str, str]) -> None:
        manage: list[Any] = [machine.python, machine.checkout / "manage.py"]
        done = machine.run([*manage, "shell", "-v0", "-c", SIGN_IN], env=env)
        self.machine = machine
        self.cookies = f"sessionid={done.stdout.split()[-1]}; csrftoken={TOKEN}"

    def ask(self, path: str, fields: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Return status and text of a page, after a POST if there are fields."""
        url = f"http://127.0.0.1:{PANEL_PORT}{path}"
        body = None
        if fields is not None:
            body = urllib.parse.urlencode({"csrfmiddlewaretoken": TOKEN, **fields}).encode()
        request = urllib.request.Request(url, body, {"Cookie": self.cookies})
        browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirects())
        with self.machine.network():
            try:
                with browser.open(request, timeout=60) as answer:
                    return answer.status, answer.read().decode()
            except HTTPError as error:
                return error.code, error.read().decode()
