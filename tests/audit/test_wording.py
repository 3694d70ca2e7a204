"""Entries of the log in words: what was done, what came of it, and which values changed."""

import json
from typing import Any

import pytest
from django.utils import translation

from mailboxes.audit import wording
from mailboxes.audit.entries import OPEN, Logged
from mailboxes.audit.models import Entry, Phase, Subject
from mailboxes.audit.refusals import refusal_as_json
from mailboxes.errors import Refused


def logged(action: str = "mailbox.change", outcome: str = Phase.DONE, text: str = "") -> Logged:
    return Logged(Entry(action=action), [], 0, outcome, text)


def change(column: str, before: Any, after: Any, model: str = "mailbox") -> tuple[str, str, str]:
    [found] = wording.describe_changes(Subject(model=model, changes={column: [before, after]}))
    return found


@pytest.mark.parametrize(
    ("action", "english", "german"),
    [
        ("mailbox.create", "added", "hinzugefügt"),
        ("mailbox.disable", "disabled", "deaktiviert"),
        ("administrator.failed-sign-in", "sign-in failed", "Anmeldung fehlgeschlagen"),
        ("mailbox.paint", "paint", "paint"),
    ],
)
def test_an_action_is_a_word_in_the_readers_language(
    action: str, english: str, german: str
) -> None:
    assert wording.verb(logged(action)) == english
    with translation.override("de"):
        assert wording.verb(logged(action)) == german


@pytest.mark.parametrize(
    ("outcome", "text", "english", "german"),
    [
        (Phase.DONE, "", "", ""),
        (OPEN, "", "interrupted, or still running", "unterbrochen oder noch nicht abgeschlossen"),
        (
            Phase.SETTLED,
            "3 2 1",
            "interrupted: 3 changes applied, 2 not applied, 1 unknown",
            "unterbrochen: 3 Änderungen ausgeführt, 2 nicht ausgeführt, 1 ungeklärt",
        ),
    ],
)
def test_only_an_outcome_other_than_done_is_written(
    outcome: str, text: str, english: str, german: str
) -> None:
    assert wording.outcome(logged(outcome=outcome, text=text)) == english
    with translation.override("de"):
        assert wording.outcome(logged(outcome=outcome, text=text)) == german


def test_a_refusal_is_given_as_the_reason_in_the_readers_language() -> None:
    error = Refused("The domain %(name)s already exists.", {"name": "example.org"})
    stored = json.dumps(refusal_as_json(error))
    refused = logged(outcome=Phase.REFUSED, text=stored)
    assert wording.outcome(refused) == "refused: The domain example.org already exists."
    with translation.override("de"):
        german = "abgelehnt: Die Domain example.org gibt es schon."
        assert wording.outcome(refused) == german


@pytest.mark.parametrize(
    ("model", "english", "german"),
    [("aliasdomain", "Alias domain", "Alias-Domain"), ("mailbox", "Mailbox", "Postfach")],
)
def test_the_kind_of_an_object_is_written_before_its_name(
    model: str, english: str, german: str
) -> None:
    assert wording.object_label(Subject(model=model)) == english
    with translation.override("de"):
        assert wording.object_label(Subject(model=model)) == german
    assert wording.object_label(Subject(model="configuration")) == ""


@pytest.mark.parametrize(
    ("column", "before", "after", "expected"),
    [
        ("active", True, False, ("Active", "yes", "no")),
        ("name", "", "Anna", ("Name", "", "Anna")),
        ("quota", 0, 2**30, ("Quota", "no limit", "1 GiB")),
        ("goto", "a@x.org", "a@x.org,b@x.org", ("Forwards to", "a@x.org", "a@x.org, b@x.org")),
        ("groups", None, ["one", "two"], ("Groups", "", "one, two")),
        ("mailboxes", 5, 1234, ("Maximum mailboxes", "5", "1,234")),
        ("new_column", "a", "b", ("New column", "a", "b")),
    ],
)
def test_a_change_is_written_as_in_the_form(
    column: str, before: Any, after: Any, expected: tuple[str, str, str]
) -> None:
    assert change(column, before, after) == expected


def test_a_domains_quota_is_counted_in_its_own_unit() -> None:
    label = "Total quota of all mailboxes"
    assert change("quota", 1024, -1, "domain") == (label, "1000 MiB", "switched off")
    with translation.override("de"):
        assert change("maxquota", 1049, 0, "domain")[1:] == ("1 GiB", "unbegrenzt")


def test_the_values_of_a_password_are_not_written() -> None:
    assert wording.describe_changes(Subject(changes={"password": []})) == [("Password", "", "")]


def test_the_log_can_be_filtered_by_every_action_in_words() -> None:
    names = {name: (model, verb) for name, model, verb in wording.action_names()}
    assert names["mailbox.disable"] == ("mailbox", "disabled")
    assert names["administrator.failed-sign-in"] == ("administrator", "sign-in failed")
    assert names["mailbox.failed-sign-in"] == ("mailbox", "sign-in failed")


def test_the_log_is_filtered_by_actions_that_happen() -> None:
    names = [name for name, _model, _verb in wording.action_names()]
    assert len(names) == len(set(names))
    for name in ("configuration.download", "log.prune", "mailbox.password", "domain.create"):
        assert name in names
    assert "group.download" not in names and "administrator.enable" not in names
