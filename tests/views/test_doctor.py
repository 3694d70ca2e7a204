"""The page of the doctor, as far as it can be seen without a mail host."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from mailboxes import texts
from mailboxes.deployment.models import LastExamination
from mailboxes.deployment.states import State
from mailboxes.doctor import chain
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, Hop, HopResult, broken, working
from mailboxes.doctor.remedies import Remedy
from mailboxes.doctor.report import as_values
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.texts import gettext

READS = "The panel can read the mail database."


def run(client: Client, **typed: str) -> str:
    response = client.post("/admin/doctor/", typed)
    assert isinstance(response, StreamingHttpResponse)
    return unescape(response.getvalue().decode())


def test_nothing_is_examined_before_it_is_asked_for(rita: Client) -> None:
    assert "Examine the mail host" in rita.get("/admin/doctor/").content.decode()


def test_each_hop_is_shown_and_the_verdict_last(rita: Client, domain: Domain) -> None:
    page = run(rita)
    assert "The panel can read the mail database." in page
    places = [page.index(text) for text in ("hop-database", "hop-dovecot", "hop-ports", 'verdict"')]
    assert places == sorted(places) and page.rstrip().endswith("</html>")
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_an_address_is_explained_before_the_hops(rita: Client, anna: Mailbox) -> None:
    page = run(rita, address=" Anna@Example.org ")
    places = [page.index(text) for text in ("hop-mailbox", "delivered to this mailbox", "hop-data")]
    assert places == sorted(places) and 'value="anna@example.org"' in page


def test_it_works_without_a_domain_and_in_german(rita: Client) -> None:
    rita.cookies["django_language"] = "de"
    assert "Datenbank" in run(rita)


@pytest.mark.parametrize("method", ["get", "post"])
def test_others_are_refused(client: Client, method: str) -> None:
    assert getattr(client, method)("/admin/doctor/").status_code == 302


def test_the_hop_that_is_being_examined_is_shown_as_such(rita: Client, domain: Domain) -> None:
    page = run(rita)
    numbers = re.findall(r"(\d) of (\d)", page)
    assert numbers == [(str(place), str(len(numbers))) for place in range(1, len(numbers) + 1)]
    pending, hop = (
        r'hop pending">.*?</svg> (.*?)</h2>',
        r'hop (?!pending)[\w ]*" id.*?</svg> (.*?)</h2>',
    )
    pairs = re.findall(f"{pending}.*?{hop}", page, re.S)
    assert len(pairs) == len(numbers) > 3 and all(before == after for before, after in pairs)


def crash(examination: Examination) -> Iterator[Finding]:
    yield working("new", "Fine.")
    raise RuntimeError("a mistake in this hop")


def test_a_mistake_in_one_hop_does_not_stop_the_others(
    rita: Client, domain: Domain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    steps = (chain.STEPS[0], chain.Step(Hop("new", "New"), crash), chain.STEPS[1])
    monkeypatch.setattr(chain, "STEPS", steps)
    page = run(rita)
    assert "error in the panel: RuntimeError: a mistake in this hop." in page
    assert page.index("hop-new") < page.index("hop-tables") and "Something is broken." in page
    assert "a mistake in this hop" in caplog.text and not Mailbox.objects.exists()


def broken_off(*arguments: object, **options: object) -> Iterator[HopResult]:
    yield HopResult(Hop("database", "Database"), [working("database", "Fine.")])
    raise RuntimeError("a mistake")


def test_a_page_that_breaks_off_says_so_and_is_whole(
    rita: Client, domain: Domain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chain, "examine", broken_off)
    page = run(rita)
    assert "The examination broke off." in page and page.rstrip().endswith("</html>")
    assert "Fine." in page and "a mistake" not in page and "a mistake" in caplog.text


def test_invalid_settings_are_named_on_a_whole_page(rita: Client, settings: Settings) -> None:
    settings.MAIL_VARIANT = "v3"
    page = run(rita)
    assert "MAIL_VARIANT is “v3”" in page and page.rstrip().endswith("</html>")


def test_the_last_examination_is_shown_with_its_verdict_first(rita: Client) -> None:
    finding = broken("pam.file", "The file is missing.", Remedy("Apply again:", "sh apply"))
    results = [
        HopResult(Hop("database", "Database"), [working("database", gettext(READS))], 3),
        HopResult(Hop("pam", "PAM"), [working("pam", "Fine."), finding], 41),
    ]
    LastExamination.objects.create(
        machine="mail.example.test",
        verdict=State.BROKEN,
        hops=as_values(results, texts.source),
        examined=timezone.now() - timedelta(minutes=3),
    )
    page = unescape(rita.get("/admin/doctor/").content.decode()).replace("\xa0", " ")
    assert "Examined as root on mail.example.test 3 minutes ago" in page
    assert re.search(r'<a href="#hop-pam">PAM</a>: The file is missing\.', page)
    assert page.index("Something is broken.") < page.index('id="hop-database"')
    assert "sh apply" in page and "41 ms" in page
    assert 'lang="en"' not in page.partition("<main")[2]
    for url in ("/admin/", "/admin/doctor/"):
        with CaptureQueriesContext(connection) as queries:
            rita.get(url)
        assert sum("deployment_lastexamination" in query["sql"] for query in queries) == 1
    rita.cookies["django_language"] = "de"
    german = rita.get("/admin/doctor/").content.decode()
    assert "Das Panel kann die Mail-Datenbank lesen." in german and READS not in german
    again = run(rita)
    assert 'id="last-hop-pam"' in again and again.index('id="hop-ports"') < again.index("last-hop-")
