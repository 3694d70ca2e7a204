"""A panel under gunicorn with its own databases, and Chromium in front of it."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
    """A running panel and the two who may sign in somewhere."""

    url: str
    admin_password: str
    log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    folder = tmp_path_factory.mktemp("panel")
    port, admin_password = free_port(), secrets.token_urlsafe(20)
    env = os.environ | {
        "DATABASE_URL": f"sqlite:///{folder}/panel.sqlite3",
        "MAIL_DATABASE_URL": f"sqlite:///{folder}/mail.sqlite3",
        "STATIC_ROOT": str(folder / "static"),
        "PORT": str(port),
        "DJANGO_SUPERUSER_PASSWORD": admin_password,
        "DJANGO_SUPERUSER_USERNAME": "rita",
        "DJANGO_SUPERUSER_EMAIL": "",
    }

    def manage(*arguments: str, stdin: str = "") -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(
            command,
            cwd=ROOT,
            env=env,
            input=stdin,
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    for command in (
        "migrate",
        "migrate --database mail",
        "collectstatic --noinput",
        "createsuperuser --noinput",
        "createdomain example.org",
    ):
        manage(*command.split())
    for name in ("anna", "bob", "carl"):
        manage("createmailbox", f"{name}@example.org", "--password-stdin", stdin=PASSWORD + "\n")
    log = folder / "gunicorn.log"
    serve = [
        sys.executable,
        "-m",
        "gunicorn",
        "-b",
        f"127.0.0.1:{port}",
        "-w",
        "2",
        "--no-control-socket",
        "mailadmin.wsgi",
    ]
    with log.open("wb") as sink:
        server = subprocess.Popen(serve, cwd=ROOT, env=env, stdout=sink, stderr=sink)
    await_port(port, server, log)
    yield Panel(f"http://127.0.0.1:{port}", admin_password, log)
    server.terminate()
    server.wait(20)


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


@pytest.fixture
def page(panel: Panel, browser_or_reason: Browser) -> Iterator[Page]:
    """A page that fails on a console error, a violation of the CSP or a foreign request."""
    complaints: list[str] = []
    context: BrowserContext = browser_or_reason.new_context(base_url=panel.url)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=panel.url)

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            complaints.append(message.text)

    def watch(request: Request) -> None:
        if not request.url.startswith((panel.url, "data:", "blob:")):
            complaints.append(f"asked {request.url}")

    context.on("console", listen)
    context.on("request", watch)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert complaints == []


@pytest.fixture
def rita(page: Page, panel: Panel) -> Page:
    """The page of a superuser who has signed in through the form."""
    page.goto("/admin/")
    page.get_by_label("Username").fill("rita")
    page.get_by_label("Password").fill(panel.admin_password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Dashboard").wait_for()
    return page
