"""Rows that other programs have written into the mail tables."""

from itertools import islice
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.utils import quote
from django.db import connections
from django.test import Client

from mailboxes import queries
from mailboxes.access.scope import Scope
from mailboxes.admin import bulk_actions
from mailboxes.admin.aliases import AliasAdmin
from mailboxes.models import Alias, Domain
from tests.admin.conftest import ALIAS, shown

UMLAUT = "bücher@example.org"
KEYS = ["anna@example.org", UMLAUT, "zoe@example.org"]


def execute(sql: str, *params: Any) -> None:
    """Write as another program would, past the models."""
    with connections["mail"].cursor() as cursor:
        cursor.execute(sql, params)


@pytest.fixture
def umlaut(domain: Domain) -> None:
    """An alias that isn't ASCII between two others, each disabled."""
    for key in KEYS:
        name = "x@example.org" if key == UMLAUT else key
        Alias.objects.create(address=name, goto="x@example.edu", domain=domain, active=False)
    execute("UPDATE alias SET address = %s WHERE address = 'x@example.org'", UMLAUT)


@pytest.mark.parametrize("scope", [Scope(None, None), Scope(None, frozenset({"example.org"}))])
def test_a_key_that_is_not_ascii_can_be_continued_after(umlaut: None, scope: Scope) -> None:
    rows = scope.narrow(Alias.objects.all())
    in_order = list(rows.values_list("pk", flat=True))
    assert sorted(in_order) == KEYS
    for descending in (False, True):
        batches = islice(queries.batches(rows, 1, descending=descending), 9)
        found = [row.pk for [row] in batches]
        assert found == (in_order[::-1] if descending else in_order)


def test_a_domain_that_is_not_the_addresss_own_can_be_continued_after(domain: Domain) -> None:
    for name in ("anna@example.org", "bob@example.org"):
        Alias.objects.create(address=name, goto="x@example.edu", domain_id="example.net")
    rows = Scope(None, frozenset({"example.org", "example.net"})).narrow(Alias.objects.all())
    batches = islice(queries.batches(rows, 1), 9)
    assert [row.pk for [row] in batches] == ["anna@example.org", "bob@example.org"]


def test_lists_and_bulk_actions_get_past_a_key_that_is_not_ascii(
    rita: Client, umlaut: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AliasAdmin, "list_per_page", 1)
    monkeypatch.setattr(bulk_actions, "ROWS_PER_REQUEST", 1)
    seen: list[str] = []
    address = ALIAS
    while address and len(seen) < 9:
        page = rita.get(address)
        seen += shown(page)
        address = page.context["cl"].next_url and ALIAS + page.context["cl"].next_url
    assert sorted(seen) == KEYS
    assert page.context["cl"].previous_url == f"?{urlencode({'before': seen[-1]})}"
    assert rita.get(f"{ALIAS}csv/").getvalue().decode().count("x@example.edu") == len(KEYS)
    form = {"action": "enable", "_selected_action": "all", "select_across": "1", "post": "yes"}
    for _ in KEYS:
        outcome = rita.post(ALIAS, form).context
        form |= {"after": outcome["outcome"].last} if outcome else {}
    assert not Alias.objects.filter(active=False).exists()


@pytest.mark.parametrize(
    "text", [UMLAUT, "\N{GRINNING FACE}", "яма", "яма@", "@яма", "яма.example"]
)
def test_any_character_can_be_searched_for(rita: Client, umlaut: None, text: str) -> None:
    for kind in ("domain", "mailbox", "alias", "aliasdomain"):
        for query in ("q", "domain", "after", "before", "active__exact"):
            page = rita.get(f"/admin/mailboxes/{kind}/", {query: text}, follow=True)
            assert page.status_code == 200
    assert shown(rita.get(ALIAS, {"q": text})) == ([UMLAUT] if text == UMLAUT else [])
    assert rita.get(f"{ALIAS}{quote(text)}/change/", follow=True).status_code == 200
