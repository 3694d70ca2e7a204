"""Rows that other programs have written into the mail tables."""

import re
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.utils import quote
from django.db import connections
from django.db.models import Exists, OuterRef
from django.test import Client

from mailboxes import actions, queries
from mailboxes.access.scope import Scope
from mailboxes.addresses import Address, DomainName
from mailboxes.admin import bulk_actions
from mailboxes.admin.aliases import AliasAdmin
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.models import Alias, Domain, Mailbox
from tests.admin.conftest import ALIAS, DOMAIN, MAILBOX, errors, shown, signed_in
from tests.conftest import PASSWORD, TESTER
from tests.page_forms import read_form

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
        form |= {"after": outcome["outcome"].last} if outcome and "outcome" in outcome else {}
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


PIPE = '"|/usr/bin/list -a x"'
GOTO = {
    "pipe": PIPE,
    "file": "/var/mail/list",
    "include": ":include:/etc/list",
    "local": "root",
    "domain": "@example.edu",
    "umlaut": UMLAUT,
    "nothing": "",
    "itself": "itself@example.org",
    "blanks": " a@example.edu, b@example.edu ,, c@example.edu\n",
    "capitals": "Anna@Example.ORG",
    "twice": "a@example.edu,a@example.edu",
    "lines": "a@example.edu,\r\nb@example.edu",
    "mixed": f"a@example.edu, {PIPE} ,root,root",
}
STATES = {"active": 1, "disabled": 0, "two": 2, "minus": -1}


def row(table: str, key: str, name: str) -> tuple[Any, ...]:
    """Return a whole row; SQLite's module turns booleans into True and False, unless calculated."""
    with connections["mail"].cursor() as cursor:
        cursor.execute(f"SELECT *, active + 0 FROM {table} WHERE {key} = %s", [name])
        return tuple(cursor.fetchone())


@pytest.fixture
def odd_aliases(domain: Domain) -> None:
    for name, goto in GOTO.items():
        Alias.objects.create(address=f"{name}@example.org", goto="", domain=domain)
        execute("UPDATE alias SET goto = %s WHERE address = %s", goto, f"{name}@example.org")


def save_unchanged(client: Client, url: str, **fields: str) -> None:
    page = client.get(url)
    assert page.status_code == 200
    answer = client.post(url, read_form(page.content.decode()) | fields)
    assert answer.status_code == 302, errors(answer)


@pytest.mark.parametrize("name", GOTO)
def test_an_alias_with_any_target_can_be_saved_disabled_and_deleted(
    rita: Client, odd_aliases: None, name: str
) -> None:
    address = f"{name}@example.org"
    url, before = f"{ALIAS}{quote(address)}/", row("alias", "address", address)
    assert rita.get(ALIAS, {"q": address}).status_code == 200
    save_unchanged(rita, f"{url}change/")
    assert row("alias", "address", address) == before
    for state in ("disable", "enable"):
        form = {"action": state, "_selected_action": address, "post": "yes"}
        assert rita.post(ALIAS, form).status_code == 302
        found = Alias.objects.get(pk=address)
        assert (found.goto, found.active) == (GOTO[name], state == "enable")
    rita.post(f"{url}set-active/", {"active": "0"})
    assert not Alias.objects.get(pk=address).active
    rita.post(f"{url}delete/", {"post": "yes"})
    assert not Alias.objects.filter(pk=address).exists()


@pytest.mark.parametrize(
    ("name", "more", "goto"),
    [
        ("mixed", "new@example.edu", f"a@example.edu, {PIPE} ,root,root,new@example.edu"),
        ("umlaut", "A@Example.edu", f"{UMLAUT},A@example.edu"),
        ("twice", "a@example.edu b@example.edu", "a@example.edu,a@example.edu,b@example.edu"),
        ("capitals", "b@example.edu", "Anna@Example.ORG,b@example.edu"),
        ("itself", "b@example.edu", "itself@example.org,b@example.edu"),
        ("nothing", "b@example.edu", "b@example.edu"),
    ],
)
def test_a_target_is_added_beside_those_of_others(
    odd_aliases: None, name: str, more: str, goto: str
) -> None:
    client = signed_in("domain", "example.org")
    url = f"{ALIAS}{name}_40example.org/change/"
    form = read_form(client.get(url).content.decode())
    assert client.post(url, form | {"goto": f"{form['goto']}\r\n{more}"}).status_code == 302
    assert Alias.objects.get(pk=f"{name}@example.org").goto == goto


@pytest.mark.parametrize("target", [PIPE, "root", "@example.edu", UMLAUT, "/etc/x", ":include:/x"])
def test_new_targets_must_be_addresses(odd_aliases: None, target: str) -> None:
    """Whatever another alias has, and whatever the form claims to have shown."""
    client = signed_in("domain", "example.org")
    url = f"{ALIAS}capitals_40example.org/change/"
    form = read_form(client.get(url).content.decode())
    assert "goto" in errors(client.post(url, form | {"goto": f"{form['goto']}\r\n{target}"}))
    alias = Alias.objects.get(pk="capitals@example.org")
    for targets in ([target], ["Anna@Example.ORG", target]):
        with pytest.raises(Refused):
            actions.change_alias(TESTER, alias, targets)
    with pytest.raises(Refused):
        actions.create_alias(TESTER, Address.parse("new@example.org"), [target])
    assert Alias.objects.get(pk=alias.pk).goto == GOTO["capitals"]


