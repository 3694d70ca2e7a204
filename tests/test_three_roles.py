"""Three people with three roles work beside a superuser, and each tries to harm the others."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from mailboxes.audit.models import Entry, Phase, Subject
from mailboxes.models import Mailbox
from tests.admin.conftest import ALIAS, DOMAIN, MAILBOX, mailbox_form
from tests.conftest import PASSWORD, logged
from tests.routes import rows
from tests.second_factor.conftest import CODE, OWN, Person

ALIAS_DOMAIN, USER, LOG = "/admin/mailboxes/aliasdomain/", "/admin/auth/user/", "/admin/log/"
LIMITS = {
    "mailboxes": "0",
    "aliases": "0",
    "maxquota_0": "0",
    "quota_0": "0",
    "active": "on",
    "delivery": "local",
}
NEW = {"new_password1": PASSWORD + "!", "new_password2": PASSWORD + "!"}
TWICE = {"password1": PASSWORD + "!", "password2": PASSWORD + "!"}
EVIL = {"goto": "spy@evil.example", "active": "on"}


def do(client: Client, url: str, data: dict[str, Any]) -> None:
    """Post a form that has to be accepted."""
    answer = client.post(url, data)
    assert answer.status_code == 302, (url, answer.status_code, answer.content.decode())


@pytest.fixture
def people(tables: None) -> dict[str, Person]:
    """Rita has created three domains and an administrator of each role; all have signed in."""
    people = {"rita": Person(User.objects.create_superuser("rita", password=PASSWORD), Client())}
    rita = people["rita"]
    rita.sign_in()
    for name in ("example.org", "example.net", "foreign.example"):
        do(rita.client, f"{DOMAIN}add/", LIMITS | {"domain": name})
    do(rita.client, f"{MAILBOX}add/", mailbox_form(address_0="carl@foreign.example"))
    roles = {
        "dora": {"role": "domain", "domains": "example.org example.net"},
        "hugo": {"role": "helpdesk", "domains": "example.org"},
        "nora": {"role": "auditor"},
    }
    for name, role in roles.items():
        form = {"username": name, "password1": PASSWORD, "password2": PASSWORD, "is_active": "on"}
        do(rita.client, f"{USER}add/", form | role)
        people[name] = Person(User.objects.get(username=name), Client())
        people[name].sign_in()
    return people


def work_for_a_day(people: dict[str, Person]) -> None:
    """Let each do what the role is for."""
    dora, hugo, nora = (people[name].client for name in ("dora", "hugo", "nora"))
    do(dora, f"{MAILBOX}add/", mailbox_form(address_0="anna@example.org", name="Anna"))
    do(dora, f"{MAILBOX}add/", mailbox_form(address_0="bob@example.net", name="Bob"))
    do(dora, f"{ALIAS}add/", {"address_0": "info@example.org", "goto": "anna@example.org"})
    do(dora, f"{ALIAS}info_40example.org/set-active/", {"active": "1"})
    people["dora"].add_app()
    do(hugo, f"{MAILBOX}anna_40example.org/password/", NEW)
    do(hugo, f"{MAILBOX}anna_40example.org/set-active/", {"active": "0"})
    do(hugo, f"{MAILBOX}anna_40example.org/set-active/", {"active": "1"})
    page = nora.get(LOG, {"q": "anna@example.org"})
    assert {logged.entry.actor for logged in page.context["entries"]} == {"dora", "hugo"}
    assert nora.get(LOG, {"csv": "1"}).status_code == 200
    people["dora"].sign_in()
    do(dora, CODE, {"code": people["dora"].code()})


WORK = [
    ("dora", "mailbox.create", "anna@example.org"),
    ("dora", "mailbox.create", "bob@example.net"),
    ("dora", "alias.create", "info@example.org"),
    ("dora", "alias.enable", "info@example.org"),
    ("dora", "administrator.add-second-factor", "dora"),
    ("hugo", "mailbox.password", "anna@example.org"),
    ("hugo", "mailbox.disable", "anna@example.org"),
    ("hugo", "mailbox.enable", "anna@example.org"),
    ("nora", "log.download", "log.csv"),
]


def attacks_on_mail() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield who posts what where, to change or redirect somebody else's mail."""
    for who in ("dora", "hugo", "nora"):
        carl = f"{MAILBOX}carl_40foreign.example/"
        yield who, f"{MAILBOX}add/", mailbox_form(address_0="spy@foreign.example")
        yield (
            who,
            f"{carl}change/",
            {"name": "Carla", "quota_0": "0", "active": "on", "delivery": "local"} | NEW,
        )
        yield who, f"{carl}password/", NEW
        yield who, f"{carl}set-active/", {"active": "0"}
        yield who, f"{carl}delete/", {"post": "yes"}
        yield who, f"{ALIAS}add/", EVIL | {"address_0": "spy@foreign.example"}
        yield who, f"{ALIAS}carl_40foreign.example/change/", EVIL
        yield who, f"{ALIAS}anna_40example.org/delete/", {"post": "yes"}
        yield who, f"{DOMAIN}add/", LIMITS | {"domain": "evil.example"}
        yield who, f"{DOMAIN}example.org/change/", LIMITS | {"mailboxes": "-1"}
        yield who, f"{DOMAIN}example.org/delete/", {"post": "yes", "confirm": "example.org"}
        domains = {"alias_domain": "foreign.example", "target_domain": "example.org"}
        yield who, f"{ALIAS_DOMAIN}add/", domains | {"active": "on"}
    for who in ("hugo", "nora"):
        yield who, f"{ALIAS}anna_40example.org/change/", EVIL
        yield who, f"{ALIAS}info_40example.org/change/", EVIL
        yield who, f"{MAILBOX}anna_40example.org/delete/", {"post": "yes"}
        yield who, f"{MAILBOX}bob_40example.net/password/", NEW
    yield "nora", f"{MAILBOX}anna_40example.org/set-active/", {"active": "0"}
    bulk = {"post": "yes", "index": "0", "_selected_action": "carl@foreign.example"}
    yield "dora", MAILBOX, bulk | {"action": "delete_selected"}
    bulk = {"post": "yes", "index": "0", "_selected_action": "anna@example.org"}
    yield "hugo", MAILBOX, bulk | {"action": "delete_selected"}
    yield "nora", MAILBOX, bulk | {"action": "disable"}


