"""PostfixAdmin's administrators sign in to the panel with the passwords they have there."""

import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from pytest_django import DjangoDbBlocker

from mailboxes import actions
from mailboxes.access.grants import domains_of
from mailboxes.access.roles import Role
from mailboxes.access.scope import Scope
from mailboxes.addresses import DomainName
from mailboxes.audit.actors import ADMINISTRATOR, COMMAND, Actor
from mailboxes.errors import Refused
from mailboxes.models import DomainAdministrator, OldAdministrator
from mailboxes.password_hashers import PREFIX
from tests.conftest import TESTER, logged

pytestmark = pytest.mark.django_db(databases=["default", "mail"])  # before the tables
SUPER, DOM, DOM2 = "super@example.org", "dom@example.net", "dom2@example.org"
SUPER_PASSWORD, DOM_PASSWORD = "Super-Geheim-1", "Dom-Geheim-1"
# The rows of the dump of PostfixAdmin 4.0.
ROWS = {
    SUPER: ("$2y$10$1bf5a85e557ef39f6255bufXgQv2T.m1dEguiOXNecDjI7O584lZi", 1, 1),
    DOM: ("$2y$10$607777e5aede2ce01a134u8PKnUSMtQE88lM2k5wUFKYrO9DXzUq2", 1, 0),
    DOM2: ("{BLF-CRYPT}$2y$05$Pzl11t5yiwUREQOezt5IMuP3bRerme9kS.7zAwOmE9R7wJN31uam6", 0, 0),
}
DOMAINS = [(SUPER, "ALL"), (DOM, "example.net"), (DOM, "gone.example"), (DOM2, "example.org")]
SIGN_IN = "/admin/login/"
RITA = Actor(COMMAND, "rita", "pytest", TESTER.scope)


@pytest.fixture(scope="module")
def old_tables(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    models, mail = (OldAdministrator, DomainAdministrator), connections["mail"]
    with django_db_blocker.unblock(), mail.cursor() as cursor:
        for model in models:
            columns = [f"{field.column} {field.db_type(mail)}" for field in model._meta.fields]
            cursor.execute(f"CREATE TABLE {model._meta.db_table} ({', '.join(columns)})")
        yield
        for model in models:
            cursor.execute(f"DROP TABLE {model._meta.db_table}")


@pytest.fixture
def old(old_tables: None) -> None:
    for name in ("example.org", "example.net"):
        actions.create_domain(TESTER, DomainName.parse(name))
    for name, (password, active, superadmin) in ROWS.items():
        add(name, password, active=active, superadmin=superadmin)
    for name, domain in DOMAINS:
        grant(name, domain)


def add(name: str, password: str = "", **more: int) -> None:
    OldAdministrator.objects.create(username=name, password=password, **more)


def grant(name: str, domain: str, active: int = 1) -> None:
    row = DomainAdministrator(username=name, domain=domain, active=active)
    DomainAdministrator.objects.bulk_create([row])


def take_over() -> dict[str, actions.TakenOver]:
    return {each.name: each for each in actions.take_over_administrators(RITA)}


def sign_in(name: str, password: str) -> Client:
    client = Client()
    client.post(SIGN_IN, {"username": name, "password": password})
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/admin/mailboxes/domain/").status_code == 200


def algorithm(name: str) -> str:
    return str(identify_hasher(User.objects.get(username=name).password).algorithm)


def test_each_gets_the_role_and_the_domains(old: None) -> None:
    before = list(OldAdministrator.objects.values_list())
    found = take_over()
    assert list(OldAdministrator.objects.values_list()) == before
    assert [found[name].assignment.role for name in (SUPER, DOM)] == ["superuser", "domain"]
    assert found[DOM].missing_domains == ("gone.example",)
    users = {user.username: user for user in User.objects.all()}
    assert users.keys() == ROWS.keys() and not users[DOM2].is_active
    assert [name for name in users if users[name].is_superuser] == [SUPER]
    assert domains_of(users[DOM]) == ["example.net"]
    assert [entry[1] for entry in logged()] == ["administrator.create"] * 3


def test_the_password_is_rehashed_at_the_first_sign_in(old: None) -> None:
    take_over()
    assert not is_signed_in(sign_in(SUPER, DOM_PASSWORD)) and algorithm(SUPER) == "mail"
    for _ in range(2):
        assert is_signed_in(sign_in(SUPER, SUPER_PASSWORD))
        assert algorithm(SUPER) == "argon2"
    assert not is_signed_in(sign_in(DOM2, DOM_PASSWORD))
    client = sign_in(DOM, DOM_PASSWORD)
    assert is_signed_in(client)
    assert client.get("/admin/mailboxes/domain/example.org/change/").status_code == 302
    assert client.get("/admin/mailboxes/domain/example.net/change/").status_code == 200


def test_who_cannot_be_taken_over_is_named(old: None) -> None:
    User.objects.create_user("Super@example.org")
    add("none@example.org", ROWS[DOM][0], active=1)
    add("revoked@example.org", ROWS[DOM][0], active=1)
    grant("revoked@example.org", "example.org", active=0)
    grant("revoked@example.org", "ALL")
    add("x" * 151)
    for name, stored in {"empty": "", "unknown": "{NOPE}x", "digest": "{DIGEST-MD5}x"}.items():
        add(f"{name}@example.org", stored, superadmin=1)
    found = take_over()
    refused = {name: each.refusal.code for name, each in found.items() if each.refusal}
    assert refused == {
        SUPER: "taken",
        "none@example.org": "required",
        "revoked@example.org": "required",
        "x" * 151: "too_long",
    }
    assert found["revoked@example.org"].missing_domains == ("all",)
    unusable = [name for name, each in found.items() if not each.has_password]
    assert sorted(unusable) == [f"{name}@example.org" for name in ("digest", "empty", "unknown")]
    assert not any(User.objects.get(username=name).has_usable_password() for name in unusable)
    assert {each.refusal.code for each in take_over().values() if each.refusal} == {
        *("taken", "required", "too_long")
    }


@pytest.mark.parametrize("role", [Role.DOMAIN_ADMINISTRATOR, Role.HELPDESK, Role.AUDITOR])
def test_only_superusers_take_over(old: None, role: Role) -> None:
    actor = Actor(ADMINISTRATOR, "doris", "", Scope.of_role(role, None))
    with pytest.raises(Refused, match="Your role doesn't allow this"):
        list(actions.take_over_administrators(actor))
    assert not User.objects.exists()


def cost(name: str) -> float:
    """Return the processor seconds of a sign-in that fails."""
    start = time.process_time()
    sign_in(name, "wrong")
    return time.process_time() - start


def test_an_unknown_name_costs_as_much_as_one_that_was_taken_over(old: None) -> None:
    take_over()
    User.objects.create_user("rita", password="four unrelated words")
    sign_in("the first one also loads the page", "wrong")
    costs = [min(cost(name) for _ in range(3)) for name in (SUPER, "nobody", "rita")]
    assert User.objects.get(username=SUPER).password.startswith(PREFIX)
    assert max(costs) < 2 * min(costs), costs