def test_a_target_that_others_have_removed_is_not_put_back(odd_aliases: None) -> None:
    alias = Alias.objects.get(pk="pipe@example.org")
    execute("UPDATE alias SET goto = 'a@example.edu' WHERE address = %s", alias.pk)
    with pytest.raises(Refused):
        actions.change_alias(TESTER, alias, [PIPE, "b@example.edu"])
    assert Alias.objects.get(pk=alias.pk).goto == "a@example.edu"


@pytest.fixture
def odd_states(domain: Domain) -> None:
    """A mailbox and a domain in each state."""
    for name, active in STATES.items():
        mailbox = actions.create_mailbox(TESTER, Address.parse(f"{name}@example.org"), PASSWORD)
        actions.create_domain(TESTER, DomainName.parse(f"{name}.example"))
        execute("UPDATE mailbox SET active = %s WHERE username = %s", active, mailbox.pk)
        execute("UPDATE domain SET active = %s WHERE domain = %s", active, f"{name}.example")


def test_only_a_state_of_1_is_active(rita: Client, odd_states: None) -> None:
    for url in (MAILBOX, DOMAIN):
        for number, expected in ("1", {"active"}), ("0", set(STATES) - {"active"}):
            page = rita.get(url, {"active__exact": number})
            names = {re.split("[@.]", key)[0] for key in shown(page)}
            assert names - {"example"} == expected
    assert actions.authenticate("active@example.org", PASSWORD, mail_host().scheme)
    assert not actions.authenticate("two@example.org", PASSWORD, mail_host().scheme)


@pytest.mark.parametrize("name", STATES)
def test_a_state_is_kept_until_it_is_changed(rita: Client, odd_states: None, name: str) -> None:
    url = f"{MAILBOX}{name}_40example.org/"
    before = row("mailbox", "username", f"{name}@example.org")
    own = row("alias", "address", f"{name}@example.org")
    save_unchanged(rita, f"{url}change/")
    assert row("mailbox", "username", f"{name}@example.org") == before
    assert row("alias", "address", f"{name}@example.org") == own
    save_unchanged(rita, f"{url}change/", name="Other")
    mailbox = Mailbox.objects.get(pk=f"{name}@example.org")
    assert mailbox.name == "Other" and stored_state(mailbox.pk) == STATES[name]
    save_unchanged(rita, f"{DOMAIN}{name}.example/change/", description="Other")
    assert row("domain", "domain", f"{name}.example").count("Other") == 1
    actions.set_active(TESTER, mailbox, True)
    assert stored_state(mailbox.pk) == 1
    actions.set_active(TESTER, mailbox, False)
    assert stored_state(mailbox.pk) == 0


def stored_state(username: str) -> int:
    with connections["mail"].cursor() as cursor:
        cursor.execute("SELECT active + 0 FROM mailbox WHERE username = %s", [username])
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("domain", {"description": " a  b "}),
        ("domain", {"description": "tab\t and\r\nline\x07"}),
        ("domain", {"quota": -1, "maxquota": -1, "mailboxes": -2, "aliases": 2**31 - 1}),
        ("domain", {"quota": 2**40, "maxquota": 2**40, "transport": "relay:[mx.example.net]"}),
        ("domain", {"backupmx": 2, "active": 3}),
        ("mailbox", {"name": " Anna ", "quota": -1}),
        ("mailbox", {"name": "Anna\nBerg", "quota": 12345}),
        ("mailbox", {"quota": -5, "active": 2, "maildir": "/srv/mail/anna"}),
        ("mailbox", {"quota": 2**60, "password": ""}),
        ("alias_domain", {"active": 2}),
    ],
)
def test_saving_a_form_unchanged_changes_nothing(
    rita: Client, anna: Mailbox, table: str, values: dict[str, Any]
) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    keys = {
        "domain": ("domain", "example.org"),
        "mailbox": ("username", anna.pk),
        "alias_domain": ("alias_domain", "example.net"),
    }
    key, name = keys[table]
    for column, value in values.items():
        execute(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", value, name)
    before = row(table, key, name)
    url = f"/admin/mailboxes/{table.replace('_', '')}/"
    assert rita.get(url).status_code == rita.get(f"{url}csv/").status_code == 200
    save_unchanged(rita, f"{url}{quote(name)}/change/")
    assert row(table, key, name) == before


@pytest.mark.parametrize(("state", "own", "alike"), [(1, 1, True), (2, 0, True), (1, 0, False)])
def test_states_of_two_rows_are_compared_as_the_daemons_see_them(
    anna: Mailbox, state: int, own: int, alike: bool
) -> None:
    with connections["mail"].cursor() as cursor:
        cursor.execute("UPDATE mailbox SET active = %s", [state])
        cursor.execute("UPDATE alias SET active = %s", [own])
    aliases = Alias.objects.filter(pk=OuterRef("pk"), active=OuterRef("active"))
    assert Mailbox.objects.filter(Exists(aliases)).exists() == alike
