"""Archiving old entries of the log in a file, after which the chain goes on without them."""

import json
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from mailboxes.audit import chain
from mailboxes.audit.models import Entry, Head, OpenEntry, Subject
from mailboxes.errors import Refused, gettext_noop


def prune(before: datetime, path: Path) -> int:
    """Write the entries from before this time to a new file, then remove them; return how many.

    Only whole actions are archived: it stops at the first one that has not ended.
    """
    last = last_before(before)
    if not last:
        return 0
    write_archive(last, path)
    with transaction.atomic(using="default"):
        head = Head.objects.select_for_update().get(pk=1)
        head.pruned_seq, head.pruned_mac = last.seq, last.mac
        head.pruned_seal = chain.prune_seal(chain.derive_key(settings.SECRET_KEY), head)
        head.save(update_fields=["pruned_seq", "pruned_mac", "pruned_seal"])
        Subject.objects.filter(entry__lte=last.seq)._raw_delete("default")
        count = Entry.objects.filter(seq__lte=last.seq)._raw_delete("default")
    return int(count)


def last_before(before: datetime) -> Entry | None:
    """Return the last line to archive: none after it ends or continues an action before it."""
    found = Entry.objects.filter(at__lt=before)
    if first_open := OpenEntry.objects.order_by("pk").first():
        found = found.filter(seq__lt=first_open.pk)
    last = found.order_by("-seq").first()
    while last and (batch := Entry.objects.filter(parent__lte=last.seq, seq__gt=last.seq).first()):
        last = found.filter(seq__lt=batch.parent).order_by("-seq").first()
    return last


def write_archive(last: Entry, path: Path) -> None:
    """Write all of a file that only its owner can read, or nothing."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        try:
            write_lines(last, path)
        except BaseException:
            path.unlink()
            raise
    except FileExistsError as error:
        message = gettext_noop("%(path)s already exists. Choose another file.")
        raise Refused(message, {"path": str(path)}, code="exists") from error
    except OSError as error:
        message = gettext_noop("The archive can't be written to %(path)s: %(reason)s.")
        raise Refused(message, {"path": str(path), "reason": error.strerror or ""}) from error


def write_lines(last: Entry, path: Path) -> None:
    """Write one JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        for entry, subjects in chain.entries_with_subjects():
            if entry.seq > last.seq:
                break
            file.write(json.dumps(as_json(entry, subjects), ensure_ascii=False) + "\n")


def as_json(entry: Entry, subjects: list[Subject]) -> dict[str, object]:
    fields = {name: getattr(entry, name) for name in (*chain.SEALED, "parent", "mac")}
    return {**fields, "at": entry.at.isoformat(), "subjects": chain.subject_rows(subjects)}
