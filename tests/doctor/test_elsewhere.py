"""The doctor on another machine than the mail host: nothing there is taken for the mail host."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import DatabaseError, connections
from pytest_django import Settings

from mailboxes.conf import DatabaseHost, MailDatabase, mail_host
from mailboxes.deployment.states import State
from mailboxes.doctor import access, chain, elsewhere
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, Hop, broken, working
from mailboxes.doctor.logs import read_log
from mailboxes.doctor.remedies import APPLY, APPLY_AND_RESTART, Remedy
from mailboxes.models import Domain
from tests.conftest import TESTER


@pytest.fixture
def postfix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a Postfix that sends the mail of the panel's machine."""
    monkeypatch.setattr(access, "POSTFIX", tmp_path)
    (tmp_path / "main.cf").write_text("myhostname = panel.example.org\nrelayhost = [192.0.2.1]\n")
    return tmp_path


def test_a_postfix_of_its_own_does_not_make_a_mail_host(postfix: Path) -> None:
    found = access.find_access(mail_host())
    assert (found.is_mail_host, found.address(25)) == (False, "mail.example.test")
    (postfix / "main.cf").unlink()
    assert not access.is_mail_host()


def test_the_folder_and_main_cf_each_show_what_was_applied(postfix: Path) -> None:
    settings = f"virtual_mailbox_maps = proxy:mysql:{postfix}/mailadmin/mailboxes.cf\n"
    usual = (postfix / "main.cf").read_text()
    (postfix / "main.cf").write_text(usual + settings)
    assert access.is_mail_host()
    (postfix / "main.cf").write_text(usual)
    (postfix / "mailadmin").mkdir()
    found = access.find_access(mail_host())
    assert (found.is_mail_host, found.address(1)) == (True, "127.0.0.1")


@pytest.mark.parametrize("variant", ["v1", "v2"])
def test_every_hop_of_the_mail_host_says_where_it_can_be_examined(
    domain: Domain, postfix: Path, settings: Settings, variant: str
) -> None:
    settings.MAIL_VARIANT = variant
    host = mail_host()
    results = {
        result.hop.code: result for result in chain.examine(TESTER, host, access.find_access(host))
    }
    assert results.pop("database").state == State.WORKING
    ports = results.pop("ports")
    assert ports.state == State.BROKEN  # there is no mail.example.test
    assert "Port 25 of mail.example.test can't be reached" in ports.findings[0].seen
    assert results.pop("tables").state == State.WORKING
    assert set(results) >= ({"pam", "saslauthd"} if variant == "v1" else {"dovecot"})
    for result in results.values():
        assert [finding.state for finding in result.findings] == [State.NOT_CHECKED]
        assert result.findings[0].remedy.command == "sudo sh apply --dry-run"


def test_commands_for_the_mail_host_do_nothing_on_this_machine() -> None:
    moved = elsewhere.over_ssh(broken("x", "x", APPLY_AND_RESTART), "mail.example.test")
    export, _, there = moved.remedy.command.partition("bundle | ssh root@mail.example.test '")
    assert "exportconfig" in export and "apply" not in export and "systemctl" not in export
    assert there == (
        'd=$(mktemp -d) && tar -xC "$d" && sh "$d/bundle/apply"; rm -r "$d"\''
        '; rm -r "$d"; ssh root@mail.example.test systemctl restart postfix'
    )
    renewed = broken("x", "x", Remedy("Renew it:", "certbot renew && systemctl restart postfix"))
    moved = elsewhere.over_ssh(renewed, "mail.example.test")
    assert moved.remedy.command == (
        "ssh root@mail.example.test 'certbot renew && systemctl restart postfix'"
    )
    own = broken("x", "x", Remedy("Start it:", "systemctl restart mariadb"))
    assert elsewhere.over_ssh(own, "mail.example.test") == own


def test_only_what_also_holds_on_the_mail_host_is_said_of_the_accounts() -> None:
    findings = [
        working("database.lookup", "Fine."),
        broken("database.auth.grant", "A right is missing."),
        broken("database.auth.refused", "Refused."),
        broken("database.unreachable", "No answer."),
    ]
    states = [finding.state for finding in elsewhere.seen_from_here(findings)]
    assert states == [State.WORKING, State.BROKEN, State.NOT_CHECKED, State.NOT_CHECKED]
    assert elsewhere.on_mail_host(DatabaseHost("127.0.0.1", 3306)).state == State.NOT_CHECKED


def test_what_a_log_asks_for_is_done_on_the_mail_host(tables: None, postfix: Path) -> None:
    lines = (
        "cannot connect to saslauthd server: Permission denied\n"
        "doveconf: Fatal: x\n"
        "Access denied for user\n"
        "unreasonable virtual_alias_maps map\n"
    )
    found = {each.code: each.remedy.command for each in read_log(lines, mail_host()).findings}
    there = "ssh root@mail.example.test"
    assert found["saslauthd.permission"].startswith(f"{there} 'adduser postfix sasl && ")
    assert "systemctl restart postfix'" in found["saslauthd.permission"]
    assert (
        f'bundle | {there} \'d=$(mktemp -d) && tar -xC "$d" && sh' in found["dovecot.configuration"]
    )
    assert found["aliases.loop"] == ".venv/bin/python manage.py checkaliases"
    (postfix / "mailadmin").mkdir()
    (here,) = read_log("doveadm: doveconf: Fatal: x", mail_host()).findings
    assert here.remedy == APPLY


def fail(examination: Examination) -> Iterator[Finding]:
    raise DatabaseError("gone")


def test_a_database_that_fails_is_started_where_the_panel_finds_it(
    postfix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = connections["mail"].settings_dict
    for name, value in (("ENGINE", "django.db.backends.mysql"), ("HOST", "db.example.org")):
        monkeypatch.setitem(own, name, value)
    monkeypatch.setattr(chain, "STEPS", (chain.Step(Hop("new", "New"), fail),))
    database = MailDatabase("mysql", "mail", (DatabaseHost("127.0.0.1"),))
    host = replace(mail_host(), database=database)
    (result,) = chain.examine(TESTER, host, access.find_access(host))
    remedy = result.findings[0].remedy
    assert "db.example.org" in str(remedy.advice)
    assert remedy.command.startswith("ssh root@mail.example.test systemctl restart ")
