"""Why Postfix doesn't run: another program has one of its ports."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mailboxes.conf import DatabaseHost
from mailboxes.doctor import maps
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination
from tests.doctor.conftest import as_root, printing

LISTENING = 'LISTEN 0 5 0.0.0.0:587 0.0.0.0:* users:(("{}",pid=4711,fd=3))'


@pytest.mark.parametrize(
    ("unit", "mending"),
    [
        ("exim4.service", "systemctl disable --now exim4.service && systemctl restart postfix"),
        (
            "session-3.scope",
            "kill 4711 && timeout 10 tail --pid=4711 -f /dev/null && systemctl restart postfix",
        ),
    ],
)
def test_the_program_that_has_a_port_of_postfix_is_named(
    examination: Examination, unit: str, mending: str
) -> None:
    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        if command[0] == "ps":
            return Output(0, f"{unit}\n", "")
        return Output(0, LISTENING.format("exim4") if ":587" in command[-1] else "", "")

    found = maps.taken_port(as_root(examination, run))
    assert found and found.code == "maps.port" and found.remedy.command == mending
    assert found.seen == "Port 587 is used by exim4 (process 4711), so Postfix can't start."


@pytest.mark.parametrize("name", ["master", "systemd"])
def test_postfix_itself_and_sockets_of_systemd_are_no_others(
    examination: Examination, name: str
) -> None:
    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        return Output(0, LISTENING.format(name), "")

    assert maps.taken_port(as_root(examination, run)) is None


def test_daemons_of_the_mail_host_are_no_others_either(examination: Examination) -> None:
    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        return Output(0, "dovecot.service" if command[0] == "ps" else LISTENING.format("login"), "")

    assert maps.taken_port(as_root(examination, run)) is None


def test_columns_that_differ_are_one_finding_however_many_files_name_them(
    examination: Examination,
) -> None:
    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        kinds = ("latin1", "utf8mb4") if "aliases" in command[-1] else ("utf8mb4", "latin1")
        why = f"query failed: Illegal mix of collations ({kinds[0]}) and ({kinds[1]})"
        return Output(2, "", f"postmap: warning: mysql:x: {why}\n")

    host = replace(examination.host, database=replace(examination.host.database, engine="mysql"))
    host = replace(host, database=replace(host.database, hosts=(DatabaseHost("127.0.0.1"),)))
    here = as_root(replace(examination, host=host), run)
    (found,) = maps.ask_all(here, ["domains", "aliases"])
    assert found.code == "maps.collation" and "domains.cf, aliases.cf" in found.seen


def test_a_library_that_postfix_may_not_read_is_opened(examination: Examination) -> None:
    library = "/usr/lib/postfix/postfix-mysql.so"
    why = f"dlopen failure loading {library}: {library}: cannot open: Permission denied"
    here = as_root(examination, printing(""))
    found = maps.explain(here, why, ["aliases.cf"])
    assert found.remedy.command.startswith(f"chmod a+rX {library} && ")
