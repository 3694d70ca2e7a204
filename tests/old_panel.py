"""PostfixAdmin itself, in a machine: its command line, and its pages under PHP's web server."""

import http.cookiejar
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.machine import Failed, Machine
from tests.servers import MariaDB

FOLDER = Path("/usr/share/postfixadmin")
PORT = 8001
ADMIN = ("super@example.org", "Super-Geheim-11")
EXTENSIONS = ("mbstring", "mysqlnd", "mysqli", "pdo", "pdo_mysql")
ACCOUNT = "CREATE USER pfa@localhost IDENTIFIED BY 'pfa'; GRANT ALL ON {}.* TO pfa@localhost;"
DATABASE = """\
<?php
$dbtype = 'mysqli'; $dbserver = '127.0.0.1'; $dbport = '3306';
$dbuser = 'pfa'; $dbpass = 'pfa'; $dbname = '{}';
"""
ALWAYS = {
    "emailcheck_resolve_domain": "NO",
    "vacation": "YES",
    "vacation_domain": "autoreply.example.org",
}


class PostfixAdmin:
    """PostfixAdmin as Debian ships it, with its tables in a database that exists."""

    timeout = 30
    """Seconds that a page may take."""

    def __init__(
        self, machine: Machine, mariadb: MariaDB, database: str = "mail", **settings: str
    ) -> None:
        self.machine = machine
        binary = next((machine / "usr/bin").glob("php8.?")).name
        loaded = [f"-dextension={name}" for name in EXTENSIONS]
        self.php = [f"/usr/bin/{binary}", *loaded]
        self.administrator = http.cookiejar.CookieJar()
        (machine / "etc/postfixadmin/dbconfig.inc.php").write_text(DATABASE.format(database))
        self.configure(**settings)
        machine.run(["install", "-d", "-m", "777", "/var/cache/postfixadmin/templates_c"])
        mariadb.query(ACCOUNT.format(database))

    def configure(self, **settings: str) -> None:
        """Write its settings, which it reads at each request."""
        lines = [f"$CONF['{name}'] = '{value}';" for name, value in (ALWAYS | settings).items()]
        text = "\n".join(["<?php", *lines])
        (self.machine / "etc/postfixadmin/config.local.php").write_text(text)

    def create_tables(self) -> None:
        """Create its tables and its superadministrator."""
        self.run("public/upgrade.php")
        self.cli("admin", "add", ADMIN[0], superadmin="1", **passwords(ADMIN[1]))

    def run(self, script: str, *arguments: str) -> str:
        path = FOLDER / script
        line = ["sh", "-c", f'cd {path.parent} && exec "$@"', "sh", *self.php, path.name]
        return self.machine.run([*line, *arguments]).stdout

    def cli(self, module: str, task: str, key: str, **options: str) -> str:
        """Run a task of its command line, which fails with the status 1."""
        pairs = [part for name, value in options.items() for part in (f"--{name}", value)]
        return self.run("scripts/postfixadmin-cli.php", module, task, key, *pairs)

    def add_mailbox(self, address: str, password: str, **options: str) -> None:
        more = {"name": "", "quota": "0", "welcome-mail": "0"} | options
        self.cli("mailbox", "add", address, **passwords(password), **more)

    def serve(self) -> None:
        """Serve its pages, and sign in as its superadministrator."""
        self.machine.start(
            "postfixadmin",
            [*self.php, "-S", f"127.0.0.1:{PORT}", "-t", FOLDER / "public"],
            lambda: self.machine.listens(PORT),
        )
        assert self.signs_in(*ADMIN, page="login.php", cookies=self.administrator)

    def open(
        self,
        page: str,
        fields: Mapping[str, str] | None = None,
        cookies: http.cookiejar.CookieJar | None = None,
    ) -> tuple[str, str]:
        """Request a page, by default as the administrator; return its final path and its text."""
        session = urllib.request.HTTPCookieProcessor(
            self.administrator if cookies is None else cookies
        )
        browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), session)
        body = urllib.parse.urlencode(fields).encode() if fields is not None else None
        with (
            self.machine.network(),
            browser.open(f"http://127.0.0.1:{PORT}/{page}", body, timeout=self.timeout) as answer,
        ):
            return urllib.parse.urlsplit(answer.url).path, answer.read().decode()

    def signs_in(
        self,
        address: str,
        password: str,
        page: str = "users/login.php",
        cookies: http.cookiejar.CookieJar | None = None,
    ) -> bool:
        """Say whether a page, by default that for owners, accepts the password."""
        cookies = http.cookiejar.CookieJar() if cookies is None else cookies
        filled_in = {"fUsername": address, "fPassword": password}
        fields = read_form(self.open(page, cookies=cookies)[1]) | filled_in
        return self.open(page, fields, cookies)[0].endswith("main.php")

    def delete(self, table: str, key: str) -> None:
        """Delete a row with the button in a list."""
        token = read_form(self.open("list-virtual.php")[1])["token"]
        self.open("delete.php", {"table": table, "delete": key, "token": token})

    def set_vacation(self, address: str, text: str) -> None:
        """Switch on an automatic reply, as an administrator may."""
        page = f"vacation.php?{urllib.parse.urlencode({'username': address})}"
        filled_in = {"fSubject": text, "fBody": text, "fActiveUntil": "2037-12-31"}
        filled_in["action"] = "fChange"
        self.open(page, read_form(self.open(page)[1]) | filled_in)

    def save(self, table: str, key: str, **values: str) -> str:
        """Save a row on its page, unchanged but for these values; return the next page."""
        page = f"edit.php?{urllib.parse.urlencode({'table': table, 'edit': key})}"
        changes = {f"value[{name}]": value for name, value in values.items()}
        path, text = self.open(page, read_form(self.open(page)[1]) | changes)
        if path.endswith("edit.php"):
            raise Failed("\n".join(re.findall(r'help-block">([^<]+)', text)))
        return text


def read_form(page: str) -> dict[str, str]:
    form = Form()
    form.feed(page)
    return form.fields


class Form(HTMLParser):
    """The values of a page's form as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.select = self.area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found: dict[str, Any] = dict(attrs)
        name, value = found.get("name", ""), found.get("value") or ""
        if tag == "input" and name:
            box = found.get("type") in ("checkbox", "radio")
            if not box or "checked" in found:
                self.fields[name] = found.get("value", "on") if box else value
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            if "selected" in found or self.select not in self.fields:
                self.fields[self.select] = value
        elif tag == "textarea":
            self.area, self.fields[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.fields[self.area] += data.replace("\n", "\r\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.area = ""


def passwords(password: str) -> dict[str, str]:
    return {"password": password, "password2": password}
