"""What a dry run notes of aliases that lose mail because of an import."""

from contextlib import closing

import pytest

from mailboxes import actions
from mailboxes.access.scope import EVERYTHING, Scope
from mailboxes.actions.imports import targets
from mailboxes.actions.imports.outcomes import ImportOptions
from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
)
from mailboxes.addresses import DomainName
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.forwarding.wording import OUTSIDE
from mailboxes.handling import Handling, handling_target
from mailboxes.models import Alias, Domain, Mailbox
from tests.conftest import TESTER, forget_lookups

REFUSED = "These aliases don't forward to anything else, so mail to them is refused: "
SOME = Scope(None, frozenset({"example.org"}))


def add(address: str, *goto: str) -> None:
    domain = address.rpartition("@")[2]
    Alias.objects.create(address=address, goto=",".join(goto), domain_id=domain)


def notes(*rows: ImportRow, scope: Scope = EVERYTHING) -> list[str]:
    options = ImportOptions(creates_domains=True, updates=True)
    with closing(targets.Targets()) as found:
        for outcome in actions.plan_import(Actor(ADMINISTRATOR, "x", "", scope), rows, options):
            assert not outcome.refusal, str(outcome.refusal)
            found.add(outcome)
        return [f"{planned.place}: {note}" for planned, note in found.notes(scope)]


@pytest.fixture(autouse=True)
def rows(anna: Mailbox, bob: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("other.example"))
    actions.create_alias_domain(TESTER, "other.example", "example.org")
    add("team@example.org", "anna@example.org")
    add("all@example.org", "team@example.org", "bob@example.org")
    add("away@other.example", "Team+x@example.org")


