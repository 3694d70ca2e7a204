"""Highlighting changes no text, and escapes all of it."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailboxes.conf import MailHost
from mailboxes.export import render
from mailboxes.export.highlighting import LEXERS, highlight, language
from tests.export.conftest import HOSTS

HOSTILE = "</pre><script>alert('x')</script><b onclick=\"x\">&amp;"


def plain(marked: str) -> str:
    """Return the text of the HTML, as it is shown and copied."""
    return html.unescape(re.sub(r"<[^>]*>", "", marked))


def parts(marked: str) -> list[tuple[str, str]]:
    """Return the colored parts with their classes."""
    found = re.findall(r'<span class="(\w+)">(.*?)</span>', marked)
    return [(name, html.unescape(text)) for name, text in found]


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_highlighting_does_not_change_the_text(host: MailHost) -> None:
    for file in render.render_bundle(host):
        marked = highlight(file.text, language(file.path))
        assert plain(marked) == file.text
        comments = [text for name, text in parts(marked) if name == "c"]
        assert bool(comments) == (language(file.path) != "text"), file.path


@pytest.mark.parametrize("name", LEXERS)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\r\0\ufeff")))
def test_any_text_is_escaped_and_complete(name: str, text: str) -> None:
    marked = highlight(f"{text}\n", name)
    assert plain(marked) == f"{text}\n"
    assert set(re.findall("<[^>]*>", marked)) <= TAGS


TAGS = {"</span>", "<mark>", "</mark>"} | {
    f'<span class="{name}">' for name in ("c", "k", "m", "na", "nv", "s", "gd", "gi", "gu")
}


@pytest.mark.parametrize("name", LEXERS)
@pytest.mark.parametrize(
    "line", ["{}", "name = {}", 'name = "{}"', "# {}", "-{}", "'{}'", "x {{ {}"]
)
def test_html_in_a_value_is_escaped(name: str, line: str) -> None:
    text = line.format(HOSTILE) + "\n"
    marked = highlight(text, name)
    assert plain(marked) == text and set(re.findall("<[^>]*>", marked)) <= TAGS


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("configuration", "# a = b", [("c", "# a = b")]),
        ("configuration", "a_b = no", [("na", "a_b"), ("k", "no")]),
        ("configuration", "mech_list: PLAIN", [("na", "mech_list")]),
        ("configuration", 'a = "x # y" 5000', [("na", "a"), ("s", '"x # y"'), ("m", "5000")]),
        ("configuration", "a = x # y", [("na", "a")]),
        ("configuration", "[Service]\nA=$b", [("k", "[Service]"), ("na", "A"), ("nv", "$b")]),
        ("configuration", "protocol imap {\n  a = %{user}\n}",
         [("k", "protocol"), ("s", " imap "), ("na", "a"), ("nv", "%{user}")]),
        ("configuration", "  -o a=b", [("k", "-o "), ("na", "a")]),
        ("configuration", "!include_try /x", [("k", "!include_try")]),
        ("configuration", "q = SELECT a\n    WHERE b = '%s'\nc = d",
         [("na", "q"), ("k", "SELECT"), ("k", "WHERE"), ("s", "'%s'"), ("na", "c")]),
        ("configuration", "q = \\\n  a = 1", [("na", "q"), ("nv", "\\"), ("m", "1")]),
        ("sql", "GRANT 1\n-- a", [("k", "GRANT"), ("m", "1"), ("c", "-- a")]),
        ("sh", "# a\nif $b; then", [("c", "# a\n"), ("k", "if"), ("nv", "$b"), ("k", "then")]),
        ("text", "# a = 1", []),
        ("diff", "@@ -1 +1 @@\n-- a\n+b\n c\n",
         [("gu", "@@ -1 +1 @@"), ("gd", "-- a"), ("gi", "+b")]),
    ],
)  # fmt: skip
def test_lines_are_colored_by_their_syntax(
    name: str, text: str, expected: list[tuple[str, str]]
) -> None:
    found = [(kind, part.strip("\n")) for kind, part in parts(highlight(text, name))]
    assert found == [(kind, part.strip("\n")) for kind, part in expected]


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_each_hidden_password_is_marked(host: MailHost) -> None:
    files = render.render_bundle(host, masked=True)
    for file in files:
        marked = highlight(file.text, language(file.path))
        assert marked.count("<mark>********</mark>") == file.text.count(render.MASK)
        assert file.secret == ("<mark>" in marked)


def test_a_password_that_is_no_longer_used_is_marked_in_a_diff() -> None:
    assert "<mark>********</mark></span>" in highlight("-password = ********\n", "diff")
