"""createdomain reads sizes like the form, and warns about mixed scripts."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from mailboxes.models import Alias, Domain


@pytest.mark.parametrize(("maxquota", "quota"), [("1G", "50G"), ("-1", "1000M"), ("1.5 GiB", "0")])
def test_sizes_are_read_as_in_the_form(rita: Client, maxquota: str, quota: str) -> None:
    sizes = ("--maxquota", maxquota, "--quota", quota)
    call_command("createdomain", "command.example", *sizes, stdout=StringIO())
    form = {"domain": "form.example", "maxquota_0": maxquota, "quota_0": quota}
    form["delivery"] = "local"
    rita.post("/admin/mailboxes/domain/add/", form | {"mailboxes": "0", "aliases": "0"})
    by_command, by_form = Domain.objects.order_by("pk")
    assert (by_command.pk, by_form.pk) == ("command.example", "form.example")
    assert (by_command.maxquota, by_command.quota) == (by_form.maxquota, by_form.quota)


def test_sizes_are_stored_in_units_and_rounded_up(tables: None) -> None:
    sizes = ("--maxquota", "-1", "--quota", "1G")
    call_command("createdomain", "example.org", *sizes, stdout=StringIO())
    domain = Domain.objects.get()
    assert (domain.maxquota, domain.quota) == (-1, 1049)


@pytest.mark.finding("mixed-script")
def test_the_command_warns_of_a_domain_that_mixes_scripts(tables: None) -> None:
    out = StringIO()
    call_command("createdomain", "\u0430pple.example", stdout=out)
    assert "Created the domain xn--pple-43d.example.\n" in out.getvalue()
    assert "mixes letters of different scripts (Cyrillic, Latin)" in out.getvalue()


@pytest.mark.parametrize("option", ["--quota", "--maxquota"])
@pytest.mark.parametrize("size", ["much", "-2", ""])
def test_an_invalid_size_is_refused(tables: None, option: str, size: str) -> None:
    with pytest.raises(CommandError, match=f"“{size}” is not a valid size"):
        call_command("createdomain", "example.org", option, size, stdout=StringIO())
    assert not Domain.objects.exists()


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ([], ("virtual", False)),
        (["--relay-to", "192.0.2.1:26"], ("relay:[192.0.2.1]:26", False)),
        (["--backup-mx"], ("virtual", True)),
    ],
)
def test_a_domain_is_created_with_its_route(
    tables: None, options: list[str], columns: tuple[str, bool]
) -> None:
    call_command("createdomain", "example.org", *options, stdout=StringIO())
    domain = Domain.objects.get()
    assert (domain.transport, domain.backupmx) == columns


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--relay-to", "two words"], "“two words” is not a host to relay to"),
        (["--relay-to", "127.0.0.1"], "this mail host itself"),
        (["--relay-to", "192.0.2.1", "--backup-mx"], "exclude each other"),
        (["--postmaster", "nobody"], "not a valid email address"),
    ],
)
def test_what_can_not_be_relayed_or_forwarded_to_is_refused(
    tables: None, options: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("createdomain", "example.org", *options, stdout=StringIO())
    assert not Domain.objects.exists()


def test_postmaster_and_abuse_forward_to_the_setting_or_the_option(
    tables: None, settings: Settings
) -> None:
    settings.MAIL_POSTMASTER = "Admin@example.net"
    options: dict[str, list[str]] = {
        "example.com": [],
        "example.net": ["--postmaster", "other@example.net"],
        "example.org": ["--postmaster", ""],
    }
    for name, given in options.items():
        output = StringIO()
        call_command("createdomain", name, *given, stdout=output)
        assert ("There is no postmaster@" in output.getvalue()) == (name == "example.org")
    found = Alias.objects.filter(pk__startswith="postmaster@").values_list("pk", "goto")
    assert dict(found) == {
        "postmaster@example.com": "Admin@example.net",
        "postmaster@example.net": "other@example.net",
    }
    assert Alias.objects.filter(pk__startswith="abuse@").count() == 2
