"""The explanation of an address: each fact of a mailbox, an alias and an unknown address."""

import sys
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from django.test.utils import CaptureQueriesContext

from mailboxes import sending
from mailboxes.conf import mail_host
from mailboxes.doctor import address
from mailboxes.doctor.examination import Examination, Login
from mailboxes.doctor.finding import Finding
from mailboxes.handling import DISCARD
from mailboxes.management.commands import doctor
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox, Usage
from mailboxes.passwords import schemes
from tests.conftest import PASSWORD
from tests.hashes import MD5

Change = Callable[[], object]
MAILBOX = "anna@example.org"


def explain(examination: Examination, name: str, password: str = "") -> dict[str, Finding]:
    examination.asked = Login(name, password)
    return {each.code: each for each in address.examine(examination)}


def forward(name: str, goto: str, **more: object) -> None:
    Alias.objects.create(address=name, goto=goto, domain_id=name.rpartition("@")[2], **more)


def test_a_mailbox_in_order_is_green(examination: Examination, anna: Mailbox) -> None:
    found = explain(examination, MAILBOX)
    assert {each.state for each in found.values()} == {"working"}
    assert "Stored as {CRAM-MD5}" in found["mailbox.password"].seen
    assert "delivered to this mailbox" in found["mailbox.mail"].seen
    assert examination.login is None


def of_mailbox(**columns: object) -> Change:
    return lambda: Mailbox.objects.filter(pk=MAILBOX).update(**columns)


def of_own_alias(goto: str) -> Change:
    return lambda: Alias.objects.filter(pk=MAILBOX).update(goto=goto)


def of_domain(**columns: object) -> Change:
    return lambda: Domain.objects.filter(pk="example.org").update(**columns)


def take_by_catch_all() -> None:
    Alias.objects.filter(pk=MAILBOX).delete()
    forward("@example.org", "someone@example.net")


