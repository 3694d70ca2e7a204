"""Old entries move to a file, and the rest of the log stays verifiable."""

import json
import resource
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from mailboxes import actions
from mailboxes.actions.base import subject_of
from mailboxes.audit import chain
from mailboxes.audit.archive import prune, write_archive
from mailboxes.audit.log import recorded
from mailboxes.audit.models import Entry
from mailboxes.errors import Refused
from mailboxes.models import Mailbox
from tests.conftest import TESTER

pytestmark = pytest.mark.logged_fixtures


def test_the_chain_continues_after_old_lines_are_archived(anna: Mailbox, tmp_path: Path) -> None:
    before = timezone.now()
    actions.set_active(TESTER, anna, False)
    count, path = Entry.objects.filter(at__lt=before).count(), tmp_path / "old.jsonl"
    assert prune(before, path) == count > 0
    assert not Entry.objects.filter(at__lt=before).exists()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == count and lines[0]["action"] == "domain.create"
    assert path.stat().st_mode & 0o777 == 0o600
    assert chain.verify() is None
    actions.set_active(TESTER, anna, True)
    assert chain.verify() is None


def test_an_existing_file_is_refused_and_nothing_removed(anna: Mailbox, tmp_path: Path) -> None:
    count = Entry.objects.count()
    with pytest.raises(Refused, match="already exists"):
        prune(timezone.now() + timedelta(1), tmp_path)
    assert Entry.objects.count() == count


def test_an_archive_that_does_not_fit_leaves_no_file(anna: Mailbox, tmp_path: Path) -> None:
    last, path = Entry.objects.latest("seq"), tmp_path / "old.jsonl"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, limits[1]))
    try:
        with pytest.raises(Refused, match="can't be written to .*: File too large"):
            write_archive(last, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not path.exists()


def test_open_entries_are_not_archived(anna: Mailbox, tmp_path: Path) -> None:
    row = subject_of(anna, {"active": [True, False]})
    with pytest.raises(KeyError), recorded(TESTER, "mailbox.disable", row):
        raise KeyError
    last = Entry.objects.order_by("-seq").first()
    prune(timezone.now() + timedelta(1), tmp_path / "old.jsonl")
    assert last and list(Entry.objects.values_list("seq", flat=True)) == [last.seq]
    assert chain.verify() is None


def test_the_batches_of_a_bulk_action_are_archived_together(
    anna: Mailbox, bob: Mailbox, tmp_path: Path
) -> None:
    first = actions.set_active_in_bulk(TESTER, [anna], False)
    before = timezone.now()
    actions.set_active_in_bulk(TESTER, [bob], False, first.entry)
    assert prune(before, tmp_path / "old.jsonl") == first.entry - 1
    assert Entry.objects.filter(parent=first.entry).exists() and chain.verify() is None
    assert prune(timezone.now(), tmp_path / "all.jsonl") and not Entry.objects.exists()
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [line["parent"] for line in lines] == [None, None, first.entry, None]


def test_a_changed_parent_is_noticed(anna: Mailbox, bob: Mailbox) -> None:
    first = actions.set_active_in_bulk(TESTER, [anna], False)
    second = actions.set_active_in_bulk(TESTER, [bob], False)
    Entry.objects.filter(pk=second.entry).update(parent=first.entry)
    fault = chain.verify()
    assert fault and fault.seq == second.entry
