"""The dashboard's pictures show what was counted, to each administrator what is within reach."""

from datetime import UTC, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from mailboxes import actions, pictures
from mailboxes.addresses import DomainName
from mailboxes.figures.models import DailyFigures
from mailboxes.models import Mailbox
from tests.admin.conftest import signed_in
from tests.conftest import TESTER


@pytest.fixture
def counted(anna: Mailbox) -> None:
    """Two domains have been counted today and yesterday."""
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    today = timezone.now().astimezone(UTC).date()
    for age in range(2):
        for name, mailboxes, stored in (("", 30, 300), ("example.org", 20, 100),
                                        ("example.net", 10, 200)):  # fmt: skip
            DailyFigures.objects.create(
                day=today - timedelta(days=age), domain=name, mailboxes=mailboxes - age,
                bytes=stored * 2**20, forms={"SHA512-CRYPT": mailboxes - 4, "CRAM-MD5": 3, "": 1},
                sign_ins=None if name else 5, refused=None if name else 2, changes=mailboxes,
            )  # fmt: skip


def test_before_anything_was_counted_it_is_said_what_counts(rita: Client, anna: Mailbox) -> None:
    assert "mailadmin-figures.timer" in rita.get("/admin/").content.decode()
    assert "mailadmin-figures" not in signed_in("auditor").get("/admin/").content.decode()


def test_all_domains_are_shown_with_sign_ins(rita: Client, counted: None) -> None:
    page = rita.get("/admin/")
    found, text = page.context["pictures"], page.content.decode()
    assert [part.label for part in found.domains] == ["example.net", "example.org"]
    assert [(part.label, part.text, part.tone) for part in found.forms] == [
        ("SHA512-CRYPT", "26", "a"),
        ("CRAM-MD5", "3", "bad"),
        ("unknown", "1", "quiet"),
    ]
    titles = [str(chart.title) for chart in found.charts]
    assert titles == ["Mailboxes", "Storage", "Sign-ins to the panel a day", "Changes a day"]
    assert found.charts[0].latest == "30" and found.charts[1].latest == "300 MiB"
    assert text.count("<svg viewBox") >= 6 and "style=" not in text
    assert "<td>29</td>" in text


def test_only_own_domains_are_shown_without_sign_ins(counted: None) -> None:
    page = signed_in("domain", "example.org").get("/admin/")
    found = page.context["pictures"]
    assert [part.label for part in found.domains] == ["example.org"]
    assert [(str(chart.title), chart.latest) for chart in found.charts] == [
        ("Mailboxes", "20"),
        ("Storage", "100 MiB"),
        ("Changes a day", "20"),
    ]
    assert "example.net" not in page.content.decode()
    page = signed_in("domain", "example.org", "example.net", name="both").get("/admin/")
    assert page.context["pictures"].charts[0].latest == "30"


def test_of_too_many_domains_nothing_is_added_up(
    counted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MAX_DOMAINS", 1)
    client = signed_in("domain", "example.org", "example.net")
    assert not client.get("/admin/").context["pictures"]


def test_the_page_of_a_domain_has_its_own(rita: Client, counted: None) -> None:
    page = rita.get("/admin/mailboxes/domain/example.net/change/")
    titles = [str(chart.title) for chart in page.context["overview"]["charts"]]
    assert titles == ["Mailboxes", "Storage", "Changes a day"]
    assert "<polyline" in page.content.decode()
