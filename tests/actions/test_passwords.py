"""Which password signs in, how it is replaced, and that each attempt costs the same."""

import hashlib
import time
from collections import Counter
from datetime import timedelta

import pytest
from pytest_django import Settings

from mailboxes import actions
from mailboxes.access.scope import Scope
from mailboxes.actions import passwords
from mailboxes.addresses import Address
from mailboxes.audit.actors import OWNER, Actor
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.fields import LONG_AGO
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.passwords import schemes
from tests.conftest import PASSWORD, TESTER, add_mailbox, logged
from tests.hashes import BCRYPT, MD5, SHA512_CRYPT

BCRYPT_10 = BCRYPT.replace("$04$", "$10$")
SLOW = SHA512_CRYPT.replace("$6$", "$6$rounds=150000$")
DES_OF_8 = "ab1iBa.N.U2C6"  # of the password 12345678
TOO_COSTLY = f"{{BLF-CRYPT}}{BCRYPT.replace('$04$', '$14$')}"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "empty"),
        ("3 letters", "too short"),
        ("123456789012", "easy to guess"),
        ("anna.berg.org", "easy to guess"),
        ("tab\tin the middle", "control"),
        ("x" * 256, "the limit is 255"),
    ],
)
def test_a_weak_or_unusable_password_is_refused(domain: Domain, password: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        actions.create_mailbox(
            TESTER, Address.parse("anna@example.org"), password, name="anna.berg.org"
        )
    assert refused.value.field == "password"
    assert not password or password not in str(refused.value)
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_a_new_password_renews_the_expiry_date(anna: Mailbox) -> None:
    Domain.objects.update(password_expiry=365)
    actions.change_password(TESTER, anna, "another good password", mail_host().scheme)
    anna.refresh_from_db()
    assert 364 <= (anna.password_expiry - anna.modified).days <= 365


def test_only_the_right_password_of_an_active_mailbox_authenticates(anna: Mailbox) -> None:
    assert actions.authenticate("anna@example.org", PASSWORD, mail_host().scheme) == anna
    for address, password in (
        ("anna@example.org", "wrong"),
        ("anna@example.org", ""),
        ("anna@example.com", PASSWORD),
        ("ännä@example.org", PASSWORD),
    ):
        assert actions.authenticate(address, password, mail_host().scheme) is None
    actions.set_active(TESTER, Domain.objects.get(), False)
    assert actions.authenticate("anna@example.org", PASSWORD, mail_host().scheme) is None
    actions.set_active(TESTER, Domain.objects.get(), True)
    actions.set_active(TESTER, anna, False)
    assert actions.authenticate("anna@example.org", PASSWORD, mail_host().scheme) is None


@pytest.mark.finding("hash-as-password")
@pytest.mark.parametrize("stored", ["", "{CRAM-MD5}", "{PLAIN}", "nonsense"])
def test_an_empty_or_unknown_hash_authenticates_nobody(anna: Mailbox, stored: str) -> None:
    Mailbox.objects.update(password=stored)
    for password in ("", stored, PASSWORD):
        assert actions.authenticate("anna@example.org", password, mail_host().scheme) is None


def test_checking_keeps_the_old_hash_and_changing_uses_the_hosts_scheme(anna: Mailbox) -> None:
    old = "{PLAIN-MD5}5f4dcc3b5aa765d61d8327deb882cf99"
    Mailbox.objects.update(password=old)
    found = actions.authenticate("anna@example.org", "password", mail_host().scheme)
    assert found and Mailbox.objects.get().password == old
    actions.change_password(TESTER, found, PASSWORD, mail_host().scheme)
    assert Mailbox.objects.get().password.startswith("{CRAM-MD5}")


@pytest.fixture
def owner(anna: Mailbox) -> Actor:
    return Actor(OWNER, anna.pk, "192.0.2.7", Scope.of_owner(anna.pk))


def test_a_rehash_keeps_the_password_and_its_date_of_expiry(
    anna: Mailbox, owner: Actor, settings: Settings
) -> None:
    expiry = LONG_AGO + timedelta(days=9999)
    Domain.objects.update(password_expiry=365)
    Mailbox.objects.update(password=MD5, password_expiry=expiry)
    settings.MAIL_PASSWORD_SCHEME = "SHA512-CRYPT"
    anna.refresh_from_db()
    assert actions.rehash_password(owner, anna, "foo", mail_host())
    anna.refresh_from_db()
    assert anna.password.startswith("{SHA512-CRYPT}") and anna.check_password("foo")
    assert anna.password_expiry == expiry
    assert not actions.rehash_password(owner, anna, "foo", mail_host())
    assert logged() == [(anna.pk, "mailbox.rehash", anna.pk)]


def test_only_the_owner_may_have_the_password_rehashed(anna: Mailbox, bob: Mailbox) -> None:
    Mailbox.objects.update(password=MD5)
    for scope in (Scope.of_owner(bob.pk), Scope.of_role("helpdesk", ["example.org"])):
        anna.refresh_from_db()
        with pytest.raises(Refused) as refused:
            actions.rehash_password(Actor(OWNER, bob.pk, "", scope), anna, "foo", mail_host())
        assert refused.value.code == "forbidden"
    assert {row.password for row in Mailbox.objects.all()} == {MD5}


def test_a_password_that_has_changed_in_the_meantime_is_not_overwritten(
    anna: Mailbox, owner: Actor
) -> None:
    Mailbox.objects.update(password=MD5)
    anna.refresh_from_db()
    Mailbox.objects.update(password=MD5.upper())
    with pytest.raises(Refused, match="changed in the meantime"):
        actions.rehash_password(owner, anna, "foo", mail_host())
    assert Mailbox.objects.get().password == MD5.upper()


@pytest.mark.parametrize(
    ("stored", "password", "reason"),
    [
        ("abQ9KY.KfrYrc", "foo", ""),
        (f"{{DES-CRYPT}}{DES_OF_8}", "12345678", "Only the beginning"),
        (f"{{DES-CRYPT}}{DES_OF_8}", "12345678 and more", "Only the beginning"),
        ("{PLAIN-TRUNC}6-foobar", "foobar", "Only the beginning"),
        ("{PLAIN}with a\ttab", "with a\ttab", "control"),
    ],
)
def test_a_password_that_the_daemons_would_not_accept_is_not_rehashed(
    anna: Mailbox, owner: Actor, stored: str, password: str, reason: str
) -> None:
    Mailbox.objects.update(password=stored)
    anna.refresh_from_db()
    if reason:
        with pytest.raises(Refused, match=reason):
            actions.rehash_password(owner, anna, password, mail_host())
        assert Mailbox.objects.get().password == stored
    else:
        assert actions.rehash_password(owner, anna, password, mail_host())


def test_changing_the_password_of_a_deleted_mailbox_is_refused(anna: Mailbox) -> None:
    loaded = Mailbox.objects.get()
    actions.delete_mailbox(TESTER, anna)
    with pytest.raises(Refused, match="deleted in the meantime"):
        actions.change_password(TESTER, loaded, "a password of today", mail_host().scheme)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rounds of each PBKDF2 that is computed, as in SCRAM-SHA-256."""
    rounds: list[int] = []
    pbkdf2_hmac = hashlib.pbkdf2_hmac

    def counting(name: str, password: bytes, salt: bytes, iterations: int) -> bytes:
        rounds.append(iterations)
        return pbkdf2_hmac(name, password, salt, iterations)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", counting)
    return rounds


@pytest.mark.parametrize("stored", ["", "nonsense", TOO_COSTLY, "of the scheme"])
def test_an_attempt_at_a_hash_that_cannot_be_checked_costs_one_in_the_hosts_scheme(
    anna: Mailbox, settings: Settings, hashed: list[int], stored: str
) -> None:
    settings.MAIL_PASSWORD_SCHEME = "SCRAM-SHA-256"
    handler = mail_host().scheme.handler
    schemes.dummy_verify(handler, "foo")  # which creates its hash the first time
    if stored == "of the scheme":
        stored = schemes.make_password("foo", handler)
    Mailbox.objects.update(password=stored)
    for address in (anna.pk, "nobody@example.org"):
        hashed.clear()
        actions.authenticate(address, "wrong", mail_host().scheme)
        assert hashed == [4096], address


@pytest.mark.finding("timing")
@pytest.mark.parametrize("stored", [MD5, f"{{BLF-CRYPT}}{BCRYPT_10}", SLOW])
def test_unknown_addresses_cost_as_much_as_known_ones_whatever_the_scheme(
    anna: Mailbox, stored: str
) -> None:
    Mailbox.objects.update(password=stored)

    def cost(address: str) -> float:
        started = time.process_time()
        assert actions.authenticate(address, "wrong", mail_host().scheme) is None
        return time.process_time() - started

    known, unknown = (min(cost(name) for _ in range(3)) for name in (anna.pk, "x@example.org"))
    assert known < 2 * unknown + 0.01 and unknown < 2 * known + 0.01


@pytest.mark.finding("timing")
def test_the_costs_of_unknown_addresses_are_those_of_the_rows(sample_mailboxes: None) -> None:
    for number in range(20):
        add_mailbox(f"box{number:02}@example.org", "")
    names = [f"nobody{number}@example.org" for number in range(200)]
    stand_ins = [passwords.stand_in(name) for name in names]
    assert stand_ins == [passwords.stand_in(name) for name in names]
    found = Counter(stand_in.pk for stand_in in stand_ins if stand_in)
    assert len(found) > 20 and max(found.values()) < 60


def test_an_empty_table_has_no_stand_in(tables: None) -> None:
    assert passwords.stand_in("nobody@example.org") is None
    assert actions.authenticate("nobody@example.org", "wrong", mail_host().scheme) is None
