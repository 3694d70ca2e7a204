"""The doctor's exit status: 1 means broken, and 2 that it couldn't examine."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from mailboxes.deployment.states import State
from mailboxes.doctor.finding import Hop, HopResult, broken, not_checked, overall, warning
from mailboxes.management.commands.doctor import STATUS, Command
from mailboxes.models import Domain, Mailbox


def status(*arguments: str, **options: object) -> int:
    with pytest.raises(CommandError) as stopped:
        call_command("doctor", *arguments, **options)
    return stopped.value.returncode


def test_something_broken_is_1(domain: Domain) -> None:
    assert status("--json") == 1


def test_an_argument_that_is_no_address_is_2(domain: Domain) -> None:
    assert status("anna") == 2


def test_an_unknown_domain_is_2(domain: Domain) -> None:
    assert status("--domain", "nowhere.example") == 2
    assert not Mailbox.objects.exists()


@pytest.mark.parametrize("skip_checks", [True, False])
def test_invalid_settings_are_2(tables: None, settings: Settings, skip_checks: bool) -> None:
    settings.MAIL_VARIANT = "v3"
    assert status(skip_checks=skip_checks) == 2


def test_an_unknown_option_is_2() -> None:
    parser = Command().create_parser("manage.py", "doctor")
    parser.called_from_command_line = True
    with pytest.raises(SystemExit) as stopped:
        parser.parse_args(["--nonsense"])
    assert stopped.value.code == 2


def test_most_hops_without_time_are_2() -> None:
    late = HopResult(Hop("pam", "PAM"), [not_checked("pam.time", "x")])
    warned = HopResult(Hop("database", "Database"), [warning("database", "x")])
    failed = HopResult(Hop("database", "Database"), [broken("database", "x")])
    assert overall([warned, late, late]) == State.NOT_CHECKED
    assert overall([warned, late]) == State.WARNING
    assert overall([failed, late, late]) == State.BROKEN


def test_nothing_examined_is_2_and_a_warning_is_not_broken() -> None:
    assert STATUS == {"working": 0, "warning": 0, "broken": 1, "not checked": 2}
    assert set(STATUS) == set(State)
