import io
import tarfile

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django import Settings

URL = "/admin/configuration/"


@pytest.fixture
def on_mysql(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a host on MariaDB; nothing asks that database."""
    settings.MAIL_DB_HOSTS = ["127.0.0.1"]
    settings.MAIL_LOOKUP_PASSWORD = "secret of look-ups"
    settings.MAIL_AUTH_PASSWORD = "secret of sign-ins"
    whole = {"ENGINE": "django.db.backends.mysql", "NAME": "mail", "HOST": "", "PORT": ""}
    monkeypatch.setitem(settings.DATABASES, "mail", settings.DATABASES["mail"] | whole)


def test_the_page_shows_every_file_without_its_secrets(rita: Client, on_mysql: None) -> None:
    page = rita.get(URL).content.decode()
    for text in ("/etc/postfix/mailadmin/", "/etc/dovecot/", "grants.sql", "********", "Weak:"):
        assert text in page
    assert "secret of" not in page


def test_the_page_leads_to_moving_house(rita: Client, mail_file: None) -> None:
    assert '<a href="/admin/configuration/moving/">' in rita.get(URL).content.decode()


def test_the_bundle_is_downloaded_and_logged(rita: Client, on_mysql: None) -> None:
    answer = rita.post(f"{URL}download/")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as bundle:
        names = bundle.getnames()
    assert "mailadmin-v2-debian13/apply" in names
    assert "mailadmin-v2-debian13.tar.gz" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    entry = LogEntry.objects.get()
    assert entry.user.get_username() == "rita" and "mailadmin-v2" in entry.object_repr


def test_one_file_is_downloaded_with_its_secrets(rita: Client, on_mysql: None) -> None:
    answer = rita.post(f"{URL}download/", {"path": "grants.sql"})
    assert b"secret of sign-ins" in answer.content
    assert LogEntry.objects.get().object_repr == "grants.sql"


@pytest.mark.parametrize("path", ["../mailadmin/settings.py", "/etc/passwd", "nothing"])
def test_nothing_but_the_bundle_is_downloaded(rita: Client, mail_file: None, path: str) -> None:
    assert rita.post(f"{URL}download/", {"path": path}).status_code == 404
    assert not LogEntry.objects.exists()


def test_a_download_is_never_a_get(rita: Client) -> None:
    assert rita.get(f"{URL}download/").status_code == 405


def test_what_cannot_be_exported_is_said(rita: Client, mail_file: None, settings: Settings) -> None:
    settings.MAIL_VARIANT = "v1"
    settings.MAIL_PASSWORD_SCHEME = ""
    page = rita.get(URL).content.decode()
    assert "No configuration can be made" in page and "SQLite" in page
    assert rita.post(f"{URL}download/").status_code == 409
    settings.MAIL_VARIANT = "v9"
    assert "MAIL_VARIANT is &#x27;v9&#x27;" in rita.get(URL).content.decode()
