import pytest
from django.db import connections

from mailboxes import actions, queries
from mailboxes.addresses import Address, CatchAll, DomainName
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.conftest import PASSWORD

MB = 1024000


def create(text: str, **columns: object) -> Mailbox:
    return actions.create_mailbox(Address.parse(text), PASSWORD, **columns)  # type: ignore[arg-type]


def test_a_mailbox_is_made_with_its_alias_and_every_column(anna: Mailbox) -> None:
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


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("anna@example.org", "already taken by a mailbox"),
        ("info@example.org", "already taken by an alias that forwards to anna@example.org"),
        ("anna@example.com", "doesn't exist here"),
        ("anna@off.example", "is disabled"),
    ],
)
def test_a_mailbox_that_cannot_be_is_refused(anna: Mailbox, address: str, reason: str) -> None:
    actions.create_alias(Address.parse("info@example.org"), ["anna@example.org"])
    actions.create_domain(DomainName.parse("off.example"), active=False)
    with pytest.raises(Refused, match=reason):
        create(address)
    assert Mailbox.objects.count() == 1 and Alias.objects.count() == 2


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "empty"),
        ("3 letters", "too short"),
        ("123456789012", "easy to guess"),
        ("anna.berg.org", "too similar"),
        ("tab\tin the middle", "control"),
        ("x" * 256, "the limit is 255"),
    ],
)
def test_a_password_that_is_weak_or_impossible_is_refused(
    domain: Domain, password: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        actions.create_mailbox(Address.parse("anna@example.org"), password, name="anna.berg.org")
    assert refused.value.field == "password"
    assert not password or password not in str(refused.value)
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_limits_on_numbers_hold_and_self_aliases_do_not_count(domain: Domain) -> None:
    Domain.objects.update(mailboxes=2, aliases=1)
    create("one@example.org")
    create("two@example.org")
    actions.create_alias(Address.parse("info@example.org"), ["one@example.org"])
    with pytest.raises(Refused, match=r"mailbox limit \(2\)"):
        create("three@example.org")
    with pytest.raises(Refused, match=r"alias limit \(1\)"):
        actions.create_alias(CatchAll("example.org"), ["one@example.org"])
    Domain.objects.update(mailboxes=-1)
    with pytest.raises(Refused, match="Mailboxes are not allowed"):
        create("three@example.org")


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


def test_a_changed_quota_is_judged_and_an_old_one_may_stay(anna: Mailbox) -> None:
    Domain.objects.update(maxquota=5)
    anna.name = "Anna"
    actions.change_mailbox(anna)
    anna.quota = 6 * MB
    with pytest.raises(Refused, match="at most"):
        actions.change_mailbox(anna)
    anna.quota = 5 * MB
    actions.change_mailbox(anna)
    assert Mailbox.objects.get().quota == 5 * MB


def test_the_domains_quota_is_shared(domain: Domain) -> None:
    Domain.objects.update(quota=10)
    create("anna@example.org", quota=6 * MB)
    with pytest.raises(Refused, match="3.9 MiB left"):
        create("bob@example.org", quota=6 * MB)
    create("bob@example.org", quota=4 * MB)


def test_a_disabled_mailbox_takes_its_alias_with_it_and_back(anna: Mailbox) -> None:
    actions.set_active(anna, False)
    assert not Mailbox.objects.get().active and not Alias.objects.get().active
    actions.set_active(anna, True)
    assert Mailbox.objects.get().active and Alias.objects.get().active


def test_deleting_a_mailbox_leaves_the_aliases_that_lead_to_it(anna: Mailbox) -> None:
    actions.create_alias(Address.parse("info@example.org"), ["anna@example.org", "b@example.net"])
    actions.create_alias(Address.parse("x@example.org"), ["joanna@example.org"])
    assert [alias.pk for alias in queries.aliases_forwarding_to(anna.pk)] == ["info@example.org"]
    actions.delete_mailbox(anna)
    assert not Mailbox.objects.exists()
    assert {alias.pk for alias in Alias.objects.all()} == {"info@example.org", "x@example.org"}


def test_deleting_a_domain_takes_all_of_it_and_nothing_else(anna: Mailbox) -> None:
    actions.create_domain(DomainName.parse("example.net"))
    create("bob@example.net")
    actions.create_alias_domain("example.org", "example.net")
    with pytest.raises(Refused, match="Delete these first: example.org"):
        actions.delete_domain(Domain.objects.get(pk="example.net"))
    actions.delete_domain(Domain.objects.get(pk="example.org"))
    assert [row.pk for row in Domain.objects.all()] == ["example.net"]
    assert [row.pk for row in Mailbox.objects.all()] == ["bob@example.net"]
    assert [row.pk for row in Alias.objects.all()] == ["bob@example.net"]
    assert not AliasDomain.objects.exists()


def test_a_domain_is_not_made_twice_nor_of_the_hosts_own_name(domain: Domain) -> None:
    with pytest.raises(Refused, match="already exists"):
        actions.create_domain(DomainName.parse("EXAMPLE.org"))
    with pytest.raises(Refused, match="own name"):
        actions.create_domain(DomainName.parse("mail.example.org"))


def test_an_alias_to_itself_only_is_refused(domain: Domain) -> None:
    with pytest.raises(Refused, match="itself"):
        actions.create_alias(Address.parse("info@example.org"), ["info@example.org"])


def test_a_mailboxs_own_alias_may_forward_but_not_be_deleted(anna: Mailbox) -> None:
    own = Alias.objects.get()
    actions.change_alias(own, ["anna@example.org", "anna@example.net"])
    assert Alias.objects.get().goto == "anna@example.org,anna@example.net"
    with pytest.raises(Refused, match="deleted together with the mailbox"):
        actions.delete_alias(own)


@pytest.mark.parametrize(
    ("name", "target", "reason"),
    [
        ("example.org", "example.com", "doesn't exist"),
        ("example.org", "example.org", "itself"),
        ("a.example", "b.example", "already"),
        ("example.org", "a.example", "another one"),
        ("b.example", "example.org", "another one"),
    ],
)
def test_alias_domains_do_not_loop(domain: Domain, name: str, target: str, reason: str) -> None:
    for other in ("a.example", "b.example"):
        actions.create_domain(DomainName.parse(other))
    actions.create_alias_domain("a.example", "b.example")
    with pytest.raises(Refused, match=reason):
        actions.create_alias_domain(name, target)


def test_a_new_password_sets_when_it_expires(anna: Mailbox) -> None:
    Domain.objects.update(password_expiry=365)
    actions.change_password(anna, "another good password")
    anna.refresh_from_db()
    assert 364 <= (anna.password_expiry - anna.modified).days <= 365


def test_only_the_right_password_of_an_active_mailbox_opens_it(anna: Mailbox) -> None:
    assert actions.authenticate("anna@example.org", PASSWORD) == anna
    for address, password in (
        ("anna@example.org", "wrong"),
        ("anna@example.org", ""),
        ("anna@example.com", PASSWORD),
        ("ännä@example.org", PASSWORD),
    ):
        assert actions.authenticate(address, password) is None
    actions.set_active(Domain.objects.get(), False)
    assert actions.authenticate("anna@example.org", PASSWORD) is None
    actions.set_active(Domain.objects.get(), True)
    actions.set_active(anna, False)
    assert actions.authenticate("anna@example.org", PASSWORD) is None


@pytest.mark.parametrize("stored", ["", "{CRAM-MD5}", "{PLAIN}", "nonsense"])
def test_an_empty_or_unknown_hash_opens_nothing(anna: Mailbox, stored: str) -> None:
    Mailbox.objects.update(password=stored)
    for password in ("", stored, PASSWORD):
        assert actions.authenticate("anna@example.org", password) is None


def test_checking_writes_nothing_and_changing_writes_the_hosts_scheme(anna: Mailbox) -> None:
    old = "{PLAIN-MD5}5f4dcc3b5aa765d61d8327deb882cf99"
    Mailbox.objects.update(password=old)
    found = actions.authenticate("anna@example.org", "password")
    assert found and Mailbox.objects.get().password == old
    actions.change_password(found, PASSWORD)
    assert Mailbox.objects.get().password.startswith("{CRAM-MD5}")


@pytest.mark.parametrize("text", ["日本", "ü@example.org"])
def test_letters_that_no_column_holds_are_found_nowhere(anna: Mailbox, text: str) -> None:
    assert not Mailbox.objects.filter(username=text).exists()
    assert not Mailbox.objects.filter(username__icontains=text).exists()
    assert not Mailbox.objects.filter(name=text).exists()
    with pytest.raises(ValueError, match="ASCII"):
        Domain.objects.create(domain=text)


def test_disabling_keeps_what_others_changed_meanwhile(anna: Mailbox) -> None:
    loaded = Mailbox.objects.get()
    actions.change_password(anna, "a password of today")
    actions.set_active(loaded, False)
    actions.set_active(loaded, True)
    assert actions.authenticate("anna@example.org", "a password of today")
    assert not actions.authenticate("anna@example.org", PASSWORD)


def test_what_has_been_deleted_meanwhile_is_said(anna: Mailbox) -> None:
    loaded = Mailbox.objects.get()
    actions.delete_mailbox(anna)
    with pytest.raises(Refused, match="deleted in the meantime"):
        actions.change_password(loaded, "a password of today")


def test_letter_case_does_not_hide_where_an_alias_leads(anna: Mailbox) -> None:
    actions.create_alias(Address.parse("info@example.org"), ["Anna@example.org"])
    assert [alias.pk for alias in queries.aliases_forwarding_to(anna.pk)] == ["info@example.org"]
    with pytest.raises(Refused, match="itself"):
        actions.create_alias(Address.parse("loop@example.org"), ["Loop@example.org"])


def test_a_mailboxs_own_alias_keeps_the_state_of_the_mailbox(anna: Mailbox) -> None:
    with pytest.raises(Refused, match="Disable the mailbox instead"):
        actions.set_active(Alias.objects.get(), False)
    assert Alias.objects.get().active


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"mailboxes": -2}, "mailboxes"),
        ({"aliases": 99999999999}, "aliases"),
        ({"quota": 10**20}, "quota"),
        ({"description": "x" * 256}, "description"),
        ({"description": "a\nb"}, "description"),
        ({"description": "\udcff"}, "description"),
    ],
)
def test_what_no_column_can_hold_is_refused(
    tables: None, columns: dict[str, object], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        actions.create_domain(DomainName.parse("example.org"), **columns)
    assert refused.value.field == field
    assert not Domain.objects.exists()


def test_a_name_that_is_too_long_and_targets_that_are_too_many_are_refused(domain: Domain) -> None:
    with pytest.raises(Refused, match="255"):
        create("anna@example.org", name="x" * 256)
    with pytest.raises(Refused, match="65535"):
        actions.create_alias(
            Address.parse("all@example.org"), [f"n{n}@example.org" for n in range(5000)]
        )
    assert not Alias.objects.exists()
