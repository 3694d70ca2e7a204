"""Inserting many rows with few statements."""

import pytest

from mailboxes import inserts


def test_rows_are_divided_into_statements_of_limited_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inserts, "MAX_STATEMENT", 10)
    rows = [(b"1", b"'a'"), (b"2", b"'b'"), (b"3", b"'long enough alone'"), (b"4", b"'c'")]
    found = [b"(1,'a'),(2,'b')", b"(3,'long enough alone')", b"(4,'c')"]
    assert list(inserts.joined(rows)) == found
    assert list(inserts.joined([])) == []
