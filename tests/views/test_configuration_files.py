"""The files on the configuration page: secrets hidden, downloads logged."""

import io
import re
import tarfile
from html import unescape

import pytest
from django.test import Client
from pytest_django import Settings

from mailboxes.conf import mail_host
from mailboxes.export import render
from mailboxes.export.bundle import File
from tests.conftest import logged
from tests.views.test_configuration import URL, words


def cards(page: str) -> list[str]:
    return page.split('<article class="card file"')[1:]


def shown(card: str) -> str:
    """Return the text of a file in its card."""
    found = re.search(r"<pre [^>]*>(.*?)</pre>", card, re.S)
    return unescape(re.sub(r"<[^>]*>", "", found[1])) if found else ""


@pytest.fixture(params=["v1", "v2"])
def files(request: pytest.FixtureRequest, on_mysql: None, settings: Settings) -> list[File]:
    settings.MAIL_VARIANT = request.param
    found = render.render_bundle(mail_host(), masked=True)
    return sorted(found, key=lambda file: not file.target)


def test_each_file_has_a_card(rita: Client, files: list[File]) -> None:
    page = rita.get(URL).content.decode()
    for file, card in zip(files, cards(page), strict=True):
        assert shown(card) == file.text
        place = f"{file.owner}:{file.group} {file.mode:04o}" if file.target else "in the bundle"
        assert f"{file.target or file.path} {place}" in words(card)
        assert ("</svg> contains a password" in card) == file.secret == ("data-secret" in card)
        lines = file.text.count("\n")
        assert f"{lines} lines of {file.path}" in words(card)
        for verb in ("Copy", "Download"):
            assert f'aria-label="{verb} {file.path}"' in card


def test_a_table_of_contents_links_to_each_file(rita: Client, files: list[File]) -> None:
    page = rita.get(URL).content.decode()
    links = re.findall(r'<a href="#(file-\d+)">(.*?)</a>', page)
    titles = re.findall(r'id="(file-\d+)">.*?<h3>(.*?)</h3>', page, re.S)
    assert (
        links
        == titles
        == [(f"file-{place}", file.target or file.path) for place, file in enumerate(files, 1)]
    )


def test_the_short_files_of_the_host_are_expanded(rita: Client, files: list[File]) -> None:
    found = cards(rita.get(URL).content.decode())
    expanded = ['<details class="fold" open>' in card for card in found]
    assert expanded == [bool(file.target) and file.text.count("\n") <= 40 for file in files]
    assert set(expanded) == {True, False} and any('<span class="c">' in card for card in found)


def test_secrets_are_not_shown(rita: Client, files: list[File]) -> None:
    page = rita.get(URL).content.decode()
    assert "secret of" not in page
    assert page.count("<mark>********</mark>") > sum(file.secret for file in files)


def test_html_in_a_setting_is_escaped(rita: Client, on_mysql: None, settings: Settings) -> None:
    settings.MAIL_LOOKUP_USER = "<script>x"
    page = rita.get(URL).content.decode()
    assert "&lt;script&gt;x" in page and "<script>x" not in page


def test_the_bundle_is_downloaded_and_logged(rita: Client, on_mysql: None) -> None:
    answer = rita.post(f"{URL}download/")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as bundle:
        names = bundle.getnames()
    assert "mailadmin-v2-debian13/apply" in names
    assert "mailadmin-v2-debian13.tar.gz" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    assert logged("configuration") == [
        ("rita", "configuration.download", "mailadmin-v2-debian13.tar.gz")
    ]


def test_one_file_is_downloaded_with_its_secrets(rita: Client, on_mysql: None) -> None:
    answer = rita.post(f"{URL}download/", {"path": "grants.sql"})
    assert b"secret of sign-ins" in answer.content
    assert logged("configuration") == [("rita", "configuration.download", "grants.sql")]


@pytest.mark.finding("path-traversal")
@pytest.mark.parametrize("path", ["../mailadmin/settings.py", "/etc/passwd", "nothing"])
def test_only_files_of_the_bundle_can_be_downloaded(
    rita: Client, mail_file: None, path: str
) -> None:
    assert rita.post(f"{URL}download/", {"path": path}).status_code == 404
    assert not logged("configuration")


@pytest.mark.finding("change-on-get")
def test_downloads_require_post(rita: Client) -> None:
    answer = rita.get(f"{URL}download/")
    assert answer.status_code == 302 and answer["Location"] == URL and not answer.content


def test_export_errors_are_shown(rita: Client, mail_file: None, settings: Settings) -> None:
    settings.MAIL_VARIANT = "v1"
    settings.MAIL_PASSWORD_SCHEME = ""
    page = rita.get(URL).content.decode()
    assert "The configuration can't be exported" in page and "SQLite" in page
    assert rita.post(f"{URL}download/").status_code == 409
    settings.MAIL_VARIANT = "v9"
    assert "MAIL_VARIANT is “v9”" in rita.get(URL).content.decode()
