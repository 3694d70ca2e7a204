"""The upgrade page compares two hosts, for superusers only."""

import re
from csv import DictReader
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from mailboxes import queries
from mailboxes.export import checking, compatibility
from mailboxes.export.compatibility import MAX_ADDRESSES
from mailboxes.models import LastLogin, Mailbox
from tests.conftest import STORED, add_mailbox, compare, logged
from tests.hashes import CRAM, MD5

URL = "/admin/configuration/upgrade/"


def test_the_page_shows_its_parts_in_order(
    rita: Client, sample_mailboxes: None, on_mysql: None
) -> None:
    page = unescape(rita.get(URL).content.decode())
    parts = (
        'value="v2/debian12/CRAM-MD5" selected',
        'value="v2/debian13/CRAM-MD5" selected',
        "3 of 6 active mailboxes can't sign in.",
        "Unable to sign in",
        "stored as PLAIN-MD5, which Dovecot on Debian 13",
        'href="/admin/mailboxes/mailbox/md5_40example.org/change/"',
        "Able to sign in with PLAIN and LOGIN only",
        "Other effects",
        'id="steps">Steps',
        "MAIL_ALLOW_WEAK_SCHEMES=true",
        'id="files">Files',
        "-# Dovecot 2.3",
    )
    assert sorted(parts, key=page.index) == list(parts)
    for hidden in (*filter(None, STORED.values()), MD5, CRAM, "geheim", "secret of"):
        assert hidden not in page


def test_hosts_can_be_compared_in_both_directions(
    rita: Client, sample_mailboxes: None, on_mysql: None
) -> None:
    there = rita.get(URL, {"from": "v2/debian12/CRAM-MD5", "to": "v1/debian12/MD5"})
    back = rita.get(URL, {"from": "v1/debian12", "to": "v2/debian12"})
    assert "pam_mysql only reads hashes written by MySQL&#x27;s MD5()" in there.content.decode()
    assert "pam_mysql" not in back.content.decode().partition('id="files"')[0]
    commands = re.findall(r"<pre class=\"code\">(.*?)</pre>", there.content.decode())
    assert "MAIL_VARIANT=v1" in commands and "MAIL_PASSWORD_SCHEME=MD5" in commands
    assert 'value="v2/debian12/CRAM-MD5" selected' in back.content.decode()


def test_hosts_that_cannot_be_compared_are_an_error_beside_the_choice(
    rita: Client, mail_file: None, settings: Settings
) -> None:
    for query, sentence in (
        ({"to": "v1/debian12/MD5"}, "needs MySQL or MariaDB"),
        ({"from": "<b>"}, "“<b>” doesn't describe a host"),
    ):
        page = unescape(rita.get(URL, query).content.decode())
        assert sentence in page and 'role="alert"' in page and "<select" in page
    settings.MAIL_VARIANT = "v9"
    assert "MAIL_VARIANT is “v9”" in rita.get(URL).content.decode()


@pytest.mark.parametrize(
    ("to", "tone", "sentence"),
    [
        ("v2/debian13", "bad", "3 of 6 active mailboxes can't sign in. (2 of"),
        ("v2/debian12", "bad", "2 of 6 active mailboxes can't sign in."),
        ("v2/debian12/ARGON2ID", "good", "The only active mailbox can sign in."),
        ("v2/debian12/SCRAM-SHA-256", "warn", "The only active mailbox can sign in."),
    ],
)
def test_the_verdict_has_a_matching_tone(
    rita: Client, sample_mailboxes: None, on_mysql: None, to: str, tone: str, sentence: str
) -> None:
    if tone != "bad":
        Mailbox.objects.exclude(local_part="sha").delete()
    page = unescape(rita.get(URL, {"from": "v2/debian12", "to": to}).content.decode())
    notice = re.search(r'<div class="notice (\w+)">.*?<strong>(.*?)</strong>', page, re.S)
    assert notice and notice[1] == tone and notice[2].startswith(sentence)


def test_each_file_shows_its_status_and_its_diff(
    rita: Client, sample_mailboxes: None, on_mysql: None
) -> None:
    page = rita.get(URL, {"from": "v2/debian12", "to": "v1/debian12"}).content.decode()
    for change in compare("v2/debian12", "v1/debian12").files:
        path = f"{re.escape(change.path)}(</strong>)? <"
        item = next(item for item in page.split("<li>") if re.search(path, item))
        assert f"</svg> {change.status_text}</span>" in item
        found = re.search(r"<pre [^>]*>(.*?)</pre>", item, re.S)
        assert (unescape(re.sub("<[^>]*>", "", found[1])) if found else "") == change.diff
    assert '<span class="gd">-driver = mysql</span>' in page
    assert '<span class="gi">+smtpd_sasl_type = cyrus</span>' in page


def test_mailboxes_beyond_the_first_are_only_counted(rita: Client, mail_file: None) -> None:
    for number in range(MAX_ADDRESSES + 1):
        add_mailbox(f"u{number:02}@example.org", MD5)
    assert "and one more" in rita.get(URL).content.decode()
    add_mailbox("u99@example.org", MD5)
    assert "and 2 more" in rita.get(URL).content.decode()


def test_the_page_is_read_only_and_for_superusers(rita: Client, mail_file: None) -> None:
    assert "no-store" in rita.get(URL)["Cache-Control"]
    assert rita.post(URL).status_code == 302
    assert Client().get(URL).status_code == 302
    staff = Client()
    staff.force_login(User.objects.create_user("sam", is_staff=True))
    assert staff.get(URL).status_code == 403


