"""What is said of a message that doesn't arrive, and of what waits in the queue."""

import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mailboxes.doctor import delivery, mail_queue, postfix_services, usage_writes
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination, Login
from mailboxes.doctor.mail_queue import Queued
from mailboxes.models import Domain, Usage
from tests.doctor.conftest import as_root, printing

OURS = "mailadmin-check-0123456789ab@example.org"
LINE = (
    '{"queue_name": "deferred", "queue_id": "%s", "arrival_time": %d, "recipients": '
    '[{"address": "%s", "delay_reason": "Connection refused"}]}\n'
)


@pytest.mark.parametrize(
    ("queued", "code"),
    [
        ([Queued("deferred", "A", 0, {OURS: "Connection refused"})], "delivery.deferred"),
        ([Queued("active", "A", 0, {OURS: ""})], "delivery.slow"),
        ([Queued("incoming", "A", 0, {OURS: ""})], "delivery.stuck"),
        ([Queued("hold", "A", 0, {OURS: ""})], "delivery.held"),
        ([], "delivery.lost"),
    ],
)
def test_it_is_said_where_a_message_has_stayed(
    examination: Examination, queued: list[Queued], code: str
) -> None:
    found = delivery.undelivered(as_root(examination, printing("")), queued, None)
    assert (found.code, bool(found.remedy.command)) == (code, True)
    assert found.state == ("warning" if code == "delivery.slow" else "broken")


def test_a_folder_that_is_not_the_mail_users_is_given_back_to_it(
    examination: Examination, domain: Domain, tmp_path: Path
) -> None:
    home = str(tmp_path)
    examination.host = replace(examination.host, home=home)
    reason = f"create maildir file {home}/{domain}/anna/tmp/1.P2: Permission denied"
    command = f" && chown -R {examination.host.uid}:{examination.host.gid} {home} && "
    here = as_root(examination, printing(""))
    queued = [Queued("deferred", "A", 0, {OURS: f"maildir delivery failed: {reason}"})]
    (waiting,) = mail_queue.deferred(examination, [(f"anna@{domain}", reason)])
    for found in (delivery.undelivered(here, queued, None), waiting):
        assert command in f" && {found.remedy.command}", found
        assert found.remedy.command.endswith(" && postqueue -f")
    elsewhere = [(f"anna@{domain}", reason.replace(home, "/tmp"))]
    (waiting,) = mail_queue.deferred(examination, elsewhere)
    assert waiting.remedy.command == "postqueue -f"


def test_no_message_is_sent_to_users_nor_where_copies_of_it_go(examination: Examination) -> None:
    copying = as_root(examination, printing("archive@example.org\n\n"))
    users = replace(copying, login=Login("anna@example.org", "x"))
    assert "to users" in next(delivery.prove(users, None)).seen
    ours = replace(copying, login=Login(OURS, "x"), folder=f"/var/vmail/{OURS}", accepting={25})
    (found,) = delivery.prove(ours, None)
    assert (found.state, found.detail) == ("not checked", "archive@example.org")


def test_usage_that_dovecot_has_not_written_is_named(
    examination: Examination, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_writes, "SECONDS", 0.0)
    assert list(usage_writes.noted(examination, OURS)) == []  # with SQLite, none is written
    database = replace(examination.host.database, engine="mysql")
    here = replace(examination, host=replace(examination.host, database=database))
    (found,) = usage_writes.noted(here, OURS)
    assert (found.code, found.state) == ("delivery.usage", "warning")
    Usage.objects.create(username=OURS, bytes=1, messages=1)
    assert list(usage_writes.noted(here, OURS)) == []
    Usage.objects.all().delete()
    here.named.add("database.usage")
    assert list(usage_writes.noted(here, OURS)) == []


def test_messages_of_a_run_that_was_killed_are_removed_and_no_others(
    examination: Examination,
) -> None:
    new = 4_000_000_000
    lines = LINE % ("OLD", 0, OURS) + LINE % ("NEW", new, OURS) + LINE % ("USER", 0, "a@b.example")
    removed: list[str] = []

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        removed.extend(command[2:] if command[0] == "postsuper" else [])
        return Output(0, f'{lines}{{"cut o', "")

    assert list(mail_queue.examine(as_root(examination, run))) == []
    assert removed == ["OLD"]