def attacks_on_people(people: dict[str, Person]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield who posts what where, to rise in rank or to take away from others."""
    [factor] = Authenticator.objects.filter(user=people["dora"].user, type="totp")
    for who in ("dora", "hugo", "nora"):
        yield who, f"{USER}add/", {"username": "eve", "role": "superuser", **TWICE}
        yield who, "/admin/configuration/download/", {}
        for name, person in people.items():
            user = f"{USER}{person.user.pk}/"
            yield who, f"{user}change/", {"username": name, "role": "superuser", "is_active": "on"}
            yield who, f"{user}password/", TWICE
            yield who, f"{user}second-factor/", {"password": PASSWORD}
            yield who, f"{user}delete/", {"post": "yes"}
    for who in ("hugo", "nora"):
        yield who, f"{OWN}{factor.pk}/remove/", {"post": "yes"}


def assert_harmless(person: Person, url: str, data: dict[str, Any]) -> None:
    """Post a form: nothing may change, and the log must show who tried it and where."""
    before, last = rows(), Entry.objects.latest("seq").seq
    answer = person.client.post(url, data)
    assert answer.status_code in (200, 302, 403, 404), (person.user, url, answer.status_code)
    assert rows() == before, (person.user, url)
    new = Entry.objects.filter(seq__gt=last, actor=person.user.username)
    assert new.filter(phase=Phase.REFUSED) or new.filter(action="administrator.refused-request"), (
        f"{person.user} at {url}: {answer.status_code}, and nothing in the log"
    )


@pytest.mark.finding("rank")
@pytest.mark.finding("privileged-reset")
@pytest.mark.finding("unscoped-query")
@pytest.mark.finding("erased-log")
@pytest.mark.finding("protected-alias")
@pytest.mark.finding("unguarded-delete")
@pytest.mark.finding("own-alias")
def test_three_people_with_three_roles_run_a_panel_without_hurting_each_other(
    people: dict[str, Person],
) -> None:
    work_for_a_day(people)
    for who, url, data in [*attacks_on_mail(), *attacks_on_people(people)]:
        assert_harmless(people[who], url, data)
    acts = [entry for entry in logged() if entry[0] in ("dora", "hugo", "nora")]
    assert acts[: len(WORK)] == WORK
    assert list(Mailbox.objects.order_by("pk").values_list("pk", "name", "active")) == [
        ("anna@example.org", "Anna", True),
        ("bob@example.net", "Bob", True),
        ("carl@foreign.example", "Carl", True),
    ]
    do(people["rita"].client, f"{USER}{people['hugo'].user.pk}/delete/", {"post": "yes"})
    for who in ("dora", "hugo", "nora"):  # also those of somebody who is gone
        page = people["nora"].client.get(LOG, {"q": who})
        assert {entry.entry.actor for entry in page.context["entries"]} >= {who}
    assert "The log is intact" in verify()
    assert_tampering_is_named()


def verify() -> str:
    out = StringIO()
    call_command("verifylog", stdout=out)
    return out.getvalue()


def assert_tampering_is_named() -> None:
    """Somebody who can write to the database can't blame another or remove an entry unnoticed."""
    entry = Entry.objects.get(action="mailbox.password", phase=Phase.BEGUN, actor="hugo")
    subjects, entries = Subject.objects.filter(entry=entry), Entry.objects.filter(pk=entry.pk)
    for tamper in (
        lambda: entries.update(actor="dora"),
        lambda: subjects.update(name="bob@example.net"),
        lambda: subjects.delete() and entries.delete(),
    ):
        with transaction.atomic("default"):
            tamper()
            with pytest.raises(CommandError, match=f"^Entry {entry.pk} of the log ") as found:
                verify()
            assert found.value.returncode == 1
            transaction.set_rollback(True, "default")
    assert "The log is intact" in verify()
