"""renamemailbox and renamedomain show what would change, ask, and rename."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mailboxes.models import Alias, AliasDomain, Domain, Mailbox

NAMES = ("anna@example.org", "anne@example.org")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("renamemailbox", *NAMES, *arguments, stdout=out)
    return out.getvalue()


def test_a_dry_run_changes_nothing(anna: Mailbox) -> None:
    output = run("--dry-run")
    assert "anna@example.org becomes an alias that forwards to anne@example.org." in output
    assert output.endswith("Nothing was changed.\n")
    assert list(Mailbox.objects.values_list("pk", flat=True)) == [NAMES[0]]


def test_the_mailbox_is_renamed_and_the_commands_are_named(anna: Mailbox) -> None:
    Domain.objects.create(domain="net.example")
    AliasDomain.objects.create(alias_domain="net.example", target_domain="example.org")
    Alias.objects.create(address="x@net.example", goto="anna@net.example", domain_id="net.example")
    output = run("--yes", "--no-alias")
    assert "Renamed anna@example.org to anne@example.org." in output
    assert "mail to them is refused: x@net.example." in output
    assert output.endswith("postsuper -r ALL\n")
    assert list(Alias.objects.values_list("pk", flat=True)) == [NAMES[1], "x@net.example"]


def test_without_a_terminal_nobody_is_asked(anna: Mailbox) -> None:
    with pytest.raises(CommandError, match="--yes"):
        run()
    with pytest.raises(CommandError, match="doesn't exist"):
        call_command("renamemailbox", "x@example.org", "y@example.org")


def test_a_domain_is_renamed_likewise(anna: Mailbox) -> None:
    out = StringIO()
    names = ("example.org", "example.com")
    call_command("renamedomain", *names, "--dry-run", stdout=out)
    assert out.getvalue().endswith("Nothing was changed.\n")
    call_command("renamedomain", *names, "--yes", stdout=out)
    assert "Renamed example.org to example.com." in out.getvalue()
    assert Mailbox.objects.get().pk == "anna@example.com"
    with pytest.raises(CommandError, match="doesn't exist"):
        call_command("renamedomain", "example.edu", "example.info")