CHANGES: dict[str, tuple[Change, str, str, str]] = {
    "disabled": (of_mailbox(active=False), "mailbox.disabled", "broken", "is disabled"),
    "its domain is disabled": (
        of_domain(active=False),
        *("mailbox.domain", "broken", "The domain example.org is disabled"),
    ),
    "its domain is gone": (
        lambda: Domain.objects.filter(pk="example.org").delete(),
        *("mailbox.domain", "broken", "isn't in the table of domains"),
    ),
    "its domain is relayed": (
        of_domain(transport="relay:[mx.example.net]"),
        *("mailbox.relayed", "warning", "[mx.example.net]"),
    ),
    "a weak hash beside that": (
        lambda: (of_mailbox(password=MD5)(), of_domain(active=False)()),
        *("tables.passwords.weak", "broken", "rejects as weak"),
    ),
    "a weak hash": (of_mailbox(password=MD5), "tables.passwords.weak", "broken", "rejects as weak"),
    "a row that anyone opens": (
        of_mailbox(password="{PLAIN-TRUNC}0-"),
        *("tables.passwords.open", "broken", "any password"),
    ),
    "mail goes to the catch-all": (
        take_by_catch_all,
        *("tables.mailboxes.caught", "broken", "goes to the catch-all"),
    ),
    "and who has it": (
        take_by_catch_all,
        *("mailbox.mail", "working", "goes to: someone@example.net"),
    ),
    "mail is forwarded": (
        of_own_alias("someone@example.net"),
        *("mailbox.mail", "working", "goes to: someone@example.net"),
    ),
    "mail is forwarded to nowhere": (
        of_own_alias("nobody@example.org"),
        *("mailbox.mail", "broken", "nobody@example.org (doesn't exist)"),
    ),
    "mail is refused": (
        of_own_alias("Anna_has_moved=2e@refused.invalid"),
        *("mailbox.refused", "warning", "Anna has moved."),
    ),
    "mail is discarded": (of_own_alias(DISCARD), "mailbox.refused", "warning", "discarded"),
    "the quota is used up": (
        lambda: (
            Mailbox.objects.filter(pk=MAILBOX).update(quota=2**20),
            Usage.objects.create(username=MAILBOX, bytes=2**20),
        ),
        *("mailbox.full", "broken", "1 MiB"),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_wrong_with_a_mailbox_is_said(
    examination: Examination, anna: Mailbox, name: str
) -> None:
    change, code, state, seen = CHANGES[name]
    change()
    found = explain(examination, MAILBOX, PASSWORD)
    assert (found[code].state, seen in found[code].seen) == (state, True), found
    assert (examination.login is None) == (name != "mail is forwarded")


def test_the_right_password_is_tried_at_each_hop(examination: Examination, anna: Mailbox) -> None:
    assert explain(examination, MAILBOX, PASSWORD)["mailbox.typed"].state == "working"
    assert examination.login == Login(MAILBOX, PASSWORD)
    assert PASSWORD not in repr(examination)


def test_a_wrong_password_is_told_from_a_broken_hop(
    examination: Examination, anna: Mailbox
) -> None:
    found = explain(examination, MAILBOX, "wrong")
    assert found["mailbox.typed"].state == "broken"
    assert found["mailbox.login"].state == "not checked" and examination.login is None


def test_a_receive_only_mailbox_is_not_signed_in(examination: Examination, anna: Mailbox) -> None:
    sending.set_may_send(MAILBOX, False)
    assert explain(examination, MAILBOX, PASSWORD)["mailbox.send"].state == "warning"
    assert examination.login is None


def test_a_hash_for_other_daemons_is_named(examination: Examination, anna: Mailbox) -> None:
    stored = schemes.make_password(PASSWORD, "sha512_crypt")
    Mailbox.objects.filter(pk=MAILBOX).update(password=stored)
    found = explain(examination, MAILBOX, PASSWORD)
    assert found["tables.passwords.plain_only"].state == "warning"
    assert examination.login == Login(MAILBOX, PASSWORD)
    v1 = replace(examination, host=mail_host("v1", "debian13"), login=None)
    assert explain(v1, MAILBOX, PASSWORD)["tables.passwords.not_for_pam"].state == "broken"
    assert v1.login is None


OTHERS: dict[str, tuple[str, str, str, str]] = {
    "an alias": ("team@example.org", "mailbox.alias", "working", "an alias, not a mailbox"),
    "its targets": ("team@example.org", "mailbox.mail", "working", "someone@example.net"),
    "a disabled alias": ("off@example.org", "mailbox.disabled", "broken", "disabled"),
    "a catch-all": ("@caught.example", "mailbox.mail", "working", "anna@example.org"),
    "an unknown address": ("nobody@example.org", "mailbox.mail", "warning", "doesn't exist"),
    "no row": ("nobody@example.org", "mailbox.unknown", "warning", "neither a mailbox nor"),
    "an extension": (
        "anna+box@example.org",
        "mailbox.mail",
        "working",
        "goes to: anna@example.org",
    ),
    "caught": ("nobody@caught.example", "mailbox.mail", "working", "goes to: anna@example.org"),
    "an alias domain": ("anna@old.example", "mailbox.alias_domain", "working", "example.org"),
    "in an alias domain": ("anna@old.example", "mailbox.mail", "working", "anna@example.org"),
    "relayed": ("x@relayed.example", "mailbox.relayed", "working", "[mx.example.net]"),
    "another host's": ("x@example.net", "mailbox.domain", "warning", "isn't in the table"),
    "no address": ("example.org", "mailbox.address", "not checked", "not a valid email address"),
}


@pytest.fixture
def neighbors(anna: Mailbox) -> None:
    for name in ("caught.example", "old.example"):
        Domain.objects.create(domain=name)
    Domain.objects.create(domain="relayed.example", transport="relay:[mx.example.net]")
    AliasDomain.objects.create(alias_domain="old.example", target_domain="example.org")
    forward("team@example.org", "anna@example.org,someone@example.net")
    forward("off@example.org", "anna@example.org", active=False)
    forward("@caught.example", "anna@example.org")


@pytest.mark.parametrize("name", OTHERS)
def test_other_addresses_are_explained(
    examination: Examination, neighbors: None, name: str
) -> None:
    typed, code, state, seen = OTHERS[name]
    found = explain(examination, typed)
    assert (found[code].state, seen in found[code].seen) == (state, True), found


def test_nobody_signs_in_with_an_alias(examination: Examination, neighbors: None) -> None:
    assert explain(examination, "team@example.org", PASSWORD)["mailbox.alias"].state == "broken"
    assert examination.login is None


def test_the_command_explains_the_address_first_and_tries_its_password(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(doctor, "getpass", lambda prompt: PASSWORD)
    with pytest.raises(CommandError), CaptureQueriesContext(connections["mail"]) as queries:
        call_command("doctor", MAILBOX.upper(), ask_password=True)  # no mail host runs here
    printed = capsys.readouterr().out
    assert printed.startswith("Mailbox: working") and PASSWORD not in printed
    assert "The password that was typed is the right one." in printed
    assert not any(query["sql"].startswith("INSERT") for query in queries.captured_queries)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--ask-password"], "requires an ADDRESS"),
        ([MAILBOX, "--ask-password"], "not a terminal"),
        ([MAILBOX, "--watch"], "takes no ADDRESS"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(
    tables: None, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO())
    with pytest.raises(CommandError, match=reason) as refused:
        call_command("doctor", *arguments)
    assert refused.value.returncode == 2
