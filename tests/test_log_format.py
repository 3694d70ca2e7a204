"""What the panel and gunicorn log, and how much memory gunicorn's workers have."""

import io
import logging
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.log_format import LineFormatter
from tests.admin.conftest import signed_in

ROOT = Path(__file__).resolve().parent.parent
FORGED = "INFO mailboxes.views: root downloaded everything"
LINE = re.compile(r"(INFO|WARNING|ERROR|CRITICAL) [a-z][\w.]*: .+|\| .*")


def assert_lines(text: str) -> None:
    for line in text.removesuffix("\n").split("\n"):
        assert line.isprintable() and LINE.fullmatch(line), line
        assert not line.startswith(FORGED)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the settings' handler writes."""
    [handler] = [each for each in logging.root.handlers if type(each) is logging.StreamHandler]
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


@pytest.mark.finding("log-injection")
@pytest.mark.parametrize("name", ["mailboxes.views", "django.request", "django.server"])
@pytest.mark.parametrize(
    "text",
    ["\n", "\r", "\r\n", "\0", "\x1b[2K", "\x85", "\u2028", "\u202e", "\u2066", "\u200b"],
)
def test_control_characters_are_escaped_for_every_logger(
    log: io.StringIO, name: str, text: str
) -> None:
    logging.getLogger(name).warning("%s%s", text, FORGED)
    logging.getLogger(name).warning(f"{text}{FORGED}")
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert all(re.fullmatch(rf"WARNING {name}: (\\\S+){FORGED}", line) for line in lines), lines


@pytest.mark.finding("log-injection")
def test_the_lines_of_an_error_are_marked(log: io.StringIO) -> None:
    try:
        raise ValueError(f"x\n{FORGED}\x1b\r\u202e")
    except ValueError:
        logging.getLogger("mailboxes").exception("Broken", stack_info=True)
    assert_lines(log.getvalue())
    assert f"\n| {FORGED}\\x1b\\r\\u202e\n| Stack" in log.getvalue()


@pytest.mark.finding("log-injection")
@given(st.text(st.characters()))
def test_any_text_is_logged_as_one_printable_line(text: str) -> None:
    record = logging.LogRecord("a", logging.INFO, "", 0, "%s", (text,), None)
    assert LineFormatter().format(record).isprintable()


@pytest.mark.finding("log-injection")
def test_ordinary_text_is_logged_as_it_is(log: io.StringIO) -> None:
    logging.getLogger("a").info("Grüße “%s” \\ 🙂", "日本")
    assert log.getvalue() == "INFO a: Grüße “日本” \\ 🙂\n"


def test_log_injection_through_a_list_is_escaped(log: io.StringIO, tables: None) -> None:
    otto = signed_in("auditor")
    answer = otto.get("/admin/mailboxes/domain/", {f"x\n{FORGED}\0\u202e": "1"})
    assert answer.status_code in (302, 400)
    Client().get(f"/x\n{FORGED}")
    assert FORGED in log.getvalue()
    assert_lines(log.getvalue())


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/panel.sqlite3",
        "MAIL_DATABASE_URL": f"sqlite:///{tmp_path}/mail.sqlite3",
        "STATIC_ROOT": str(tmp_path),
        "DEBUG": "true",  # pages without collectstatic
        "PYTHONDONTWRITEBYTECODE": "1",  # machines have this folder, which mustn't change meanwhile
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py"]
    with (
        (tmp_path / "stderr").open("w") as stderr,
        subprocess.Popen(
            [*command, "--access-logfile=-", "mailadmin.wsgi"],
            cwd=ROOT,
            env=os.environ | settings | {"PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        assert process.stdout and "The panel is at" in process.stdout.readline()
        yield process, port
        process.terminate()


@pytest.mark.finding("log-injection")
def test_a_request_to_gunicorn_cannot_forge_a_line(
    gunicorn: tuple[subprocess.Popen[str], int], tmp_path: Path
) -> None:
    process, port = gunicorn
    for request in (
        f"GET /x%0a{FORGED.replace(' ', '%20')}%00%e2%80%ae HTTP/1.1\r\nHost: localhost\r\n",
        "GET /x\x1b[2K\x85\rY HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \x1b[2K\x9b\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\x9b\x85b\r\nReferer: \x85\xa0\r\n",
        f"GET /\n{FORGED} HTTP/9\x1b\r\nHost: x\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nA\x1b\x00\r{FORGED}: y\r\n",
        "GET / HTTP/1.1\r\nHost: x\x1b\u00ae\r\n",
    ):
        with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as visitor:
            visitor.sendall(f"{request}Connection: close\r\n\r\n".encode("latin-1"))
            with suppress(ConnectionResetError):
                while visitor.recv(4096):
                    pass
    process.terminate()
    shown = process.communicate(timeout=30)[0]
    logged = (tmp_path / "stderr").read_text()
    assert "Not Found" in logged and "Invalid request" in logged and "GET / HTTP" in shown
    assert_lines(logged)
    assert_lines(shown)


def test_the_workers_share_what_they_have_loaded(
    gunicorn: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = gunicorn
    for _ in range(20):
        with urlopen(f"http://127.0.0.1:{port}/password/") as page:
            assert page.status == 200
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert workers
    for worker in workers:
        memory = Path(f"/proc/{worker}/smaps_rollup").read_text()
        found = re.search(r"^Pss: +(\d+) kB$", memory, re.MULTILINE)
        assert found and int(found[1]) < 48_000
