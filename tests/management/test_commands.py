"""Every command fails with status 1 and a sentence, never with a traceback."""

import re
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connections
from pytest_django import Settings

from mailboxes.models import AliasDomain, Domain, Mailbox
from tests.management.conftest import ROOT, manage


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["createdomain", "localhost"], "“localhost” is not a valid domain name"),
        (["createdomain", "example.org"], "The domain example.org already exists."),
        (["createmailbox", "a@b@c"], "“a@b@c” is not a valid email address"),
        (["createmailbox", "anna@example.com"], "The domain example.com doesn't exist here"),
        (["createmailbox", "x" * 65 + "@example.org"], "is too long"),
        (["createmailbox", "anna@example.org", "--quota", "many"], "“many” is not a valid size"),
        (["createmailbox", "anna@example.org", "--quota", "1G"], "at most 97.7 MiB"),
        (["createmailbox", "anna@example.org", "--quota", "1M"], "not a terminal"),
        (["createmailbox", "a@example.org", "--generate", "--password-stdin"], "not both."),
        (["exportconfig", "--output", "."], "not an empty folder"),
        (["exportconfig", "--output", "new", "--variant", "v1"], "SQLite"),
    ],
)
def test_errors_exit_with_status_1_and_a_sentence(
    domain: Domain,
    mail_file: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    Domain.objects.update(maxquota=100)
    monkeypatch.setattr(sys, "stdin", StringIO())
    with pytest.raises(SystemExit) as ended:
        load_command_class("mailboxes", arguments[0]).run_from_argv(["manage.py", *arguments])
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (1, "")
    assert sentence in printed.err and len(printed.err.strip().splitlines()) == 1
    assert not (ROOT / "new").exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("createdomain", "Missing argument: NAME. See manage.py createdomain --help."),
        ("prunelog", "Missing arguments: --before DATE and --to FILE. See manage.py prunelog --h"),
        ("createdomain a.org b.org", "Unexpected argument: “b.org”. See manage.py createdomain"),
        ("createmailbox a@a.org --password=x", "Unknown option: --password. See manage.py creat"),
        ("createdomain a.org --quo 5G", "Unknown option: --quo. See manage.py createdomain --"),
        ("createdomain a.org --quota", "The option --quota requires a value. Use --quota=SIZE; th"),
        ("createdomain a.org --quota -x", "The option --quota requires a value. Use --quota=SIZE;"),
        ("createmailbox a@a.org --generate=x", "The option --generate doesn't take a value."),
        ("createdomain a.org --mailboxes viele", "“viele” is not a whole number such as 25."),
        ("createdomain a.org --mailboxes ٣", "“٣” is not a whole number such as 25."),
        ("createdomain a.org --aliases=", "“” is not a whole number such as 25."),
        (f"createdomain a.org --aliases {'9' * 5000}", "9” is not a whole number such as 25."),
        ("exportconfig --variant v3", "“v3” is not a variant. Use one of: v1, v2."),
        ("exportconfig --release v2", "“v2” is not a release. Use one of: debian12, debian13."),
        ("exportconfig --scheme \x1b", "“\ufffd” is not a scheme. Use one of: MD5, SHA512-CRYPT"),
        ("exportconfig --output=", "The path is empty. Enter the name of a new file or folder."),
        ("exportconfig --output new\x07", "“new\ufffd” can't be used: the path contains control"),
        ("prunelog --before 2026-01-31 --to new\udcff", "“new\ufffd” can't be used: the path con"),
        ("firstadmin x", "Unexpected argument: “x”. See manage.py firstadmin --help."),
        ("createdemo -v 9", "“9” is not a verbosity level. Use one of: 0, 1, 2, 3."),
        ("verifylog --head x:y", "“x:y” is not a valid log head. Copy the part SEQ:MAC from a "),
        ("verifylog --head=", "“” is not a valid log head. Copy the part SEQ:MAC from a line “l"),
        ("verifylog --head", "The option --head requires a value. Use --head=SEQ:MAC; the = is"),
    ],
)
def test_a_wrong_argument_is_refused_in_our_own_words(
    capsys: pytest.CaptureFixture[str], line: str, sentence: str
) -> None:
    name, *arguments = line.split(" ")
    with pytest.raises(SystemExit) as ended:
        load_command_class("mailboxes", name).run_from_argv(["manage.py", name, *arguments])
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (1, "")
    assert sentence in printed.err and re.fullmatch(r"CommandError: .+\.\n", printed.err)


def test_a_wrong_argument_of_call_command_is_a_command_error() -> None:
    with pytest.raises(CommandError, match="Unknown option: --x"):
        call_command("createdemo", "--x")


def test_a_missing_database_is_reported(tmp_path: Path) -> None:
    done = manage("createdomain", "example.org", folder=tmp_path / "missing")
    assert done.returncode == 1
    assert "The database can't be used: unable to open database file. Correct" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_mysql_server_is_reported_without_the_password(tmp_path: Path) -> None:
    env = {
        "MAIL_DATABASE_URL": "mysql://panel:geheim@127.0.0.1:9/mail",
        "MAIL_LOOKUP_PASSWORD": "a",
        "MAIL_AUTH_PASSWORD": "b",
    }
    done = manage("createdomain", "example.org", folder=tmp_path, **env)
    assert done.returncode == 1 and "The database can't be used: " in done.stderr
    assert "geheim" not in done.stderr and "Traceback" not in done.stderr


def test_the_demo_is_created_once(tables: None) -> None:
    for _ in range(2):
        call_command("createdemo", stdout=StringIO())
    assert Domain.objects.count() == 3 and Mailbox.objects.count() == 18


def test_an_interrupted_demo_names_the_domain_that_is_incomplete(tables: None) -> None:
    def fail(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        if sql.startswith("INSERT") and "maildir" in sql and "example.net" in str(params):
            raise OperationalError("disk I/O error")
        return execute(sql, params, *rest)

    with connections["mail"].execute_wrapper(fail), pytest.raises(CommandError) as refused:
        call_command("createdemo", stdout=StringIO())
    assert str(refused.value) == (
        "The database can't be used: disk I/O error. The domain example.net is incomplete. Correct "
        "this, delete the domain in the panel, then run the command again."
    )
    Domain.objects.get(pk="example.net").delete()
    call_command("createdemo", stdout=StringIO())
    assert Domain.objects.count() == 3 and Mailbox.objects.count() == 18
    assert AliasDomain.objects.get().target_domain == "example.org"


def test_a_command_checks_the_settings_of_the_mail_host_but_loads_no_pages(
    tables: None, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "missing"
    call_command("createdomain", "example.org", skip_checks=False)
    settings.MAIL_RELEASE = "woody"
    with pytest.raises(SystemCheckError, match="woody"):
        call_command("createdomain", "example.net", skip_checks=False)
    assert Domain.objects.get().pk == "example.org"
