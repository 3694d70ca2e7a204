from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mailboxes.accounts import AccountKind
from mailboxes.throttle import attempts
from mailboxes.throttle.attempts import Locked
from mailboxes.throttle.limits import PAIR
from mailboxes.throttle.models import Counter
from tests.conftest import logged

CLIENT = "2001:db8::7"


def unlock(*arguments: str) -> str:
    output = StringIO()
    call_command("unlock", *arguments, stdout=output)
    return output.getvalue()


def lock(kind: str, name: str) -> None:
    with pytest.raises(Locked):
        for _ in range(PAIR.attempts + 1):
            attempts.attempt(kind, name, CLIENT)


@pytest.mark.parametrize(
    ("kind", "name", "typed", "model"),
    [
        (AccountKind.MAILBOX, "anna@example.org", "Anna@Example.org", "mailbox"),
        (AccountKind.MAILBOX, "anna@xn--mller-kva.example", "anna@müller.example", "mailbox"),
        (AccountKind.ADMINISTRATOR, "rita", "rita", "administrator"),
    ],
)
def test_unlocking_an_account_for_every_client_is_logged(
    tables: None, kind: str, name: str, typed: str, model: str
) -> None:
    lock(kind, name)
    lock(kind, "bob@example.org")
    assert unlock(typed) == f"Unlocked {typed}.\n"
    attempts.attempt(kind, name, CLIENT)
    with pytest.raises(Locked):
        attempts.attempt(kind, "bob@example.org", CLIENT)
    [(_, action, subject)] = logged(f"{model}.unlock")
    assert (action, subject) == (f"{model}.unlock", typed)


def test_a_client_is_unlocked_with_its_network(tables: None) -> None:
    lock(AccountKind.MAILBOX, "anna@example.org")
    assert unlock("--client", "2001:db8::ffff") == "Unlocked 2001:db8::ffff.\n"
    attempts.attempt(AccountKind.MAILBOX, "anna@example.org", CLIENT)
    assert [subject for *_, subject in logged("client.unlock")] == ["2001:db8::ffff"]


def test_unlocking_what_is_not_locked_is_not_logged(tables: None) -> None:
    assert unlock("anna@example.org").startswith("There are no sign-in attempts")
    assert unlock("\x1b[2J") == "There are no sign-in attempts on record for \ufffd[2J.\n"
    assert unlock("--client", "\udcff").endswith("for \ufffd.\n")  # a byte that isn't UTF-8
    assert not logged("mailbox.unlock") and not Counter.objects.exists()


@pytest.mark.parametrize("given", [[], [""], ["--client="], ["rita", "--client=192.0.2.7"]])
def test_either_an_account_or_a_client_is_unlocked(tables: None, given: list[str]) -> None:
    with pytest.raises(CommandError, match="^Specify NAME_OR_ADDRESS or --client, but not both."):
        unlock(*given)