def test_the_page_has_no_inline_script_or_style(
    rita: Client, sample_mailboxes: None, on_mysql: None
) -> None:
    page = rita.get(URL).content.decode().partition('id="content"')[2]
    assert page and not re.search(r"<script|<style|<[^>]*\s(style|on\w+)=", page)


def csv_rows(client: Client, to: str) -> list[dict[str, str]]:
    page = client.get(f"{URL}csv/", {"to": to})
    text = b"".join(page.streaming_content).decode()  # type: ignore[attr-defined]
    return list(DictReader(StringIO(text.removeprefix("\ufeff"))))


def test_those_whose_passwords_are_stored_in_another_scheme_are_counted_by_domain(
    rita: Client, sample_mailboxes: None, on_mysql: None
) -> None:
    to = {"to": "v2/debian13/SHA512-CRYPT"}
    page = unescape(rita.get(URL, to).content.decode())
    assert "4 of 6 active mailboxes are left: their passwords" in page
    assert "2 of them need new passwords, since theirs can't be checked there." in page
    assert "sign in once at http://testserver/password/, with" in page
    assert "<td>example.org</td><td>4</td>" in page
    assert 'href="/admin/configuration/upgrade/csv/?to=v2%2Fdebian13%2FSHA512-CRYPT"' in page
    Mailbox.objects.exclude(local_part__in=["sha", "six"]).delete()
    page = unescape(rita.get(URL, to).content.decode())
    assert "No active mailbox is left" in page and "upgrade/csv" not in page


def test_the_list_names_those_to_ask_and_how_their_passwords_are_stored(
    rita: Client, sample_mailboxes: None, on_mysql: None
) -> None:
    Mailbox.objects.filter(local_part="md5").update(name="Anna Berg")
    LastLogin.objects.create(username="md5@example.org", last_login=1_700_000_000)
    add_mailbox("aoff@example.org", MD5, active=False)
    rows = csv_rows(rita, "v2/debian13/CRAM-MD5")
    assert [row["address"].partition("@")[0] for row in rows] == ["empty", "md5", "nope", "aoff"]
    assert rows[1] == {
        "address": "md5@example.org",
        "name": "Anna Berg",
        "domain": "example.org",
        "stored_as": "32 hex digits",
        "can_keep_password": "True",
        "can_sign_in": "False",
        "active": "True",
        "last_sign_in": "2023-11-14T22:13:20Z",
    }
    assert [row["can_keep_password"] for row in rows] == ["False", "True", "False", "True"]
    assert (rows[3]["active"], rows[3]["can_sign_in"]) == ("False", "False")
    assert csv_rows(rita, "v2/debian12/CRAM-MD5")[1]["can_sign_in"] == "True"
    for hidden in (*filter(None, STORED.values()), MD5, CRAM, "geheim"):
        assert hidden not in str(rows)
    assert [action for _actor, action, _name in logged()] == ["mailbox.download"] * 2


def test_a_list_for_an_unknown_host_is_refused_and_not_logged(rita: Client, tables: None) -> None:
    page = rita.get(f"{URL}csv/", {"to": "<b>"})
    assert page.status_code == 400 and page["Content-Type"].startswith("text/plain")
    assert logged() == []


def test_many_mailboxes_are_read_in_steps_that_show_how_far_they_have_come(
    rita: Client, sample_mailboxes: None, on_mysql: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = "?from=v2/debian12/CRAM-MD5&to=v2/debian13/CRAM-MD5"
    at_once = rita.get(URL + question).content.decode()
    monkeypatch.setattr(queries, "MAX_ROWS", 3)
    monkeypatch.setattr(compatibility, "HASHES_PER_QUERY", 2)
    monkeypatch.setattr(checking, "BATCHES_PER_PART", 1)
    with CaptureQueriesContext(connections["mail"]) as asked:
        page = rita.get(URL + question).content.decode()
    assert "hasn't been checked yet" in page and 'id="steps"' not in page
    assert "active mailboxes" not in page and 'id="files"' in page
    assert not [one for one in asked if "password" in one["sql"].partition("FROM")[0]]
    total = Mailbox.objects.count()
    answer: Any = rita.post(URL + question, {"start": "1"})
    for read in range(2, total + 1, 2):
        text = answer.content.decode()
        assert f"{read} mailboxes have been read." in text and "data-autosubmit" in text
        assert f'max="{total}" value="{read}"' in text
        assert "hasn't been checked yet" in rita.get(URL + question).content.decode()
        answer = rita.post(URL + question)
    while answer.status_code == 200:
        answer = rita.post(URL + question)
    checked = rita.get(answer["Location"]).content.decode()
    assert f"for which {total} mailboxes were read" in checked
    for begin, stop in (("notice bad", 'id="notes"'), ('id="steps"', 'id="files"')):
        parts = [page[page.index(begin) : page.index(stop)] for page in (at_once, checked)]
        assert parts[0] == parts[1]
    other = rita.get(f"{URL}?from=v2/debian12/CRAM-MD5&to=v2/debian12/MD5-CRYPT").content.decode()
    assert "mailboxes were read" not in other
    again = rita.post(URL + question, {"start": "1"}).content.decode()
    assert "2 mailboxes have been read." in again


def test_few_mailboxes_are_read_at_once(rita: Client, sample_mailboxes: None) -> None:
    assert rita.post(f"{URL}?from=v2", {"start": "1"}).status_code == 302
    assert "Check all" not in rita.get(URL).content.decode()
