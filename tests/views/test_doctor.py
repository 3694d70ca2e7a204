"""The page of the doctor, as far as it can be seen without a mail host."""

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from mailboxes.models import Alias, Domain, Mailbox


def run(client: Client) -> str:
    response = client.post("/admin/doctor/")
    assert isinstance(response, StreamingHttpResponse)
    return response.getvalue().decode()


def test_nothing_is_examined_before_it_is_asked_for(rita: Client) -> None:
    assert "Examine the mail host" in rita.get("/admin/doctor/").content.decode()


def test_each_hop_is_shown_and_the_verdict_last(rita: Client, domain: Domain) -> None:
    page = run(rita)
    assert "The panel can read the mail database." in page
    places = [page.index(text) for text in ("hop-database", "hop-dovecot", "hop-ports", "verdict")]
    assert places == sorted(places) and page.rstrip().endswith("</html>")
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_it_works_without_a_domain_and_in_german(rita: Client) -> None:
    rita.cookies["django_language"] = "de"
    assert "Datenbank" in run(rita)


@pytest.mark.parametrize("method", ["get", "post"])
def test_others_are_refused(client: Client, method: str) -> None:
    assert getattr(client, method)("/admin/doctor/").status_code == 302
