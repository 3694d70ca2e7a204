"""The page that says why a database can't be used, and that nothing but the page is affected."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.admin.utils import quote
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django import Settings

from mailboxes.models import Alias, Mailbox
from mailboxes.outages import Outage, find_outage
from tests.admin.conftest import ALIAS, MAILBOX
from tests.conftest import logged


def keep_in_session(request: HttpRequest) -> HttpResponse:
    request.session["something"] = "new"
    return HttpResponse("done")


def fail(request: HttpRequest) -> HttpResponse:
    raise ValueError


handler400 = "mailboxes.middleware.bad_request"
handler500 = "mailboxes.middleware.server_error"
urlpatterns = [
    path("keep/", keep_in_session),
    path("fail/", fail),
    path("", include("mailadmin.urls")),
]


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (InterfaceError(0, ""), Outage.UNAVAILABLE),
        (OperationalError(2002, "Can't connect"), Outage.UNAVAILABLE),
        (OperationalError(1047, "WSREP has not yet prepared node"), Outage.UNAVAILABLE),
        (OperationalError(1158, "Got an error reading packets"), Outage.UNAVAILABLE),
        (OperationalError(1290, "running with the --read-only option"), Outage.READ_ONLY),
        (OperationalError("attempt to write a readonly database"), Outage.READ_ONLY),
        (OperationalError(1205, "Lock wait timeout exceeded"), Outage.BUSY),
        (OperationalError(1213, "Deadlock found"), Outage.BUSY),
        (OperationalError("database is locked"), Outage.BUSY),
        (OperationalError(1114, "The table 'mailbox' is full"), Outage.FULL),
        (OperationalError(1021, "Disk full (/tmp)"), Outage.FULL),
        (InternalError(3, "Error writing file (Errcode: 28)"), Outage.FULL),
        (OperationalError("database or disk is full"), Outage.FULL),
        (OperationalError("disk I/O error"), Outage.FULL),
        (OperationalError("no such column: is_locked"), None),
        (OperationalError(1054, "Unknown column 'is locked'"), None),
        (DatabaseError("Forced update did not affect any rows."), None),
        (SessionInterrupted("The request's session was deleted"), None),
        (ValueError("database is locked"), None),
    ],
    ids=str,
)
def test_an_outage_is_recognized_by_its_error(error: Exception, outage: Outage | None) -> None:
    assert find_outage(error) == outage


def pragma(alias: str, statement: str) -> None:
    connections[alias].cursor().execute(f"PRAGMA {statement}")


@pytest.fixture
def read_only(request: pytest.FixtureRequest, rita: Client) -> Iterator[str]:
    """Make a database read-only; return its alias."""
    alias = str(request.param)
    pragma(alias, "query_only = ON")
    yield alias
    pragma(alias, "query_only = OFF")


@pytest.mark.finding("log-gap")
@pytest.mark.parametrize("read_only", ["default", "mail"], indirect=True)
def test_a_read_only_database_gets_its_own_page_and_nothing_is_changed(
    anna: Mailbox, rita: Client, read_only: str
) -> None:
    url = f"{MAILBOX}{quote(anna.pk)}/set-active/"
    answer = rita.post(url, {"active": "0"})
    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "30") and "Error number" in page
    assert "Database is read-only" in page and "Check before you submit them again" in page
    assert Mailbox.objects.get().active
    pragma(read_only, "query_only = OFF")
    assert rita.post(url, {"active": "0"}).status_code == 302
    assert not Mailbox.objects.get().active and logged("mailbox.disable")


@pytest.fixture
def full(rita: Client) -> Iterator[None]:
    """Let the mail database not grow any more."""
    pragma("mail", "max_page_count = 1")  # SQLite takes the current number instead
    yield
    pragma("mail", "max_page_count = 1000000000")


def test_a_full_disk_is_named_and_nothing_is_half_written(
    anna: Mailbox, rita: Client, full: None
) -> None:
    targets = "\n".join(f"target{number:035}@example.net" for number in range(1000))
    data = {"address_0": "all@example.org", "goto": targets, "active": "on"}
    answer = rita.post(f"{ALIAS}add/", data)
    page = answer.content.decode()
    assert answer.status_code == 503 and "Database is full" in page and "free up space" in page
    pragma("mail", "max_page_count = 1000000000")
    assert not Alias.objects.filter(pk="all@example.org").exists()
    assert rita.post(f"{ALIAS}add/", data).status_code == 302


@pytest.mark.parametrize("read_only", ["default"], indirect=True)
def test_a_download_that_cannot_start_gets_the_page(rita: Client, read_only: str) -> None:
    answer = rita.get("/admin/log/?csv=1")
    assert answer.status_code == 503 and "Check before" not in answer.content.decode()


@pytest.mark.parametrize("read_only", ["default"], indirect=True)
def test_a_session_that_cannot_be_stored_gets_the_page(
    rita: Client, read_only: str, settings: Settings
) -> None:
    settings.ROOT_URLCONF = __name__
    answer = rita.get("/keep/")
    assert answer.status_code == 503 and "Database is read-only" in answer.content.decode()
    settings.ROOT_URLCONF = "mailadmin.urls"


def test_an_error_has_a_number_by_which_it_is_found_in_the_log(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    answer = client.get("/fail/", REMOTE_ADDR="192.0.2.7")
    number = re.search(r"Error number ([0-9a-f]{8})\.", answer.content.decode())
    assert answer.status_code == 500 and number
    assert f"Error {number[1]}: GET /fail/ from 192.0.2.7" in caplog.text
    settings.ROOT_URLCONF = "mailadmin.urls"
