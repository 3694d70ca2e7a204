"""A panel under gunicorn with its own databases, and Chromium in front of it."""

import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "four unrelated words"


@dataclass
class Panel:
    """A running panel and its superuser's password."""

    url: str
    admin_password: str
    log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def surroundings(folder: Path, port: int, admin_password: str) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": f"sqlite:///{folder}/panel.sqlite3",
        "MAIL_DATABASE_URL": f"sqlite:///{folder}/mail.sqlite3",
        "STATIC_ROOT": str(folder / "static"),
        "PORT": str(port),
        "DJANGO_SUPERUSER_PASSWORD": admin_password,
        "DJANGO_SUPERUSER_USERNAME": "rita",
        "DJANGO_SUPERUSER_EMAIL": "",
    }


def manage(env: dict[str, str], command: str, stdin: str = "") -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command.split()],
        cwd=ROOT,
        env=env,
        input=stdin,
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )


@contextmanager
def running_panel(
    folder: Path, commands: Mapping[str, str], settings: Mapping[str, str] | None = None
) -> Iterator[Panel]:
    """Run a panel of its own, in which these commands have been given; values are their input."""
    port, admin_password = free_port(), secrets.token_urlsafe(20)
    env = surroundings(folder, port, admin_password)
    basic = ("migrate", "migrate --database mail", "collectstatic --noinput")
    for command, stdin in {**dict.fromkeys(basic, ""), **commands}.items():
        manage(env, command, stdin)
    log = folder / "gunicorn.log"
    gunicorn = ["gunicorn", "-b", f"127.0.0.1:{port}", "-w", "2", "--no-control-socket"]
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [sys.executable, "-m", *gunicorn, "mailadmin.wsgi"],
            cwd=ROOT,
            env={**env, **(settings or {})},
            stdout=sink,
            stderr=sink,
        )
    await_port(port, server, log)
    yield Panel(f"http://127.0.0.1:{port}", admin_password, log)
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="session")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A panel with one domain and three mailboxes."""
    commands = {"createsuperuser --noinput": "", "createdomain example.org": ""}
    for name in ("anna", "bob", "carl"):
        commands[f"createmailbox {name}@example.org --password-stdin"] = PASSWORD + "\n"
    with running_panel(tmp_path_factory.mktemp("panel"), commands) as panel:
        yield panel


def await_port(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            probe.settimeout(0.1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        try:
            server.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail(f"gunicorn does not answer:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser_or_reason() -> Iterator[Browser]:
    """Chromium for one file: while Playwright runs, Django takes this thread for asynchronous."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is not installed; ./deploy/test installs it."
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, panel: Panel, **options: Any) -> Iterator[BrowserContext]:
    """Open a context that fails on a console error, a violation of the CSP or a foreign request."""
    complaints: list[str] = []
    context = browser.new_context(base_url=panel.url, **options)
    context.set_default_timeout(10_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=panel.url)

    def listen(message: ConsoleMessage) -> None:
        refusal = re.search(r"the server responded with a status of [45]", message.text)
        if message.type in ("error", "warning") and not refusal:
            complaints.append(message.text)

    def watch(request: Request) -> None:
        if not request.url.startswith((panel.url, "data:", "blob:")):
            complaints.append(f"asked {request.url}")

    context.on("console", listen)
    context.on("request", watch)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    context.close()
    assert complaints == []


@pytest.fixture
def page(panel: Panel, browser_or_reason: Browser) -> Iterator[Page]:
    with watched(browser_or_reason, panel) as context:
        yield context.new_page()


def sign_in(page: Page, who: str, password: str) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(who)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Dashboard").wait_for()


@pytest.fixture
def rita(page: Page, panel: Panel) -> Page:
    """The page of a superuser who has signed in through the form."""
    sign_in(page, "rita", panel.admin_password)
    return page
