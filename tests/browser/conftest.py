"""A panel under gunicorn with its own databases, and Chromium in front of it."""

import fcntl
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.browser.pages import ADMIN_PASSWORD, PASSWORD, Stop, code
from tests.name_server import NameServer

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = Path("/usr/bin/chromium-headless-shell")
PATIENCE = 30_000
"""Milliseconds: a machine with two processors may be busy with other tests."""

expect.set_options(timeout=PATIENCE)

UNREACHABLE = {
    "MAIL_DATABASE_URL": "mysql://nobody:x@127.0.0.1:1/mail",
    "MAIL_LOOKUP_PASSWORD": "x",
    "MAIL_AUTH_PASSWORD": "x",
}


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


def environment(folder: Path, port: int = 0) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": f"sqlite:///{folder}/panel.sqlite3",
        "MAIL_DATABASE_URL": f"sqlite:///{folder}/mail.sqlite3",
        "STATIC_ROOT": str(folder / "static"),
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "mailadmin.settings",
    }


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder for each kind of panel in prepare.py, created by one worker for all."""
    base = tmp_path_factory.getbasetemp()
    alone = not hasattr(request.config, "workerinput")
    folder = (base if alone else base.parent) / "prepared"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = folder.with_suffix(".new")
            prepare(making / "empty", "empty")
            for kind in ("small", "demo", "many", "broken"):
                shutil.copytree(making / "empty", making / kind)
                prepare(making / kind, kind)
            making.rename(folder)
    return folder


def prepare(folder: Path, kind: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.browser.prepare", kind]
    subprocess.run(
        command, cwd=ROOT, env=environment(folder), check=True, stdout=subprocess.DEVNULL
    )


@contextmanager
def running_panel(
    source: Path,
    folder: Path,
    settings: Mapping[str, str] | None = None,
    workers: int = 1,
    application: str = "mailadmin.wsgi",
) -> Iterator[Panel]:
    """Run a panel on a copy of a prepared folder."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    port = free_port()
    env = environment(folder, port)
    log = folder / "gunicorn.log"
    gunicorn = ["gunicorn", "-b", f"127.0.0.1:{port}", "-w", str(workers), "--threads", "4"]
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [sys.executable, "-m", *gunicorn, "--no-control-socket", application],
            cwd=ROOT,
            env={**env, **(settings or {})},
            stdout=sink,
            stderr=sink,
        )
    await_port(port, server, log)
    yield Panel(f"http://127.0.0.1:{port}", ADMIN_PASSWORD, log)
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="session", autouse=True)
def asked_name_server(_name_server: NameServer) -> Iterator[None]:
    """Let the panels ask the tests' own name server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNS_SERVERS", _name_server.address)
        yield


@pytest.fixture(scope="session")
def panel(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A panel with one domain and four mailboxes, served by two processes."""
    folder = tmp_path_factory.mktemp("panel")
    with running_panel(prepared / "small", folder, workers=2) as panel:
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
    """Chromium for one file: while Playwright runs, Django considers this thread asynchronous."""
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
    """Open a context that fails on console errors, CSP violations and requests to other hosts."""
    complaints: list[str] = []
    context = browser.new_context(base_url=panel.url, **options)
    context.set_default_timeout(PATIENCE)
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


@dataclass
class Journey:
    """The panels: one with demo data, one with many domains, one empty, and one broken."""

    browser: Browser
    panels: dict[str, Panel]
    states: dict[tuple[str, str], Any]
    alive: set[str] = field(default_factory=set)
    """The kinds of links that are known to work."""

    @contextmanager
    def page(self, stop: Stop, **options: Any) -> Iterator[Page]:
        state = self.states.get((stop.panel, stop.who))
        calm = {"reduced_motion": "reduce", "storage_state": state}
        with watched(self.browser, self.panels[stop.panel], **calm, **options) as context:
            yield context.new_page()


@pytest.fixture(scope="module")
def panels(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Panel]]:
    settings = {"demo": {}, "many": {}, "empty": {}, "broken": UNREACHABLE}
    settings |= {"strict": {"SECOND_FACTOR_REQUIRED": "superuser"}}
    with ExitStack() as stack:
        yield {
            kind: stack.enter_context(
                running_panel(
                    prepared / ("small" if kind == "strict" else kind),
                    tmp_path_factory.mktemp(kind),
                    given,
                )
            )
            for kind, given in settings.items()
        }


@pytest.fixture(scope="module")
def journey(panels: dict[str, Panel], browser_or_reason: Browser) -> Journey:
    states = {}
    visitors = [(name, "rita") for name in ("demo", "many", "empty", "strict")]
    for name, who in (*visitors, ("demo", "otto"), ("demo", "vera")):
        with watched(browser_or_reason, panels[name]) as context:
            password = panels[name].admin_password if who == "rita" else PASSWORD
            sign_in(context.new_page(), who, password)
            states[name, who] = context.storage_state()
    return Journey(browser_or_reason, panels, states)


def sign_in(page: Page, who: str, password: str) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(who)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    if who == "vera":
        page.get_by_label("Code", exact=True).fill(code())
        page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/admin/(second-factor/)?$"))


@pytest.fixture(scope="module")
def rita_signed_in(panel: Panel, browser_or_reason: Browser) -> Any:
    """The browser state of a superuser who has signed in through the form."""
    with watched(browser_or_reason, panel) as context:
        sign_in(context.new_page(), "rita", panel.admin_password)
        return context.storage_state()


@pytest.fixture
def rita(panel: Panel, browser_or_reason: Browser, rita_signed_in: Any) -> Iterator[Page]:
    with watched(browser_or_reason, panel, storage_state=rita_signed_in) as context:
        page = context.new_page()
        page.goto("/admin/")
        yield page
