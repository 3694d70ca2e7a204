"""The panel in production, installed as a service behind nginx, and a client of it."""

import http.client
import re
import ssl
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import urlencode

from tests import debian_roots
from tests.machine import Machine

SITE = "panel.example.org"
SERVED = Machine.checkout
# The machines have no network, and the checkout's .venv may belong to another Python.
FROM_HERE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(debian_roots.WHEELS)}


class Visitor:
    """An HTTPS client of the panel behind nginx."""

    def __init__(self, machine: Machine, site: str = SITE, client: str = "127.0.0.1") -> None:
        self.machine = machine
        self.site = site
        self.client = client
        self.cookie = ""

    def ask(
        self, method: str, path: str, body: str = "", **headers: str
    ) -> tuple[http.client.HTTPResponse, str]:
        sent = {
            "Host": self.site,
            "Cookie": self.cookie,
            "Referer": f"https://{self.site}{path}",
            "Content-Type": "application/x-www-form-urlencoded",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        with closing(self.connect(self.client)) as panel:
            panel.request(method, path, body, sent)
            answer = panel.getresponse()
            page = answer.read().decode()
        return answer, page

    def connect(self, client: str) -> http.client.HTTPSConnection:
        """Connect from another address of the loopback network."""
        trusting = ssl._create_unverified_context()  # the certificate is Debian's self-signed one
        panel = http.client.HTTPSConnection(
            "127.0.0.1", context=trusting, timeout=30, source_address=(client, 0)
        )
        with self.machine.network():
            panel.connect()
        return panel

    def status(self, method: str, path: str, client: str) -> int:
        with closing(self.connect(client)) as panel:
            panel.request(method, path, headers={"Host": SITE})
            return panel.getresponse().status


def install(machine: Machine, *options: str, check: bool = True) -> CompletedProcess[str]:
    command: list[str | Path] = [SERVED / "deploy/install-service", *options]
    return machine.run(command, env=FROM_HERE, check=check, timeout=600)


def signs_in(visitor: Visitor, password: str, name: str = "admin") -> bool:
    answer, page = visitor.ask("GET", "/admin/login/")
    cookies = answer.headers.get_all("Set-Cookie", [])
    visitor.cookie = "; ".join(cookie.split(";")[0] for cookie in cookies)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token, page
    form = {"csrfmiddlewaretoken": token[1], "username": name, "password": password}
    answer, _ = visitor.ask("POST", "/admin/login/", urlencode(form | {"next": "/admin/"}))
    assert answer.status in (200, 302, 429), answer.status
    return answer.status == 302
