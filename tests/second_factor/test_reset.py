from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client

from mailboxes.audit.models import Entry
from mailboxes.second_factor import factors
from tests.conftest import PASSWORD, logged
from tests.second_factor.conftest import CODE, CODES, LOGIN, Person, person


def url(person: Person, page: str = "second-factor") -> str:
    return f"/admin/auth/user/{person.user.pk}/{page}/"


def test_a_superuser_resets_the_lost_factor_of_another(boss: Person, vera: Person) -> None:
    vera.client.post(CODES)
    assert url(vera) in boss.client.get(url(vera, "change")).content.decode()
    assert boss.client.get(url(vera)).status_code == 200
    boss.client.post(url(vera), {"password": "wrong"})
    assert factors.has_second_factor(vera.user)
    page = boss.client.post(url(vera), {"password": PASSWORD}, follow=True).content.decode()
    assert "The second factor of vera was reset" in page and url(vera) not in page
    assert not Authenticator.objects.exists()
    entry = ("boss", "administrator.reset-second-factor", "vera")
    assert logged("administrator.reset") == [entry]
    assert vera.sign_in()["Location"] == "/admin/"


@pytest.mark.parametrize("by", ["superuser", "command"])
@pytest.mark.parametrize("with_recovery_code", [False, True])
@pytest.mark.parametrize("new_factor", [False, True])
def test_a_reset_ends_the_sessions_that_the_lost_factor_has_opened(
    boss: Person, vera: Person, by: str, with_recovery_code: bool, new_factor: bool
) -> None:
    codes = vera.client.post(CODES).context["codes"]
    vera.sign_in()
    vera.client.post(CODE, {"code": codes[0] if with_recovery_code else vera.code()})
    thief = vera.client
    assert thief.get("/admin/").status_code == 200
    if by == "command":
        call_command("resetsecondfactor", "vera", stdout=StringIO())
    else:
        boss.client.post(url(vera), {"password": PASSWORD})
    vera.client = Client()
    vera.sign_in()
    if new_factor:
        vera.add_app()
    assert thief.get("/admin/")["Location"] == f"{LOGIN}?ended=1&next=%2Fadmin%2F"
    assert "_auth_user_id" not in thief.session
    assert vera.client.get("/admin/").status_code == 200


def test_many_lost_factors_are_reset_in_a_row(boss: Person) -> None:
    for number in range(7):
        other = person(f"other{number}")
        other.add_app()
        boss.client.post(url(other), {"password": PASSWORD})
    assert not Authenticator.objects.exists()


def test_superusers_cannot_reset_their_own_second_factor(vera: Person) -> None:
    assert vera.client.post(url(vera), {"password": PASSWORD}).status_code == 403
    assert url(vera) not in vera.client.get(url(vera, "change")).content.decode()
    assert factors.has_second_factor(vera.user)


def test_only_superusers_can_reset_a_second_factor(otto: Person, vera: Person) -> None:
    assert otto.client.post(url(vera), {"password": PASSWORD}).status_code == 403
    assert factors.has_second_factor(vera.user)


def test_the_command_resets_the_second_factor_of_the_last_superuser(vera: Person) -> None:
    out = StringIO()
    call_command("resetsecondfactor", "vera", stdout=out)
    assert out.getvalue() == "Reset the second factor of vera.\n"
    assert not Authenticator.objects.exists()
    entry = Entry.objects.get(action="administrator.reset-second-factor")
    assert (entry.actor_kind, entry.client) == ("command", "resetsecondfactor")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nobody", "There is no administrator called nobody."),
        ("\udcff", "There is no administrator called \ufffd"),
        ("\0\x1b[2J", "There is no administrator called \ufffd\ufffd.2J"),
        ("boss", "has no second factor"),
    ],
)
def test_the_command_says_if_there_is_nothing_to_reset(
    boss: Person, name: str, sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("resetsecondfactor", name)