def test_only_mail_for_own_addresses_or_for_many_domains_is_named(
    examination: Examination, domain: Domain
) -> None:
    own = (f"anna@{domain.pk}", "Permission denied")
    (found,) = mail_queue.deferred(examination, [own, own, ("b@other.example", "timed out")])
    assert (found.state, found.detail) == ("warning", "2 x Permission denied")
    others = [(f"b@{number}.example", "timed out") for number in range(10)]
    assert "10 other domains" in next(mail_queue.deferred(examination, others)).seen
    assert list(mail_queue.deferred(examination, others[1:])) == []


def test_a_missing_service_is_put_back_as_debian_has_it(
    examination: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = "\n".join(f"{name} unix - - y - - {name}" for name in postfix_services.NEEDED)
    stock += "\nvirtual unix  -  n n\t- - virtual\n  -o a=b\n#lmtp unix - - y - - lmtp\n"
    monkeypatch.setattr(postfix_services, "stock_text", lambda: stock)
    here = stock.replace("virtual unix", "virtual inet")

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        return Output(0, here if "-M" in command else "virtual\nlocal:x\n$a\n", "")

    access = as_root(examination, run).access
    (found,) = postfix_services.missing(access)
    assert "local, virtual" in found.seen and not found.remedy.command
    here += "local unix - - n - - local\n"
    (found,) = postfix_services.missing(access)
    put_back = "postconf -Me 'virtual/unix=virtual unix - n n - - virtual -o a=b' && "
    assert found.remedy.command.startswith(put_back)


def test_an_empty_master_cf_and_one_without_port_25_are_named(
    examination: Examination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postfix_services, "STOCK", tmp_path / "master.cf.dist")
    access = as_root(examination, printing("")).access
    assert list(postfix_services.missing(access)) == []
    tmp_path.joinpath("master.cf.dist").touch()
    (found,) = postfix_services.missing(access)
    assert found.remedy.command.startswith(f"cp {tmp_path}/master.cf.dist /etc/postfix/master.cf; ")
    for line in ("smtp inet n - y - - smtpd\n", "*:25 inet n - y - 1 postscreen\n"):
        access = as_root(examination, printing(line)).access
        assert list(postfix_services.without_port_25(access)) == []
    access = as_root(examination, printing("smtp unix - - y - - smtp\n")).access
    (found,) = postfix_services.without_port_25(access)
    assert "postconf -Me 'smtp/inet=smtp inet n - y - - smtpd' && " in found.remedy.command


def test_two_services_on_one_port_are_named(examination: Examination) -> None:
    lines = "".join(f"{name} inet n - y - - smtpd\n" for name in ("smtp", "submission"))
    assert list(postfix_services.doubled(as_root(examination, printing(lines)).access)) == []
    lines += "127.0.0.1:587 inet n - y - - smtpd\n"
    (found,) = postfix_services.doubled(as_root(examination, printing(lines)).access)
    assert found.remedy.command.startswith("postconf -MX 127.0.0.1:587/inet && ")


@pytest.mark.parametrize(
    ("line", "is_changed"),
    [
        ("cleanup unix n - y - 0 cleanup", False),
        ("cleanup unix n - n - 5 cleanup -o a=b", False),
        ("cleanup unix n - y - 0 nosuch", True),
        ("proxymap unix - - y - - proxymap", True),
    ],
)
def test_a_service_with_another_program_or_in_a_chroot_is_set_back(
    examination: Examination, monkeypatch: pytest.MonkeyPatch, line: str, is_changed: bool
) -> None:
    stock = "cleanup unix n - y - 0 cleanup\nproxymap unix - - n - - proxymap\n"
    monkeypatch.setattr(postfix_services, "stock_text", lambda: stock)
    found = postfix_services.changed(as_root(examination, printing(f"{line}\n")).access)
    assert bool(found) == is_changed


def test_postscreen_needs_a_service_behind_it(examination: Examination) -> None:
    lines = "smtp inet n - y - 1 postscreen\n"
    (found,) = postfix_services.postscreen(as_root(examination, printing(lines)).access)
    assert found.remedy.command.startswith("postconf -Me 'smtpd/pass=smtpd pass ")
    lines += "smtpd pass - - y - - smtpd\n"
    assert list(postfix_services.postscreen(as_root(examination, printing(lines)).access)) == []


def test_a_mail_filter_that_accepts_connections_and_says_nothing_is_named(
    examination: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "FILTER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        value = f"smtp-amavis:[127.0.0.1]:{server.getsockname()[1]}"
        here = as_root(examination, printing(f"{value}\n"))
        found = delivery.undelivered(here, [Queued("active", "A", 0, {OURS: ""})], None)
        assert (found.code, found.state) == ("delivery.filter", "broken") and value in found.seen
    assert delivery.silent_filter(as_root(examination, printing("\n"))) == ""
