"""Valid addresses and domains are normalized; all others are refused with a sentence."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from mailboxes import actions
from mailboxes.addresses import (
    Address,
    BadAddress,
    CatchAll,
    DomainName,
    parse_alias,
    parse_targets,
)
from mailboxes.formats import error_message
from mailboxes.models import Alias, Mailbox
from tests.admin.conftest import ALIAS, MAILBOX, mailbox_form
from tests.conftest import TESTER


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Anna@Example.ORG", "anna@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("a.b+c_d-e=f&g~h@example.org", "a.b+c_d-e=f&g~h@example.org"),
        ("x" * 64 + "@example.org", "x" * 64 + "@example.org"),
        ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
        ("anna@mail.lan.", "anna@mail.lan"),
        ("anna@r3---sn-4g5.example.ORG", "anna@r3---sn-4g5.example.org"),
    ],
)
def test_an_address_is_lower_case_ascii(text: str, found: str) -> None:
    assert str(Address.parse(text)) == found


@pytest.mark.finding("validation-bypass")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "@example.org",
        "anna@",
        "a@b@c",
        "a@b@example.org",
        "x" * 65 + "@example.org",
        "a b@example.org",
        " anna@example.org",
        "anna@example.org\n",
        "anna\n@example.org",
        "an\x00na@example.org",
        "änna@example.org",
        ".anna@example.org",
        "anna.@example.org",
        "an..na@example.org",
        "-anna@example.org",
        "../anna@example.org",
        "a/b@example.org",
        "a%b@example.org",
        "a!b@example.org",
        'a"b@example.org',
        "a,b@example.org",
        "anna@localhost",
        "anna@127.0.0.1",
        "anna@-x.org",
        "anna@x-.org",
        "anna@x_y.org",
        "anna@x..org",
        "anna@" + "b" * 64 + ".org",
        "anna@" + "b." * 130 + "org",
        "anna@exa mple.org",
        "anna@☃.example",
        "anna@xn--a.org",
    ],
)
def test_an_invalid_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadAddress, match=r"\.$"):
        Address.parse(text)


def test_a_target_allows_any_local_part_and_keeps_its_case() -> None:
    assert parse_targets("A/B#C@Example.net") == ("A/B#C@example.net",)


def test_targets_are_split_at_lines_commas_and_spaces_without_duplicates() -> None:
    text = "anna@example.org, bob@example.org\r\nanna@example.org\n"
    assert parse_targets(text) == ("anna@example.org", "bob@example.org")


@pytest.mark.parametrize("text", ["", " ,\n", "anna", "a@b@c", "|/bin/sh", "/etc/passwd"])
def test_a_target_that_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_targets(text)


def test_an_alias_can_be_a_catch_all() -> None:
    assert parse_alias("@Example.org") == CatchAll("example.org")
    assert parse_alias("Info@example.org") == Address("info", "example.org")


@pytest.mark.finding("validation-bypass")
@given(st.text() | st.from_regex(r"[\w.+'=-]{1,70}@[\w.-]{1,80}"))
def test_parsed_addresses_are_stable_and_harmless(text: str) -> None:
    try:
        found = str(Address.parse(text))
    except BadAddress:
        return
    assert str(Address.parse(found)) == found
    assert found.isascii() and found.isprintable() and found == found.lower()
    assert len(found) <= 254
    assert not set(found) & set('/\\%!"`$*?|,;:<>()[]{}#^ ')


@given(
    st.text(max_size=300)
    | st.from_regex(r"[a-zü0-9-]{1,64}(\.[a-zü0-9-]{1,64}){1,4}", fullmatch=True)
)
def test_any_text_is_a_domain_or_a_bad_address(text: str) -> None:
    try:
        found = str(DomainName.parse(text))
    except BadAddress:
        return
    assert str(DomainName.parse(found)) == found
    assert "." in found and len(found) <= 253


@pytest.mark.finding("validation-bypass")
@pytest.mark.parametrize("address", ["../anna@example.org", "a/b@example.org", "a b@example.org"])
def test_pages_and_commands_refuse_the_same_addresses(rita: Client, address: str) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.org"))
    with pytest.raises(BadAddress) as refused:
        Address.parse(address)
    sentence = error_message(refused.value)
    page = rita.post(f"{MAILBOX}add/", mailbox_form(address_0=address))
    assert [sentence] == page.context["adminform"].form.errors["address"]
    page = rita.post(f"{ALIAS}add/", {"address_0": address, "goto": "x@example.edu"})
    assert [sentence] == page.context["adminform"].form.errors["address"]
    with pytest.raises(CommandError, match=re.escape(sentence)):
        call_command("createmailbox", address, "--generate")
    assert not Mailbox.objects.exists() and not Alias.objects.exists()
