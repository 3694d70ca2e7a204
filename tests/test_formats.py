"""Numbers and sizes in the language of the reader."""

from datetime import date

import pytest
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format

from mailboxes import formats
from mailboxes.errors import Refused
from mailboxes.models import Alias, Domain, Mailbox, Usage
from mailboxes.sizes import Size


@pytest.mark.parametrize(
    ("language", "count", "size", "day"),
    [
        ("en", "1,234,567", "1.5 GiB", "28 Nov 2026"),
        ("de", "1.234.567", "1,5 GiB", "28. Nov. 2026"),
    ],
)
def test_numbers_and_days_are_written_in_the_readers_language(
    language: str, count: str, size: str, day: str
) -> None:
    refusal = Refused("%(count)s, %(size)s", {"count": 1234567, "size": Size(1.5 * 2**30)})
    with translation.override(language):
        assert formats.number(1234567) == count
        assert formats.size(3 * 2**29) == size
        assert date_format(date(2026, 11, 28), "SHORT_DATE_FORMAT") == day
        assert formats.error_message(refusal) == f"{count}, {size}"


def test_german_pages_group_thousands_with_a_point(rita: Client, domain: Domain) -> None:
    Domain.objects.update(mailboxes=2500)
    Mailbox.objects.bulk_create(
        Mailbox(username=f"box{number}@example.org", domain=domain) for number in range(1500)
    )
    rita.post("/language/", {"language": "de"})
    data = {"action": "disable", "select_across": "1", "index": "0"}
    question = rita.post("/admin/mailboxes/mailbox/", data).content.decode()
    assert "1.500 Postfächer" in question and "1,500" not in question
    limits = rita.get("/admin/mailboxes/domain/").content.decode()
    assert "2.500" in limits and "2,500" not in limits and ">2500" not in limits


@pytest.mark.parametrize(
    ("language", "usage", "fullest", "targets", "rows"),
    [
        ("en", "2,000%", "<strong>2,000%", "and 1,482 more targets", "and 1,482 more<"),
        (
            "de",
            "2.000\xa0%",
            "<strong>2.000\xa0%",
            "und 1.482 weitere Ziele",
            "und 1.482 weitere Obj",
        ),
    ],
)
def test_large_numbers_are_grouped_wherever_a_page_shows_them(
    rita: Client, domain: Domain, language: str, usage: str, fullest: str, targets: str, rows: str
) -> None:
    Mailbox.objects.bulk_create(
        Mailbox(username=f"box{number:04}@example.org", domain=domain, quota=1)
        for number in range(1502)
    )
    Usage.objects.create(username="box0000@example.org", bytes=20)
    goto = ",".join(f"{number}@example.org" for number in range(1485))
    Alias.objects.create(address="all@example.org", goto=goto, domain=domain)
    rita.post("/language/", {"language": language})
    lists = "/admin/mailboxes"
    assert usage in rita.get(f"{lists}/mailbox/").content.decode()
    assert fullest in rita.get("/admin/").content.decode()
    assert targets in rita.get(f"{lists}/alias/").content.decode()
    data = {"action": "disable", "select_across": "1", "index": "0"}
    assert rows in rita.post(f"{lists}/mailbox/", data).content.decode()
