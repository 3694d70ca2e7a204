"""Taking an import back leaves what others have added since."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from mailboxes import actions
from mailboxes.actions.imports import importing
from mailboxes.actions.imports.outcomes import ImportOptions
from mailboxes.actions.imports.rows import ImportRow, MailboxRow
from mailboxes.audit.models import Entry, Phase
from mailboxes.models import Domain, Mailbox
from tests.actions.test_imports import RITA, STORED, run

REFUSE_DELETION = """
CREATE TRIGGER refuse BEFORE DELETE ON mailbox WHEN OLD.username = 'u0@example.org'
BEGIN SELECT RAISE(ABORT, 'The disk is broken.'); END
"""
ROWS: list[ImportRow] = [
    MailboxRow(f"line {number}", f"u{number}@example.org", stored=STORED) for number in range(3)
]


def test_a_row_that_was_added_again_since_is_kept(domain: Domain) -> None:
    entry = run(ROWS).entry
    later = timezone.now() + timedelta(minutes=1)
    Mailbox.objects.filter(pk="u1@example.org").update(created=later, modified=later)
    result = actions.undo_import(RITA, entry)
    assert [name for name, _ in result.refused] == ["u1@example.org"]
    assert Mailbox.objects.get().pk == "u1@example.org"


def test_an_import_that_was_rolled_back_takes_nothing_of_a_later_one(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    broken_off = actions.run_import(RITA, lambda: ROWS, ImportOptions(is_whole=True))
    next(broken_off)
    broken_off.close()
    entry = Entry.objects.get(action="mailbox.import", phase=Phase.BEGUN)
    run(ROWS)
    assert actions.undo_import(RITA, entry.pk).done == []
    assert Mailbox.objects.count() == 3


@pytest.mark.skipif(
    settings.MAIL_ON_MYSQL, reason="creating a trigger would commit the test's transaction"
)
def test_a_call_that_fails_takes_nothing_back(domain: Domain) -> None:
    entry = run(ROWS).entry
    with connections["mail"].cursor() as cursor:
        cursor.execute(REFUSE_DELETION)
    with pytest.raises(DatabaseError):
        actions.undo_import(RITA, entry)
    assert Mailbox.objects.count() == 3
