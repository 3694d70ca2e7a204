"""Services that run, but aren't started when the mail host boots."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mailboxes.conf import DatabaseHost
from mailboxes.doctor import boot
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination
from tests.doctor.conftest import as_root


@pytest.mark.parametrize(
    ("states", "mending"),
    [
        ({}, None),
        ({"dovecot": "disabled", "postfix": "disabled"}, "systemctl enable dovecot postfix"),
        (
            {"postfix": "postfix.service is not a native service\ndisabled"},
            "systemctl enable postfix",
        ),
        ({"mariadb": "disabled"}, "systemctl enable mariadb"),
        (
            {"mariadb": "masked-runtime"},
            "systemctl unmask mariadb && systemctl enable mariadb",
        ),
        ({"postfix": "static"}, None),
    ],
)
def test_what_runs_but_is_not_started_at_boot_is_named(
    examination: Examination, states: dict[str, str], mending: str | None
) -> None:
    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        return Output(0, f"{states.get(command[-1], 'enabled')}\n", "")

    database = replace(examination.host.database, hosts=(DatabaseHost("127.0.0.1"),))
    host = replace(examination.host, database=database)
    found = list(boot.examine(host, as_root(examination, run).access))
    assert [each.remedy.command for each in found] == ([mending] if mending else [])


def test_what_does_not_run_and_what_can_not_be_seen_is_not_named(examination: Examination) -> None:
    stopped = as_root(examination, lambda command, input="", user="": Output(3, "disabled\n", ""))
    assert list(boot.examine(stopped.host, stopped.access)) == []
    assert list(boot.examine(examination.host, examination.access)) == []