@pytest.mark.parametrize("adopted", [False, True])
def test_aliases_above_a_mailbox_that_is_disabled_are_noted(
    adopted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if adopted:
        forget_lookups()
    off = MailboxRow("line 1", "anna@example.org", active=False)
    assert notes(MailboxRow("line 1", "anna@example.org", name="Anna")) == []
    partly = "line 1: Mail to these aliases still arrives elsewhere, but partly bounces: "
    assert notes(off) == [
        f"line 1: {REFUSED}team@example.org, away@other.example.",
        f"{partly}all@example.org → team@example.org.",
    ]
    assert notes(off, scope=SOME) == [
        f"line 1: {REFUSED}team@example.org.",
        f"{partly}all@example.org → team@example.org.",
        f"line 1: {OUTSIDE}",
    ]
    monkeypatch.setattr(targets, "MAX_ROWS", 4)
    [first, *_others] = notes(off)
    assert ("it isn't checked which of them" in first) == adopted


def test_aliases_above_an_alias_of_the_import_are_noted_too() -> None:
    dead = AliasRow("line 1", "team@example.org", ("gone@example.org",))
    assert notes(dead)[1] == f"line 1: {REFUSED}away@other.example."
    goto = handling_target(Handling.REFUSED, "No.")
    assert notes(AliasRow("line 1", "team@example.org", (goto,)))[0].startswith(
        f"line 1: {REFUSED}away@other.example."
    )
    assert notes(dead, MailboxRow("line 2", "gone@example.org")) == []
    off = MailboxRow("line 2", "bob@example.org", active=False)
    assert f"line 1: {REFUSED}all@example.org, away@other.example." in notes(dead, off)


def test_targets_in_domains_of_others_are_noted_without_their_names() -> None:
    actions.create_domain(TESTER, DomainName.parse("empty.example"))
    dead = AliasRow("line 1", "new@example.org", ("gone@empty.example",))
    [note] = notes(dead, scope=SOME)
    assert note.startswith("line 1: Mail to new@example.org is refused, since its targets outside")
    assert notes(AliasRow("line 1", "new@example.org", ("bob@example.org",)), scope=SOME) == []
    both = AliasRow("line 1", "new@example.org", ("gone@empty.example", "bob@example.org"))
    [note] = notes(both, scope=SOME)
    assert "reach all of its targets: some outside your domains" in note


def test_aliases_into_a_domain_or_an_alias_domain_are_noted() -> None:
    actions.create_domain(TESTER, DomainName.parse("empty.example"))
    add("out@example.org", "anna@other.example")
    add("far@example.org", "x@new.example")
    added = DomainRow("line 1", "new.example")
    assert notes(added) == [f"line 1: {REFUSED}far@example.org."]
    assert notes(added, MailboxRow("line 2", "x@new.example")) == []
    implied = notes(MailboxRow("line 2", "y@new.example"))
    assert implied == [f"line 2: {REFUSED}far@example.org."]
    moved = AliasDomainRow("line 1", "other.example", "empty.example")
    assert notes(moved) == [f"line 1: {REFUSED}out@example.org."]
    closed = DomainRow("line 1", "example.org", active=False)
    assert notes(closed) == [f"line 1: {REFUSED}away@other.example."]
    relayed = DomainRow("line 1", "other.example", transport="relay:[192.0.2.1]")
    assert notes(relayed) == []


def test_a_list_of_recipients_that_begins_is_noted() -> None:
    actions.create_domain(TESTER, DomainName.parse("far.example"), transport="relay:[192.0.2.1]")
    Alias.objects.filter(pk="@far.example").delete()
    add("out@example.org", "x@far.example")
    listed = AliasRow("line 1", "y@far.example", ("y@far.example",))
    only = (
        "line 1: With an alias that forwards to itself, mail to any other address in far.example "
        "is refused. To accept it as well, choose that on the page of the domain."
    )
    assert notes(listed) == [only, f"line 1: {REFUSED}out@example.org."]
    assert notes(listed, AliasRow("line 2", "x@far.example", ("x@far.example",))) == [only]
    [first, _losses] = notes(MailboxRow("line 1", "y@far.example"))
    assert first == only
    add("@far.example", "anna@example.org")
    assert notes(listed) == []
    actions.create_domain(TESTER, DomainName.parse("name.example"))
    actions.create_alias_domain(TESTER, "name.example", "far.example")
    add("@name.example", "gone@example.org")
    [note] = notes(listed)
    assert note.startswith("line 1: Mail to @name.example is refused, since none")
    assert notes(listed, scope=Scope(None, frozenset({"far.example"}))) == [f"line 1: {OUTSIDE}"]
    Alias.objects.filter(pk__in=["@far.example", "@name.example"]).delete()
    add("z@far.example", "z@far.example")
    assert notes(listed) == [f"line 1: {REFUSED}out@example.org."]


def test_aliases_that_rows_of_the_import_enable_are_noted(bob: Mailbox) -> None:
    actions.set_active(TESTER, bob, False)
    Alias.objects.filter(pk=bob.pk).update(goto="bob@example.org,gone@example.org")
    own = "line 1: Mail to bob@example.org doesn't reach all of its targets: gone@"
    [note] = notes(MailboxRow("line 1", "bob@example.org", active=True))
    assert note.startswith(own)
    assert notes(MailboxRow("line 1", "bob@example.org", name="Bob")) == []
    Domain.objects.filter(pk="other.example").update(active=False)
    add("in@other.example", "gone@example.org")
    add("copy@other.example", "copy@other.example", "y@e.example")
    opened = notes(DomainRow("line 1", "other.example", active=True))
    assert [text.split(" ")[4] for text in opened] == ["copy@other.example", "in@other.example"]
    add("alone@other.example", "alone@other.example")
    opened = notes(DomainRow("line 1", "other.example", active=True))
    assert "Mail to alone@other.example is refused" in opened[0] and len(opened) == 3
    box = MailboxRow("line 2", "alone@other.example")
    assert len(notes(DomainRow("line 1", "other.example", active=True), box)) == 2
    Alias.objects.filter(pk="alone@other.example").delete()
    changed = AliasRow("line 2", "in@other.example", ("anna@example.org",))
    assert len(notes(DomainRow("line 1", "other.example", active=True), changed)) == 1
