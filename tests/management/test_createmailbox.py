"""createmailbox takes a password from standard input or generates one."""

import sys
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.core.management import CommandError, call_command

from mailboxes.handling import DEFAULT_SENTENCE, sentence_of
from mailboxes.models import Alias, Domain, Mailbox
from tests.conftest import PASSWORD


@pytest.mark.parametrize(
    ("stdin", "sentence"),
    [
        ("", "empty"),
        ("\n", "empty"),
        ("too weak\n", "too short"),
        ("two lines of\na password\n", "control"),
        ("a carriage return\r\n", "control"),
    ],
)
def test_an_invalid_password_on_standard_input_is_refused(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, stdin: str, sentence: str
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(stdin.encode())))
    with pytest.raises(CommandError, match=sentence):
        call_command("createmailbox", "bad@example.org", "--password-stdin")
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_only_the_final_newline_of_the_password_is_removed(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(f" {PASSWORD} \n".encode())))
    call_command("createmailbox", "blanks@example.org", "--quota", "1M", "--password-stdin")
    found = Mailbox.objects.get()
    assert [found.check_password(text) for text in (f" {PASSWORD} ", PASSWORD)] == [True, False]


def test_a_generated_password_is_printed_once_and_works(domain: Domain) -> None:
    out = StringIO()
    call_command("createmailbox", "anna@example.org", "--generate", "--name", "Anna", stdout=out)
    password = out.getvalue().split()[-1]
    assert Mailbox.objects.get().check_password(password)
    assert Alias.objects.get().goto == "anna@example.org"


def test_a_mailbox_for_sending_only_refuses_mail_with_a_sentence(domain: Domain) -> None:
    for address, goto in ("@example.org", "x@e.example"), ("info@example.org", "b@example.org"):
        Alias.objects.create(address=address, goto=goto, domain_id=domain.pk)
    said = []
    for name, sentence in (("a", []), ("b", ["Write to info@example.org."])):
        arguments = [f"{name}@example.org", "--generate", "--send-only", *sentence]
        call_command("createmailbox", *arguments, stdout=(out := StringIO()))
        said.append("mail to them is refused: info@example.org." in out.getvalue())
        goto = Alias.objects.get(pk=f"{name}@example.org").goto
        assert sentence_of(goto) == (sentence or [DEFAULT_SENTENCE])[0]
    assert said == [False, True]
    with pytest.raises(CommandError, match="only pass on ASCII"):
        call_command("createmailbox", "c@example.org", "--generate", "--send-only", "Grüße")
    assert Mailbox.objects.count() == 2
