"""Verifying the log names any line that was changed, removed or cut off."""

import pytest
from pytest_django import Settings

from mailboxes import actions
from mailboxes.addresses import DomainName
from mailboxes.audit import chain
from mailboxes.audit.models import Entry, Head, Subject
from mailboxes.models import Mailbox
from tests.conftest import TESTER

pytestmark = pytest.mark.logged_fixtures


@pytest.fixture
def lines(anna: Mailbox) -> list[int]:
    """The numbers of the lines that creating a domain and a mailbox has left."""
    actions.set_active(TESTER, anna, False)
    assert chain.verify() is None
    return list(Entry.objects.order_by("seq").values_list("seq", flat=True))


@pytest.mark.parametrize(
    ("column", "value"),
    [("actor", "somebody else"), ("text", "x"), ("phase", "refused"), ("action", "mailbox.change")],
)
def test_a_changed_line_is_named(lines: list[int], column: str, value: str) -> None:
    Entry.objects.filter(seq=lines[2]).update(**{column: value})
    fault = chain.verify()
    assert fault and fault.seq == lines[2] and "changed" in fault.reason


def test_a_changed_object_is_named(lines: list[int]) -> None:
    Subject.objects.filter(entry=lines[2]).update(name="bob@example.org")
    fault = chain.verify()
    assert fault and fault.seq == lines[2] and "no longer matches" in fault.reason


def test_a_removed_line_is_named(lines: list[int]) -> None:
    Subject.objects.filter(entry=lines[1]).delete()
    Entry.objects.filter(seq=lines[1]).delete()
    fault = chain.verify()
    assert fault and (fault.seq, fault.reason) == (lines[1], "is missing")


def test_lines_cut_off_at_the_end_are_noticed(lines: list[int]) -> None:
    Entry.objects.filter(seq=lines[-1]).delete()
    fault = chain.verify()
    assert fault and fault.seq == lines[-1] and "cut off" in fault.reason


def test_the_journal_reveals_lines_cut_off_with_the_head(lines: list[int]) -> None:
    journal = str(Head.objects.get())
    last = Entry.objects.get(seq=lines[-2])
    Entry.objects.filter(seq=lines[-1]).delete()
    Head.objects.update(seq=last.seq, mac=last.mac)
    assert chain.verify() is None
    fault = chain.verify(journal)
    assert fault and fault.seq == lines[-1] and "journal" in fault.reason


def test_a_line_that_was_sealed_with_another_key_is_named(
    lines: list[int], settings: Settings
) -> None:
    settings.SECRET_KEY, old = "another secret key, also long enough", settings.SECRET_KEY
    assert chain.verify()
    settings.SECRET_KEY_FALLBACKS = [old]
    assert chain.verify() is None
    actions.create_domain(TESTER, DomainName.parse("example.com"))
    assert chain.verify() is None


def test_a_missing_start_that_was_not_archived_is_named(lines: list[int]) -> None:
    first = Entry.objects.get(seq=lines[0])
    Subject.objects.filter(entry=first).delete()
    Entry.objects.filter(begun=first.seq).update(begun=None)
    Entry.objects.filter(seq=first.seq).delete()
    Head.objects.update(pruned_seq=first.seq, pruned_mac=first.mac, pruned_seal="0" * 64)
    fault = chain.verify()
    assert fault and "archived" in fault.reason
