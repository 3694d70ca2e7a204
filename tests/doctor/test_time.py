"""What gives no answer must leave the other hops their time."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils.translation import override

from mailboxes.conf import DatabaseHost
from mailboxes.doctor import database, maps, mysql_errors, saslauthd
from mailboxes.doctor.access import TIMED_OUT, Output
from mailboxes.doctor.examination import Examination
from mailboxes.export.files import MAPS
from tests.doctor.conftest import as_root, printing


@pytest.fixture
def silent() -> Iterator[tuple[DatabaseHost, ...]]:
    """Four ports that drop what comes: no connection is accepted, and none fits in the queue."""
    with ExitStack() as stack:
        places = []
        for _ in range(4):
            server = stack.enter_context(socket.socket())
            server.bind(("127.0.0.1", 0))
            server.listen(0)
            for _ in range(4):
                client = stack.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(server.getsockname())
            places.append(DatabaseHost("127.0.0.1", server.getsockname()[1]))
        yield tuple(places)


def test_database_hosts_that_do_not_answer_are_waited_for_at_once(
    examination: Examination, silent: tuple[DatabaseHost, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SECONDS", 1.0)
    monkeypatch.setattr(mysql_errors, "KNOCK_SECONDS", 0.2)
    host = examination.host
    host = replace(host, database=replace(host.database, engine="mysql", hosts=silent))
    examination = as_root(replace(examination, host=host), printing(""))
    begun = time.monotonic()
    with override("de"):
        found = list(database.examine(examination))
    assert time.monotonic() - begun < 3
    assert [each.code for each in found[2:]] == [mysql_errors.UNREACHABLE] * len(silent)
    assert all("Firewall" in each.seen for each in found[2:])


def test_after_a_lookup_without_an_answer_the_others_are_not_waited_for(
    examination: Examination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "FOLDER", tmp_path)
    for name in MAPS:
        (tmp_path / f"{name}.cf").touch()
    asked = []

    def run(command: object, input: str = "", user: str = "") -> Output:
        asked.append(command)
        return Output(TIMED_OUT, "", "")

    hanging = as_root(examination, run)
    codes = [each.code for each in maps.ask_all(hanging, list(MAPS))]
    assert codes == ["maps.other", "maps.rest"] and len(asked) == 1
    hanging.named.add(mysql_errors.UNREACHABLE)
    (found,) = maps.ask_all(hanging, list(MAPS))
    assert (found.code, found.state) == ("maps.timeout", "not checked")


def test_saslauthd_is_not_asked_what_pam_does_not_answer(
    examination: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saslauthd, "ask", lambda *arguments: pytest.fail("It was asked."))
    examination.named.add("pam.timeout")
    examination.broken.add("pam")
    assert [each.code for each in saslauthd.check_socket(examination)] == ["saslauthd.timeout"]


def test_a_name_that_the_dns_does_not_answer_is_waited_for_once(
    examination: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql_errors, "SECONDS", 0.2)

    def silent(*_: object) -> list[object]:
        time.sleep(2)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    place = DatabaseHost("db.example.org")
    begun = time.monotonic()
    (found,) = database.try_host(examination.host, place)
    assert time.monotonic() - begun < 1
    assert found.code == mysql_errors.UNREACHABLE and "DNS" in found.seen
    assert mysql_errors.unresolved(DatabaseHost("127.0.0.1")) is None
