"""The columns of the lists: usage, last sign-in, limits and status."""

import pytest
from django.test import Client

from mailboxes import actions
from mailboxes.actions.bulk import set_quota_in_bulk
from mailboxes.addresses import DomainName
from mailboxes.models import Domain, LastLogin, Mailbox, Usage
from tests.admin.conftest import DOMAIN, MAILBOX
from tests.conftest import TESTER


def test_each_checkbox_is_labelled_with_its_row(rita: Client, anna: Mailbox) -> None:
    page = rita.get(MAILBOX).content.decode()
    assert 'aria-label="Select anna@example.org"' in page and "Select this object" not in page


def test_usage_is_shown_in_words_and_as_a_bar(rita: Client, anna: Mailbox) -> None:
    set_quota_in_bulk(TESTER, [anna], 2**30)
    assert ">Unknown, quota 1 GiB</td>" in rita.get(MAILBOX).content.decode()
    for used, words, tone in (
        (2**29, "512 MiB of 1 GiB, 50%", "good"),
        (983 * 2**20, 'Nearly full:</strong> <span class="nowrap">983 MiB of 1 GiB, 95%', "warn"),
        (2**31, 'Full:</strong> <span class="nowrap">2 GiB of 1 GiB, 200%', "bad"),
    ):
        Usage.objects.update_or_create(pk=anna.pk, defaults={"bytes": used})
        page = rita.get(MAILBOX).content.decode()
        assert words in page and f'class="bar {tone}"' in page
    set_quota_in_bulk(TESTER, [anna], 0)
    assert "2 GiB, no limit" in rita.get(MAILBOX).content.decode()
    Usage.objects.all().delete()
    assert ">Unknown, no limit</td>" in rita.get(MAILBOX).content.decode()


def test_the_last_sign_in_is_only_shown_where_it_is_recorded(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    assert "Last sign-in" not in rita.get(MAILBOX).content.decode()
    LastLogin.objects.create(username=anna.pk, domain="example.org", last_login=1_790_000_000)
    page = rita.get(MAILBOX).content.decode()
    assert 'datetime="2026-09-21T' in page and " UTC</time>" in page and "Never" in page


def test_mailboxes_of_a_disabled_domain_are_marked(rita: Client, anna: Mailbox) -> None:
    assert "Domain disabled" not in rita.get(MAILBOX).content.decode()
    actions.set_active(TESTER, Domain.objects.get(), False)
    assert "Domain disabled" in rita.get(MAILBOX).content.decode()


def test_a_domain_shows_its_mailboxes_and_their_limit(rita: Client, anna: Mailbox) -> None:
    domain = Domain.objects.get()
    domain.mailboxes, domain.aliases, domain.maxquota, domain.quota = 1, 0, 1024, 10240
    actions.change_domain(TESTER, domain)
    page = rita.get(DOMAIN).content.decode()
    assert '?domain=example.org">1</a> of 1' in page and "full" in page
    assert "9.8 GiB in total, at most 1000 MiB each" in page


@pytest.mark.finding("stored-html")
def test_html_that_is_stored_is_shown_as_text(rita: Client, anna: Mailbox) -> None:
    hostile = "<script>alert(1)</script>"
    actions.create_domain(TESTER, DomainName.parse("example.net"), description=hostile)
    Mailbox.objects.update(name=hostile)
    change = "anna_40example.org/change/"
    for url in (DOMAIN, f"{DOMAIN}example.net/change/", MAILBOX, MAILBOX + change, "/admin/log/"):
        page = rita.get(url).content.decode()
        assert "&lt;script&gt;alert(1)" in page, url
        assert "<script>alert" not in page, url
