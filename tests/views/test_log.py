"""The log is searched, paged and downloaded, by superusers only."""

import csv

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.utils.translation import override

from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.errors import Refused
from mailboxes.models import Domain, Mailbox
from mailboxes.views import log
from tests.admin.conftest import signed_in
from tests.conftest import PASSWORD, TESTER

pytestmark = pytest.mark.logged_fixtures

URL = "/admin/log/"


def objects(page: object) -> list[str]:
    return [logged.first.name for logged in page.context["entries"] if logged.first]  # type: ignore[attr-defined]


def test_the_log_is_searched_by_object_domain_and_actor(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    rita.post("/admin/mailboxes/mailbox/bob_40example.org/set-active/", {"active": "0"})
    actions.delete_mailbox(TESTER, anna)
    assert objects(rita.get(URL, {"q": anna.pk})) == [anna.pk, anna.pk]
    assert set(objects(rita.get(URL, {"q": "example.org"}))) == {anna.pk, bob.pk, "example.org"}
    assert objects(rita.get(URL, {"q": "rita"})) == [bob.pk, "rita"]
    assert objects(rita.get(URL, {"action": "mailbox.delete"})) == [anna.pk]
    assert objects(rita.get(URL, {"actor": "rita"})) == [bob.pk, "rita"]
    assert objects(rita.get(URL, {"actor": "rita", "q": "example.org"})) == [bob.pk]
    assert objects(rita.get(URL, {"actor": "rita", "action": "mailbox.delete"})) == []
    assert 'title="Who: rita"' in rita.get(URL, {"actor": "rita"}).content.decode()
    assert objects(rita.get(URL, {"until": "2001-01-01"})) == []
    assert "No entries match." in rita.get(URL, {"since": "2101-01-01"}).content.decode()
    assert "Enter a date such as" in rita.get(URL, {"since": "tomorrow"}).content.decode()


def test_the_log_is_paged_by_key(
    rita: Client, anna: Mailbox, bob: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "PAGE_SIZE", 2)
    first = rita.get(URL)
    second = rita.get(URL, {"before": first.context["older"]})
    assert objects(first) == [bob.pk, anna.pk]
    assert objects(second) == ["example.org", "rita"]


def test_the_log_is_downloaded_as_csv_and_that_is_logged(rita: Client, anna: Mailbox) -> None:
    answer = rita.get(URL, {"q": anna.pk, "csv": "1"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    [head, row] = csv.reader(text.splitlines())
    assert head[:4] == ["seq", "time", "actor_kind", "actor"] and row[6] == anna.pk
    assert objects(rita.get(URL))[0] == "log.csv"


def test_only_superusers_see_the_log(anna: Mailbox) -> None:
    assert signed_in("helpdesk", "example.org").get(URL).status_code == 403
    assert Client().get(URL).status_code == 302


def test_refused_requests_are_in_the_log(rita: Client, anna: Mailbox) -> None:
    hugo = signed_in("helpdesk", "example.org", name="hugo")
    missing = "/admin/mailboxes/mailbox/nobody_40example.net/"
    for answer in (
        hugo.get("/admin/configuration/"),
        hugo.post(f"{missing}change/"),
        hugo.post(f"{missing}password/"),
    ):
        assert answer.status_code in (302, 403, 404)
    hugo.get(f"{missing}password/")  # a bookmark of a mailbox that was deleted
    Client().get("/admin/configuration/")
    found = rita.get(URL, {"action": "administrator.refused-request"})
    assert objects(found) == [f"{missing}password/", f"{missing}change/", "/admin/configuration/"]
    assert {entry.entry.actor for entry in found.context["entries"]} == {"hugo"}
    words = "Page /admin/configuration/ request refused"
    assert words in " ".join(found.content.decode().split())


def test_a_refusal_is_read_in_the_language_of_each_reader(rita: Client, anna: Mailbox) -> None:
    german = {"accept-language": "de"}
    data = {"name": "Anna", "quota_0": "0", "quota_1": "G", "active": "on"}
    short = {"new_password1": "kurz", "new_password2": "kurz"}
    rita.post(f"/admin/mailboxes/mailbox/{quote(anna.pk)}/change/", data | short, headers=german)
    refused = "abgelehnt: Das Passwort ist zu kurz. Verwenden Sie mindestens 12 Zeichen."
    assert refused in rita.get(URL, headers=german).content.decode()
    english = "refused: The password is too short. Use at least 12 characters."
    assert english in rita.get(URL).content.decode()
    sheet = b"".join(rita.get(f"{URL}?csv=1", headers=german)).decode()
    assert english in sheet and ",refused," in sheet and "abgelehnt" not in sheet


def test_a_columns_name_in_a_refusal_is_read_in_each_language(rita: Client, domain: Domain) -> None:
    with override("de"), pytest.raises(Refused):
        actions.create_domain(TESTER, DomainName.parse("example.net"), aliases=10**10)
    text = "“maximum aliases” must be at most 1,000,000,000. Requested: 10,000,000,000."
    assert text in rita.get(URL).content.decode()
    german = rita.get(URL, headers={"accept-language": "de"}).content.decode()
    assert "maximum aliases" not in german and "1.000.000.000" in german


def test_each_refused_row_of_a_bulk_action_is_marked(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    carl = actions.create_mailbox(TESTER, Address.parse("carl@example.org"), PASSWORD)
    Domain.objects.update(quota=2)
    first = actions.set_quota_in_bulk(TESTER, [anna, bob], 1024000)
    actions.set_quota_in_bulk(TESTER, [carl], 1024000, first.entry)
    page = rita.get(URL, {"action": "mailbox.change"})
    [entry] = page.context["entries"]
    assert [(row.name, bool(row.refusal)) for row in entry.subjects] == [
        (anna.pk, False),
        (bob.pk, False),
        (carl.pk, True),
    ]
    refused = "refused: example.org has used up its total quota of 2 MiB"
    assert refused in page.content.decode()
    history = "/admin/mailboxes/mailbox/{}/history/"
    assert refused in rita.get(history.format(quote(carl.pk))).content.decode()
    assert "refused:" not in rita.get(history.format(quote(bob.pk))).content.decode()
    sheet = b"".join(rita.get(URL, {"action": "mailbox.change", "csv": "1"})).decode()
    rows = [(row[6], row[9], refused in row[10]) for row in csv.reader(sheet.splitlines()[1:])]
    assert rows == [
        (anna.pk, "done", False),
        (bob.pk, "done", False),
        (carl.pk, "refused", True),
    ]
