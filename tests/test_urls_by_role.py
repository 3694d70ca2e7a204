"""Every URL and method, as each role and in each state between signed out and signed in."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from pytest_django import Settings

from mailboxes.access import self_service
from mailboxes.accounts import AccountKind
from mailboxes.models import Mailbox
from mailboxes.sessions import LAST_REQUEST
from tests.conftest import PASSWORD
from tests.routes import copied, paths, place, posted, sign_in_each_role, undone
from tests.second_factor.conftest import Person

ROLES = ("anonymous", "auditor", "helpdesk", "domain", "foreign", "superuser")
"""All but the last two have the domain of the objects, as far as a role has domains."""

# What GET and POST answer each of ROLES. `in` is a redirect to the sign-in page. 404 is also
# the stock admin's redirect to the dashboard, which it answers for an object that doesn't exist.
TABLE = """
-                                            302 302 302 302 302 302 | 405 405 405 405 405 405
password/                                    200 200 200 200 200 200 | 200 200 200 200 200 200
password/check/                              405 405 405 405 405 405 | 200 200 200 200 200 200
password/changed/                            200 200 200 200 200 200 | 405 405 405 405 405 405
password/kept/                               200 200 200 200 200 200 | 405 405 405 405 405 405
metrics                                      404 404 404 404 404 404 | 405 405 405 405 405 405
mail-programs/                               200 200 200 200 200 200 | 405 405 405 405 405 405
mail-programs/apple/                         404 404 404 404 404 404 | 405 405 405 405 405 405
mail/config-v1.1.xml                         404 404 404 404 404 404 | 405 405 405 405 405 405
autodiscover/autodiscover.xml                405 405 405 405 405 405 | 400 400 400 400 400 400
autodiscover/autodiscover.json/v1.0/x        404 404 404 404 404 404 | 405 405 405 405 405 405
admin/                                       in  200 200 200 200 200 | in  405 405 405 405 405
admin/mailboxes/                             302 302 302 302 302 302 | in 302 302 302 302 302
admin/import/                                in  403 403 200 200 200 | in  403 403 200 200 200
admin/import/undo/                           in  403 403 302 302 302 | in  403 403 302 302 302
admin/import/KEY/                            in  403 403 404 404 404 | in  403 403 404 404 404
admin/import/KEY/report/                     in  403 403 404 404 404 | in  405 405 405 405 405
admin/export/                                in  403 403 302 302 302 | in  403 403 200 200 200
admin/doctor/                                in  403 403 403 403 200 | in  403 403 403 403 200
admin/doctor/log/                            in  403 403 403 403 200 | in  403 403 403 403 200
admin/search/                                in  200 200 200 200 200 | in  405 405 405 405 405
admin/search/targets/                        in  200 200 200 200 200 | in  405 405 405 405 405
admin/first-steps/                           in  403 403 403 403 302 | in  403 403 403 403 302
admin/log/                                   in  200 403 403 403 200 | in  405 405 405 405 405
admin/log/undo/                              in  403 302 302 302 302 | in  403 302 302 302 302
admin/log/KEY/                               in  200 404 404 200 200 | in  405 405 405 405 405
admin/configuration/                         in  403 403 403 403 200 | in  405 405 405 405 405
admin/configuration/adoption/                in  403 403 403 403 200 | in  403 403 403 403 200
admin/configuration/adoption/confirm/        in  403 403 403 403 302 | in  403 403 403 403 409
admin/configuration/adoption/forget/         in  403 403 403 403 302 | in  403 403 403 403 409
admin/configuration/upgrade/                 in  403 403 403 403 200 | in  403 403 403 403 302
admin/configuration/upgrade/csv/             in  403 403 403 403 200 | in  405 405 405 405 405
admin/configuration/download/                in  403 403 403 403 302 | in  403 403 403 403 409
admin/configuration/applied/                 in  403 403 403 403 405 | in  403 403 403 403 302
admin/confirm/                               in  200 200 200 200 200 | in  200 200 200 200 200
admin/second-factor/                         in  200 200 200 200 200 | in  405 405 405 405 405
admin/second-factor/app/                     in  200 200 200 200 200 | in  200 200 200 200 200
admin/second-factor/passkey/                 in  200 200 200 200 200 | in  200 200 200 200 200
admin/second-factor/KEY/remove/              in  404 404 404 404 404 | in  404 404 404 404 404
admin/second-factor/recovery-codes/          in  302 302 302 302 302 | in  302 302 302 302 302
admin/second-factor/recovery-codes/file/     in  302 302 302 302 302 | in  200 200 200 200 200
language/                                    302 302 302 302 302 302 | 302 302 302 302 302 302
admin/login/                                 200 302 302 302 302 302 | 200 200 200 200 200 200
admin/login/code/                            in  in  in  in  in  in  | in  in  in  in  in  in
admin/logout/                                302 405 405 405 405 405 | 302 200 200 200 200 200
admin/password_change/                       in  200 200 200 200 200 | in  200 200 200 200 200
admin/password_change/done/                  in  200 200 200 200 200 | in  405 405 405 405 405
admin/autocomplete/                          in  403 403 403 403 403 | in  405 405 405 405 405
admin/jsi18n/                                in  200 200 200 200 200 | in  405 405 405 405 405
admin/r/<path:content_type_id>/KEY/          in  404 404 404 404 404 | in  404 404 404 404 404
admin/mailboxes/alias/csv/                   in  200 200 200 200 200 | in  200 200 200 200 200
admin/mailboxes/alias/KEY/set-active/        in  403 403 302 404 302 | in  403 403 302 404 302
admin/mailboxes/alias/                       in  200 200 200 200 200 | in  200 200 200 200 200
admin/mailboxes/alias/add/                   in  403 403 200 200 200 | in  403 403 302 200 302
admin/mailboxes/alias/KEY/history/           in  200 200 200 404 200 | in  200 200 200 404 200
admin/mailboxes/alias/KEY/delete/            in  403 403 200 404 200 | in  403 403 302 404 302
admin/mailboxes/alias/KEY/change/            in  200 200 200 404 200 | in  403 403 302 404 302
admin/mailboxes/alias/KEY/                   in  302 302 302 302 302 | in  302 302 302 302 302
admin/mailboxes/aliasdomain/csv/             in  200 200 200 200 200 | in  200 200 200 200 200
admin/mailboxes/aliasdomain/KEY/set-active/  in  403 403 403 403 302 | in  403 403 403 403 302
admin/mailboxes/aliasdomain/                 in  200 200 200 200 200 | in  200 200 200 200 200
admin/mailboxes/aliasdomain/add/             in  403 403 403 403 200 | in  403 403 403 403 302
admin/mailboxes/aliasdomain/KEY/history/     in  200 404 200 404 200 | in  200 404 200 404 200
admin/mailboxes/aliasdomain/KEY/delete/      in  403 403 403 403 200 | in  403 403 403 403 302
admin/mailboxes/aliasdomain/KEY/change/      in  200 404 200 404 200 | in  403 403 403 403 302
admin/mailboxes/aliasdomain/KEY/             in  302 302 302 302 302 | in  302 302 302 302 302
admin/mailboxes/domain/csv/                  in  200 200 200 200 200 | in  200 200 200 200 200
admin/mailboxes/domain/KEY/rename/           in  403 403 403 403 200 | in  403 403 403 403 302
admin/mailboxes/domain/KEY/dns/              in  200 200 200 404 200 | in  200 200 200 404 200
admin/mailboxes/domain/KEY/set-active/       in  403 403 403 403 302 | in  403 403 403 403 302
admin/mailboxes/domain/                      in  200 200 200 200 200 | in  200 200 200 200 200
admin/mailboxes/domain/add/                  in  403 403 403 403 200 | in  403 403 403 403 302
admin/mailboxes/domain/KEY/history/          in  200 200 200 404 200 | in  200 200 200 404 200
admin/mailboxes/domain/KEY/delete/           in  403 403 403 403 200 | in  403 403 403 403 302
admin/mailboxes/domain/KEY/change/           in  200 200 200 404 200 | in  403 403 403 403 302
admin/mailboxes/domain/KEY/                  in  302 302 302 302 302 | in  302 302 302 302 302
admin/mailboxes/mailbox/KEY/password/        in  403 200 200 404 200 | in  403 302 302 404 302
admin/mailboxes/mailbox/KEY/client-settings/ in  200 200 200 404 200 | in  200 200 200 404 200
admin/mailboxes/mailbox/KEY/rename/          in  403 403 200 404 200 | in  403 403 302 404 302
admin/mailboxes/mailbox/csv/                 in  200 200 200 200 200 | in  200 200 200 200 200
admin/mailboxes/mailbox/KEY/set-active/      in  403 302 302 404 302 | in  403 302 302 404 302
admin/mailboxes/mailbox/                     in  200 200 200 200 200 | in  200 200 200 200 200
admin/mailboxes/mailbox/add/                 in  403 403 200 200 200 | in  403 403 302 200 302
admin/mailboxes/mailbox/KEY/history/         in  200 200 200 404 200 | in  200 200 200 404 200
admin/mailboxes/mailbox/KEY/delete/          in  403 403 200 404 200 | in  403 403 302 404 302
admin/mailboxes/mailbox/KEY/change/          in  200 200 200 404 200 | in  403 403 302 404 302
admin/mailboxes/mailbox/KEY/                 in  302 302 302 302 302 | in  302 302 302 302 302
admin/auth/user/KEY/password/                in  403 403 403 403 200 | in  403 403 403 403 302
admin/auth/user/KEY/second-factor/           in  403 403 403 403 200 | in  403 403 403 403 200
admin/auth/user/                             in  200 403 403 403 200 | in  200 403 403 403 200
admin/auth/user/add/                         in  403 403 403 403 200 | in  403 403 403 403 302
admin/auth/user/KEY/history/                 in  200 403 403 403 200 | in  200 403 403 403 200
admin/auth/user/KEY/delete/                  in  403 403 403 403 200 | in  403 403 403 403 302
admin/auth/user/KEY/change/                  in  200 403 403 403 200 | in  403 403 403 403 302
admin/auth/user/KEY/                         in  302 302 302 302 302 | in  302 302 302 302 302
admin/auth/                                  302 302 302 302 302 302 | in 302 302 302 302 302
admin/nothing/                               in  404 404 404 404 404 | in  404 404 404 404 404
"""
SIGN_IN, SIGN_OUT, CODE = "admin/login/", "admin/logout/", "admin/login/code/"
SET_UP, OWN_PASSWORD = "admin/second-factor/", "admin/password_change/"
OPEN_WITHOUT_FACTOR = {SIGN_IN, SIGN_OUT, CODE, SET_UP, OWN_PASSWORD, "admin/confirm/"}
OPEN_WITHOUT_FACTOR |= {f"{SET_UP}app/", f"{SET_UP}passkey/"}


def factor_required(path: str, anonymous: str, superuser: str) -> str:
    """The superuser has to set up a second factor first."""
    is_open = path in OPEN_WITHOUT_FACTOR or not path.startswith("admin/")
    return superuser if is_open else SET_UP


def temporary_password(path: str, anonymous: str, superuser: str) -> str:
    """The superuser has to choose another password first."""
    is_open = path in (OWN_PASSWORD, SIGN_OUT) or not path.startswith("admin/")
    return superuser if is_open else OWN_PASSWORD


def pending_sign_in(path: str, anonymous: str, superuser: str) -> str:
    """Only the password was entered, so nobody is signed in, and no session has ended."""
    if path in ("admin/auth/", "admin/mailboxes/"):
        return "302"
    return "200" if path == CODE else anonymous


def signed_out(path: str, anonymous: str, superuser: str) -> str:
    """The browser still has the cookie of the session, so every page says that it has ended."""
    is_open = path in (SIGN_IN, SIGN_OUT) or not path.startswith("admin/")
    return anonymous if is_open else "in"


# What a superuser gets in each state, from the answers to anyone and to a superuser.
STATES = {
    "factor required": factor_required,
    "temporary password": temporary_password,
    "pending sign-in": pending_sign_in,
    "session ended by idling": signed_out,
    "inactive account": signed_out,
}


def answer(client: Client, method: str, path: str, *goals: str) -> str:
    """Return the status, or where it leads if that is one of the goals."""
    with undone():
        once = copied(client)
        found = getattr(once, method)(place(path), posted(path) if method == "post" else None)
        goal = str(found.get("Location", ""))
        is_sign_in_page = "admin/login.html" in [template.name for template in found.templates]
        if goal.startswith(f"/{SIGN_IN}") or (is_sign_in_page and path != SIGN_IN):
            return "in"
        if goal[1:] in goals:
            return goal[1:]
        texts = map(str, get_messages(found.wsgi_request))
        if found.status_code == 404 or any("may have been deleted" in text for text in texts):
            return "404"
        return str(found.status_code)


def expected() -> dict[str, dict[str, list[str]]]:
    """Return the answers to each method by path."""
    found = {}
    for line in TABLE.strip().splitlines():
        path, answers = line.split(maxsplit=1)
        get, post = (part.split() for part in answers.split("|"))
        found["" if path == "-" else path] = {"get": get, "post": post}
    return found


@pytest.fixture
def clients(anna: Mailbox) -> dict[str, Client]:
    return sign_in_each_role()


@pytest.fixture
def in_state(clients: dict[str, Client], settings: Settings) -> Callable[[str], Client]:
    """Return a function that puts the superuser into a state."""
    boss = User.objects.get(username="boss")
    client = clients["superuser"]

    def sign_in_again() -> None:
        client.logout()
        client.post(f"/{SIGN_IN}", {"username": "boss", "password": PASSWORD})

    def put(state: str) -> Client:
        if state == "factor required":
            settings.SECOND_FACTOR_REQUIRED = ["superuser"]
        elif state == "temporary password":
            self_service.set_demand(AccountKind.ADMINISTRATOR, "boss", True)
            sign_in_again()
        elif state == "pending sign-in":
            Person(boss, client).add_app()
            sign_in_again()
        elif state == "session ended by idling":
            client.get("/admin/")
            session = client.session
            session[LAST_REQUEST] -= 2 * settings.SESSION_IDLE_MINUTES * 60
            session.save()
        elif state == "inactive account":
            User.objects.filter(pk=boss.pk).update(is_active=False)
        return client

    return put


@pytest.mark.finding("unguarded-route")
def test_each_url_is_in_the_table() -> None:
    assert set(paths()) == set(expected())


@pytest.mark.finding("unguarded-route")
@pytest.mark.finding("existence")
@pytest.mark.finding("related-delete")
def test_each_role_gets_the_expected_answers(clients: dict[str, Client]) -> None:
    found = {
        path: {
            method: [answer(clients[role], method, path) for role in ROLES] for method in methods
        }
        for path, methods in expected().items()
    }
    assert found == expected()


@pytest.mark.finding("unguarded-route")
@pytest.mark.finding("second-factor-exceptions")
@pytest.mark.parametrize("state", STATES)
def test_each_state_gets_the_expected_answers(
    in_state: Callable[[str], Client], state: str
) -> None:
    client = in_state(state)
    wrong = []
    for path, methods in expected().items():
        for method, answers in methods.items():
            known = dict(zip(ROLES, answers, strict=True))
            wanted = STATES[state](path, known["anonymous"], known["superuser"])
            found = answer(client, method, path, SET_UP, OWN_PASSWORD)
            if found != wanted:
                wrong.append(f"{method} {path}: {found}, not {wanted}")
    assert wrong == []
