"""What Postfix's queries find in rows of other programs; the real Postfix is in tests/stack."""

import re

import pytest
from django.db import connections

from mailboxes import actions
from mailboxes.addresses import DomainName
from mailboxes.models import Mailbox
from tests.conftest import TESTER
from tests.export.conftest import MYSQL, SQLITE, mail_host, texts

DATABASES = {"mysql": MYSQL, "sqlite": SQLITE}


def look_up(name: str, key: str) -> list[str]:
    """Run the query of a file as Postfix does for this key."""
    connection = connections["mail"]
    host = mail_host(database=DATABASES[connection.vendor])
    text = texts(host)[f"etc/postfix/mailadmin/{name}.cf"]
    [query] = re.findall(r"^query = (.*(?:\n .*)*)", text, re.M)
    user, _, domain = key.partition("@")
    for letter, value in (("s", key), ("u", user), ("d", domain)):
        query = query.replace(f"%{letter}", value)
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [found for (found,) in cursor.fetchall()]


@pytest.mark.parametrize(("state", "found"), [(0, False), (1, True), (2, False), (-1, False)])
def test_a_mailbox_in_any_state_but_1_receives_nothing_through_its_alias(
    anna: Mailbox, state: int, found: bool
) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    with connections["mail"].cursor() as cursor:
        cursor.execute("UPDATE mailbox SET active = %s", [state])
    for name, key in ("aliases", anna.pk), ("alias_domains", "anna@example.net"):
        assert look_up(name, key) == [anna.pk] * found
