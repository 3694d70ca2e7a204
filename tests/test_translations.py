"""The German catalogue, which deploy/translate updates."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.test import Client

from mailboxes.models import Domain, Mailbox
from tests.conftest import PASSWORD

BASE = Path(settings.BASE_DIR)
FOLDER = BASE / "locale/de/LC_MESSAGES"
CATALOGUE = polib.pofile(str(FOLDER / "django.po"))
PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|%%s|</?[a-z]+[^>]*>")
PLAIN = {"mailadmin", "CSV", "Postfix", "Dovecot", "MariaDB", "SQLite", "saslauthd", "PAM"}
"""Words in templates that need no translation."""


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDERS.findall(text))


def test_every_message_is_translated_with_its_placeholders() -> None:
    assert len(CATALOGUE) > 400
    for entry in CATALOGUE:
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        assert all(texts) and "fuzzy" not in entry.flags, entry.msgid
        wanted = placeholders(entry.msgid_plural or entry.msgid)
        assert placeholders(texts[-1]) == wanted, entry.msgid
        assert ("'" not in texts[-1] and '"' not in texts[-1]) or "<a href=" in texts[-1], texts[-1]


def test_german_has_a_space_before_an_ellipsis_that_stands_for_words() -> None:
    found = [entry.msgstr for entry in CATALOGUE if re.search(r"\w…$", entry.msgstr)]
    assert found == [] and CATALOGUE.find("Delete…").msgstr == "Löschen\N{NO-BREAK SPACE}…"


def test_german_introduces_a_line_to_enter_as_german_does() -> None:
    texts = [text for e in CATALOGUE for text in (e.msgstr, *e.msgstr_plural.values())]
    assert not [text for text in texts if re.search(r"[Tt]ragen Sie .*\bdies\b", text)]
    assert sum("Folgendes in .env ein" in text for text in texts) == 4


def test_the_compiled_catalogue_is_up_to_date() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in CATALOGUE:
        if entry.msgid_plural:
            for number in (1, 2):
                text = compiled.ngettext(entry.msgid, entry.msgid_plural, number)
                assert text == entry.msgstr_plural[number - 1]
        elif entry.msgctxt:
            assert compiled.pgettext(entry.msgctxt, entry.msgid) == entry.msgstr
        else:
            assert compiled.gettext(entry.msgid) == entry.msgstr


def test_the_catalogue_has_exactly_the_messages_of_the_sources(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        reason = "GNU gettext is not installed; ./deploy/test installs it."
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    for name in ("mailadmin", "mailboxes", "templates", "locale"):
        shutil.copytree(BASE / name, tmp_path / name, ignore=shutil.ignore_patterns("config"))
    shutil.copy(BASE / "manage.py", tmp_path)
    command = "manage.py makemessages -v 0 -l de --no-location --no-obsolete --no-wrap"
    subprocess.run([sys.executable, *command.split()], cwd=tmp_path, check=True)
    found = polib.pofile(str(tmp_path / "locale/de/LC_MESSAGES/django.po"))
    assert {entry.msgid for entry in found} == {entry.msgid for entry in CATALOGUE}


TEMPLATES = [
    file
    for file in sorted((BASE / "templates").rglob("*.html"))
    if "config" not in file.relative_to(BASE).parts
]


def untranslated(template: str) -> set[str]:
    """Return the words of a template that aren't looked up in the catalogue."""
    hidden = r"{% blocktranslate.*?endblocktranslate %}|{% comment.*?endcomment %}"
    text = re.sub(hidden, "", template, flags=re.S)
    text = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", " ", text, flags=re.S)
    named = re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', text)
    bare = re.sub(r"<(code|kbd)\b.*?</\1>|<[^>]*>|&\w+;|\?\w+=", " ", text, flags=re.S)
    return set(re.findall(r"[^\W\d_]{2,}", " ".join([bare, *named]))) - PLAIN


def test_templates_contain_no_untranslated_text() -> None:
    found = {file.name: untranslated(file.read_text()) for file in TEMPLATES}
    assert {name: words for name, words in found.items() if words} == {} and len(found) > 100
    assert untranslated('<p title="Name">Hello</p>{% translate "World" %}') == {"Name", "Hello"}


def test_each_singular_has_one_plural() -> None:
    """Messages are looked up by their singular, so a second plural would never be found."""
    plurals: dict[str, set[str]] = {}
    for file in TEMPLATES:
        found = re.findall(r"%}([^%]+){% plural %}([^%]+){% endblocktranslate", file.read_text())
        for singular, plural in found:
            plurals.setdefault(singular, set()).add(plural)
    assert len(plurals) > 2 and [texts for texts in plurals.values() if len(texts) > 1] == []


@pytest.fixture
def german(rita: Client) -> Client:
    rita.post("/language/", {"language": "de"})
    return rita


def errors(page: Any) -> str:
    return str(page.context["adminform"].form.errors)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"address_0": "a@b@c"}, "ist keine gültige E-Mail-Adresse"),
        ({"address_0": "anna@example.com"}, "gibt es hier nicht. Legen Sie sie zuerst an"),
        ({"address_0": "anna@example.org"}, "gehört schon einem Postfach"),
        ({"quota_0": "viel"}, "ist keine gültige Größe"),
        ({"new_password2": "x"}, "Die beiden Passwörter stimmen nicht überein."),
        ({"new_password1": "a\tb" * 9, "new_password2": "a\tb" * 9}, "enthält einen Tabulator"),
        ({"quota_0": "3.5"}, "hat example.org noch 2,9 GiB übrig"),
    ],
)
def test_refusals_are_translated_wherever_they_come_from(
    german: Client, anna: Mailbox, fields: dict[str, str], sentence: str
) -> None:
    Domain.objects.update(quota=3000)
    form = {"address_0": "carl@example.org", "quota_0": "1", "quota_1": "G"}
    form |= {"new_password1": PASSWORD, "new_password2": PASSWORD} | fields
    assert sentence in errors(german.post("/admin/mailboxes/mailbox/add/", form))


def test_the_browsers_language_is_used_until_one_is_chosen(client: Client, tables: None) -> None:
    page = client.get("/password/", headers={"Accept-Language": "de-AT,de;q=0.9"})
    assert "Passwort Ihres Postfachs ändern" in page.content.decode()
    client.post("/language/", {"language": "en"})
    page = client.get("/password/", headers={"Accept-Language": "de"})
    assert "Change your mailbox password" in page.content.decode()


@pytest.mark.parametrize(
    "url",
    [
        "/admin/",
        "/admin/mailboxes/mailbox/",
        "/admin/mailboxes/mailbox/add/",
        "/admin/mailboxes/mailbox/anna_40example.org/delete/",
        "/admin/configuration/",
        "/admin/configuration/upgrade/",
        "/admin/doctor/",
        "/admin/auth/user/1/change/",
        "/admin/second-factor/",
        "/admin/second-factor/app/",
        "/admin/second-factor/passkey/",
        "/admin/confirm/?repeat=1",
    ],
)
def test_german_pages_contain_no_english_words(
    german: Client, mail_file: None, anna: Mailbox, url: str
) -> None:
    page = german.get(url, follow=True).content.decode()
    shown = re.sub(r"<(pre|code|script|style)\b.*?</\1>|<[^>]*>", " ", page, flags=re.S)
    english = set(re.findall(r"\b(the|of|with|and|which|mailboxes|your)\b(?!\.)", shown))
    assert english == set()
