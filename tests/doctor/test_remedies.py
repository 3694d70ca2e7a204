"""Commands to copy: each name in them is one word for a shell, whatever is in it."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from mailboxes.conf import DatabaseHost, MailHost
from mailboxes.doctor import chain, mail_folder, maps, remedies, sqlite_file
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, warning
from tests.doctor.conftest import as_root, printing

ODD = "my mail; $(reboot) 'x'"


def odd(host: MailHost) -> MailHost:
    """Return a host whose names and paths have what a shell would run."""
    database = replace(host.database, name=ODD, hosts=(DatabaseHost(ODD, 3307),))
    return replace(host, home=f"/srv/{ODD}", database=database)


def test_names_in_commands_are_quoted(examination: Examination) -> None:
    host = odd(examination.host)
    examination = replace(as_root(examination, printing("")), host=host)
    commands = [
        maps.collation(examination).command,
        mail_folder.open_folder(examination).command,
        remedies.grant(host, host.database.hosts[0]).command,
        remedies.on_database(host.database, "SELECT 1").command,
        *(found.remedy.command for found in unreadable(examination)),
    ]
    assert len(commands) == 5
    for command in commands:
        assert any(ODD in word for word in shlex.split(command)), command


def test_a_mail_folder_that_is_gone_is_not_just_created(
    examination: Examination, tmp_path: Path
) -> None:
    here = replace(examination, host=replace(examination.host, home=f"{tmp_path}/gone"))
    root = as_root(here, printing(""))
    assert "move it back or mount its disk" in str(mail_folder.open_folder(root).advice)
    assert "the owner of all files" in str(mail_folder.open_folder(here).advice)
    (tmp_path / "gone").mkdir()
    assert "the owner of all files" in str(mail_folder.open_folder(root).advice)


def unreadable(examination: Examination) -> list[Finding]:
    """Examine a database in a folder that Postfix can't enter."""
    closed = as_root(examination, lambda command, input="", user="": Output(1, f"/srv/{ODD}", ""))
    return list(sqlite_file.check_readers(closed, f"/srv/{ODD}/var/mail.sqlite3"))


@pytest.mark.parametrize(
    ("place", "client"),
    [
        (DatabaseHost(socket="/run/mysqld/mysqld.sock"), "mariadb"),
        (DatabaseHost("127.0.0.1"), "mariadb"),
        (DatabaseHost("127.0.0.1", 3307), "mariadb --host=127.0.0.1 --port=3307 --user=root -p"),
        (DatabaseHost(socket="/run/other.sock"), "mariadb --socket=/run/other.sock"),
        (
            DatabaseHost("db.example.org"),
            "mariadb --host=db.example.org --port=3306 --user=root -p",
        ),
    ],
)
def test_the_client_reaches_the_server_that_is_meant(place: DatabaseHost, client: str) -> None:
    assert remedies.sql_client(place) == client


def test_a_command_is_printed_once(examination: Examination) -> None:
    apply = broken("ports.587", "It fails.", remedies.APPLY_AND_RESTART)
    warned = warning("drift.rights", "They differ.", remedies.APPLY)
    before = broken("ports.465", "It fails, too.", remedies.REPAIR_BEFORE)
    found = [
        chain.with_new_command(examination, each)
        for each in (warned, apply, warned, before, before)
    ]
    commands = [each.remedy.command for each in found]
    restart = remedies.REPAIR_BEFORE.command
    more = remedies.APPLY_AND_RESTART.command
    assert commands == [remedies.APPLY.command, more, "", restart, restart]
    assert found[2].seen == warned.seen and "mends this, too" in str(found[2].remedy.advice)
