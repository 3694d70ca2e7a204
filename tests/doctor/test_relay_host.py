"""The host that Postfix sends mail to other hosts by."""

import socket

import pytest

from mailboxes.doctor import relay_host
from mailboxes.doctor.examination import Examination
from tests.doctor.conftest import as_root, printing


@pytest.mark.parametrize("listens", [True, False])
def test_a_host_that_does_not_answer_is_named(examination: Examination, listens: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"[127.0.0.1]:{server.getsockname()[1]}"
        if not listens:
            server.close()
        found = list(relay_host.examine(as_root(examination, printing(f"{place}\n")).access))
    assert [each.code for each in found] == ([] if listens else ["delivery.relay_host"])
    assert all(place in each.seen and each.state == "warning" for each in found)


@pytest.mark.parametrize("value", ["", "mail.example.net", "example.net:submission"])
def test_without_brackets_an_mx_record_decides_so_nothing_is_tried(
    examination: Examination, value: str
) -> None:
    assert list(relay_host.examine(as_root(examination, printing(f"{value}\n")).access)) == []
