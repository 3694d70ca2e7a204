"""Texts of the stock admin that are replaced, because they were wrong or used other words."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import gettext, override

from mailboxes.admin.stock_texts import REPLACED
from mailboxes.models import Domain, Mailbox
from tests.conftest import PASSWORD

DOMAINS = "/admin/mailboxes/domain/"
USERS = "/admin/auth/user/"
NEW_DOMAIN = {
    "domain": "example.net",
    "active": "on",
    "aliases": "0",
    "mailboxes": "0",
    "maxquota_0": "0",
    "maxquota_1": "M",
    "quota_0": "0",
    "delivery": "local",
    "quota_1": "M",
}


def title(page: str) -> str:
    found = re.search("<title>(.*?)</title>", page)
    return found[1].strip() if found else ""


def text(client: Client, url: str, data: dict[str, str] | None = None, language: str = "en") -> str:
    headers = {"accept-language": language}
    if data is None:
        answer = client.get(url, headers=headers, follow=True)
    else:
        answer = client.post(url, data, headers=headers, follow=True)
    return " ".join(re.sub(r"</?a\b[^>]*>", "", answer.content.decode()).split())


def test_the_roles_are_described_in_the_language_of_the_page(rita: Client) -> None:
    english = text(rita, f"{USERS}add/")
    assert "Has full access to all domains" in english
    german = text(rita, f"{USERS}add/", language="de")
    assert "Hat vollen Zugriff auf alle Domains" in german and "Domain-Administrator" in german
    assert "Has full access" not in german


@pytest.mark.parametrize(
    ("language", "titles", "sentences"),
    [
        (
            "en",
            ("Add administrator", "otto | Change administrator"),
            (
                "The administrator “otto” was added successfully. You may edit it again below.",
                "Disabled administrators can't sign in; their role is kept.",
                "Last sign-in",
                "Created",
                "An administrator with this name already exists. Choose another name.",
            ),
        ),
        (
            "de",
            ("Administrator hinzufügen", "otto | Administrator ändern"),
            (
                "Administrator „otto“ wurde erfolgreich hinzugefügt. "
                "Unten lässt sich der Eintrag weiter bearbeiten.",
                "Deaktivierte Administratoren können sich nicht anmelden; ihre Rolle bleibt",
                "Letzte Anmeldung",
                "Angelegt",
                "Ein Administrator mit diesem Namen existiert bereits. Wählen Sie einen anderen",
            ),
        ),
    ],
)
def test_administrators_are_called_so_on_all_of_their_pages(
    rita: Client, language: str, titles: tuple[str, str], sentences: tuple[str, ...]
) -> None:
    form = {"username": "otto", "password1": PASSWORD, "password2": PASSWORD, "role": "auditor"}
    assert title(text(rita, f"{USERS}add/", language=language)) == f"{titles[0]} | mailadmin"
    added = text(rita, f"{USERS}add/", form, language)
    assert title(added) == f"{titles[1]} | mailadmin"
    pages = added + text(rita, f"{USERS}add/", form, language)
    assert [sentence for sentence in sentences if sentence not in pages] == []


def test_after_saving_german_sentences_fit_any_kind_of_row(rita: Client) -> None:
    page = text(rita, f"{DOMAINS}add/", NEW_DOMAIN | {"_continue": "1"}, "de")
    assert "Domain „example.net“ wurde erfolgreich hinzugefügt. Unten lässt sich" in page
    form = NEW_DOMAIN | {"domain": "example.edu", "_addanother": "1"}
    page = text(rita, f"{DOMAINS}add/", form, "de")
    assert "hinzugefügt. Unten können Sie einen weiteren Eintrag anlegen." in page
    page = text(rita, f"{DOMAINS}add/", {}, "de")
    assert "Dieses Feld muss ausgefüllt werden." in page


def test_every_replaced_text_has_a_german_sentence_of_our_own() -> None:
    with override("de"):
        for message in REPLACED:
            assert re.search(r"ausgefüllt werden|Unten (lässt sich|können Sie)", gettext(message))


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "“nobody@example.org” doesn&#x27;t exist. It may have been deleted."),
        ("de", "„nobody@example.org“ existiert nicht. Der Eintrag wurde möglicherweise gelöscht."),
    ],
)
def test_a_row_that_is_gone_is_reported_by_its_name(
    rita: Client, language: str, sentence: str
) -> None:
    url = "/admin/mailboxes/mailbox/nobody@example.org/change/"
    assert sentence in text(rita, url, language=language)


@pytest.mark.parametrize(
    ("page", "english", "german"),
    [
        ("delete", "Delete anna@example.org?", "anna@example.org löschen?"),
        ("history", "History of anna@example.org", "Verlauf von anna@example.org"),
    ],
)
def test_the_title_of_a_page_is_its_heading(
    rita: Client, anna: Mailbox, page: str, english: str, german: str
) -> None:
    url = f"/admin/mailboxes/mailbox/{anna}/{page}/"
    assert title(text(rita, url)) == f"{english} | mailadmin"
    assert title(text(rita, url, language="de")) == f"{german} | mailadmin"


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            ("Current password", "The current password is wrong.", "Repeat new password"),
        ),
        (
            "de",
            (
                "Bisheriges Passwort",
                "Das bisherige Passwort ist falsch.",
                "Neues Passwort wiederholen",
                "Die beiden Passwörter stimmen nicht überein.",
            ),
        ),
    ],
)
def test_your_own_password_page_uses_the_words_of_the_page_for_mailboxes(
    rita: Client, language: str, sentences: tuple[str, ...]
) -> None:
    form = {"old_password": "wrong", "new_password1": PASSWORD, "new_password2": "other"}
    page = text(rita, "/admin/password_change/", form, language)
    assert [sentence for sentence in sentences if sentence not in page] == []
    assert "same password as before" not in page and "das selbe" not in page


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "The username or the password is wrong, or this account can&#x27;t use the panel.",
        ),
        (
            "de",
            "Der Benutzername oder das Passwort ist falsch, oder das Konto darf das Panel nicht "
            "benutzen.",
        ),
    ],
)
def test_the_sign_in_page_has_one_sentence_for_whatever_was_wrong(
    client: Client, tables: None, language: str, sentence: str
) -> None:
    User.objects.create_user("otto", password=PASSWORD)
    for password in (PASSWORD, "wrong"):
        form = {"username": "otto", "password": password}
        assert sentence in text(client, "/admin/login/", form, language)


def test_the_log_filter_names_administrators_and_lists_in_german(
    rita: Client, domain: Domain
) -> None:
    page = text(rita, "/admin/log/", language="de")
    assert "Administrator: hinzugefügt" in page and "administrator: " not in page
    assert "Postfach: Liste heruntergeladen" in page and "Konfiguration: heruntergeladen" in page


@pytest.mark.parametrize("language", ["en", "de"])
def test_each_language_is_offered_by_its_own_name(
    client: Client, tables: None, language: str
) -> None:
    page = text(client, "/password/", language=language)
    assert ">English</button>" in page and ">Deutsch</button>" in page
