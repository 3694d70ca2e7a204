import pytest
from django.test import Client
from django.utils import translation

from mailboxes import formats
from mailboxes.errors import Refused
from mailboxes.models import Domain, Mailbox
from mailboxes.sizes import Size


@pytest.mark.parametrize(
    ("language", "count", "size"),
    [("en", "1,234,567", "1.5 GiB"), ("de", "1.234.567", "1,5 GiB")],
)
def test_numbers_are_written_in_the_readers_language(language: str, count: str, size: str) -> None:
    refusal = Refused("%(count)s, %(size)s", {"count": 1234567, "size": Size(1.5 * 2**30)})
    with translation.override(language):
        assert formats.number(1234567) == count
        assert formats.size(3 * 2**29) == size
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
