"""What the tests of single hops need."""

from dataclasses import replace
from pathlib import Path

import pytest

from mailboxes.conf import mail_host
from mailboxes.doctor import postfix_services
from mailboxes.doctor.access import Access, Output, Runner
from mailboxes.doctor.examination import Examination


@pytest.fixture(autouse=True)
def no_stock_services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no test depend on whether this machine has Postfix."""
    monkeypatch.setattr(postfix_services, "STOCK", tmp_path / "no master.cf.dist")


@pytest.fixture
def examination(tables: None) -> Examination:
    """An examination by a process that doesn't run on the mail host."""
    host = replace(mail_host("v2", "debian13"), hostname="mail.example.test")
    return Examination(host, Access(None, False, False, "mail.example.test"))


def as_root(examination: Examination, runner: Runner) -> Examination:
    """Return the same by root on the mail host."""
    return replace(examination, access=Access(runner, True, True, "127.0.0.1"))


def printing(text: str) -> Runner:
    """Return what runs no program, but answers as one that prints this."""
    return lambda command, input="", user="": Output(0, text, "")
