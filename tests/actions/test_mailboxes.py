"""A mailbox with its own alias: creation, quota, status and deletion."""

import pytest
from django.db import connections

from mailboxes import actions
from mailboxes.actions.bulk import set_quota_in_bulk
from mailboxes.addresses import Address, DomainName
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.forwarding.findings import left_behind
from mailboxes.models import Alias, Domain, Mailbox
from tests.actions.conftest import MB, create
from tests.conftest import PASSWORD, TESTER


def test_a_mailbox_is_created_with_its_alias_and_every_column(domain: Domain) -> None:
    anna = create("anna@example.org")
    anna.refresh_from_db()
    assert (anna.maildir, anna.local_part, anna.domain_id) == (
        "example.org/anna/",
        "anna",
        "example.org",
    )
    assert anna.password.startswith("{CRAM-MD5}") and anna.check_password(PASSWORD)
    alias = Alias.objects.get()
    assert (alias.address, alias.goto, alias.domain_id) == (anna.pk, anna.pk, "example.org")
    with connections["mail"].cursor() as cursor:
        cursor.execute("SELECT * FROM mailbox")
        row = dict(
            zip((column[0] for column in cursor.description), cursor.fetchone(), strict=True)
        )
    assert [name for name, value in row.items() if value is None] == ["totp_secret"]


def test_the_fixtures_insert_what_the_actions_do(anna: Mailbox) -> None:
    def rows() -> list[dict[str, object]]:
        found = [row for model in (Domain, Mailbox, Alias) for row in model.objects.values()]
        return [{**row, "created": "", "modified": ""} for row in found]

    inserted = rows()
    for model in (Alias, Mailbox, Domain):
        model.objects.all().delete()
    actions.create_domain(TESTER, DomainName.parse("example.org"))
    create("anna@example.org", name="Anna Berg")
    assert rows() == inserted


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("anna@example.org", "already taken by a mailbox"),
        ("info@example.org", "already taken by an alias that forwards to anna@example.org"),
        ("anna@example.com", "doesn't exist here"),
        ("anna@off.example", "is disabled"),
    ],
)
def test_an_impossible_mailbox_is_refused(anna: Mailbox, address: str, reason: str) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["anna@example.org"])
    actions.create_domain(TESTER, DomainName.parse("off.example"), active=False)
    with pytest.raises(Refused, match=reason):
        create(address)
    assert Mailbox.objects.count() == 1 and Alias.objects.count() == 2


@pytest.mark.parametrize(
    ("limits", "quota", "reason"),
    [
        ({"maxquota": 5}, 5 * MB + 1, "at most 4.9 MiB"),
        ({"maxquota": 5}, 0, "at most 4.9 MiB"),
        ({"maxquota": -1}, 1, "switched off"),
        ({"quota": 10}, 11 * MB, "9.8 MiB left"),
        ({"quota": 10}, 0, "left"),
    ],
)
def test_a_quota_over_the_domains_limit_is_refused(
    domain: Domain, limits: dict[str, int], quota: int, reason: str
) -> None:
    Domain.objects.update(**limits)
    with pytest.raises(Refused, match=reason):
        create("anna@example.org", quota=quota)


def test_a_changed_quota_is_checked_and_an_unchanged_one_is_kept(anna: Mailbox) -> None:
    Domain.objects.update(maxquota=5)
    anna.name = "Anna"
    actions.change_mailbox(TESTER, anna)
    anna.quota = 6 * MB
    with pytest.raises(Refused, match="at most"):
        actions.change_mailbox(TESTER, anna)
    anna.quota = 5 * MB
    actions.change_mailbox(TESTER, anna)
    assert Mailbox.objects.get().quota == 5 * MB


def test_the_domains_quota_is_shared(domain: Domain) -> None:
    Domain.objects.update(quota=10)
    create("anna@example.org", quota=6 * MB)
    with pytest.raises(Refused, match="3.9 MiB left"):
        create("bob@example.org", quota=6 * MB)
    create("bob@example.org", quota=4 * MB)


def test_a_mailboxs_own_alias_is_disabled_and_enabled_with_it(anna: Mailbox) -> None:
    actions.set_active(TESTER, anna, False)
    assert not Mailbox.objects.get().active and not Alias.objects.get().active
    actions.set_active(TESTER, anna, True)
    assert Mailbox.objects.get().active and Alias.objects.get().active


def test_deleting_a_mailbox_keeps_the_aliases_that_forward_to_it(anna: Mailbox) -> None:
    actions.create_alias(
        TESTER, Address.parse("info@example.org"), ["anna@example.org", "b@example.net"]
    )
    actions.create_alias(TESTER, Address.parse("x@example.org"), ["joanna@example.org"])
    left = left_behind([anna], Alias.objects.all())
    assert (left.nowhere, [*left.others]) == ([], ["info@example.org"])
    actions.delete_mailbox(TESTER, anna)
    assert not Mailbox.objects.exists()
    assert {alias.pk for alias in Alias.objects.all()} == {"info@example.org", "x@example.org"}


def test_disabling_keeps_changes_made_in_the_meantime(anna: Mailbox) -> None:
    loaded = Mailbox.objects.get()
    actions.change_password(TESTER, anna, "a password of today", mail_host().scheme)
    actions.set_active(TESTER, loaded, False)
    actions.set_active(TESTER, loaded, True)
    assert actions.authenticate("anna@example.org", "a password of today", mail_host().scheme)
    assert not actions.authenticate("anna@example.org", PASSWORD, mail_host().scheme)


def test_a_mailboxs_old_quota_does_not_count_against_its_new_one(domain: Domain) -> None:
    Domain.objects.update(quota=10)
    anna = create("anna@example.org", quota=7 * MB)
    create("bob@example.org", quota=1 * MB)
    set_quota_in_bulk(TESTER, [anna], 9 * MB)
    anna.quota = 8 * MB
    actions.change_mailbox(TESTER, anna)
    assert Mailbox.objects.get(pk=anna.pk).quota == 8 * MB
    [(_row, refusal)] = set_quota_in_bulk(TESTER, [anna], 9 * MB + 1).refused
    assert "8.8 MiB left" in str(refusal)
    assert Mailbox.objects.get(pk=anna.pk).quota == 8 * MB
