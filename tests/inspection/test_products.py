"""Which program a database belongs to, by its columns."""

import pytest

from mailboxes.inspection.products import HOWTO, Columns, identify, refusals

IREDMAIL = frozenset({"username", "maildir", "storagebasedirectory"})
PREFIXED = ("pfa_domain", "pfa_mailbox", "pfa_alias", "pfa_alias_domain")
MAILCOW = frozenset({"username", "attributes", "kind"})


@pytest.mark.parametrize(
    ("columns", "name", "code"),
    [
        ({}, "", "empty"),
        ({"customers": frozenset({"id"})}, "", "unknown"),
        ({"mailbox": IREDMAIL}, "iRedMail", "other_product"),
        ({"mailbox": MAILCOW}, "mailcow", "other_product"),
        ({"forwardings": frozenset({"source", "destination"})}, HOWTO, "other_product"),
        (dict.fromkeys(PREFIXED, frozenset({"username", "maildir"})), "", "prefix"),
        ({"core_user": frozenset(), "admin_mailbox": frozenset()}, "Modoboa", "other_product"),
    ],
)
def test_tables_that_the_panel_cannot_use_are_refused(
    columns: Columns, name: str, code: str
) -> None:
    product = identify(columns)
    assert product.name == name
    assert [refusal.code for refusal in refusals(product, columns)] == [code]
