"""An export that would put the mail of this machine out of sight is refused with both paths."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from mailboxes.conf import MailHost, mail_host
from mailboxes.export import mail_folders
from mailboxes.export.bundle import BadExport
from mailboxes.export.mail_check import check_mail
from mailboxes.export.mail_folders import take_sample
from mailboxes.inspection.folders import mail_lines
from mailboxes.models import Domain, Mailbox
from mailboxes.variants import V1

Located = Callable[..., MailHost]


@pytest.fixture
def home(domain: Domain, settings: Settings, tmp_path: Path) -> Path:
    """The mail folder of this machine, without mail."""
    home = tmp_path / "vmail"
    home.mkdir()
    settings.MAIL_HOME = str(home)
    return home


def add(name: str, maildir: str = "") -> None:
    Mailbox.objects.create(
        username=f"{name}@example.org",
        password="x",
        maildir=maildir or f"example.org/{name}/",
        local_part=name,
        domain_id="example.org",
    )


def fill(home: Path, *places: str) -> None:
    for place in places:
        home.joinpath(place, "cur").mkdir(parents=True)


def located(home: Path, location: str = "maildir:~") -> MailHost:
    settings = mail_host()
    parsed = type(settings.location).parse(location.replace("HOME", str(home)), str(home))
    return replace(settings, location=parsed)


def refusal(host: MailHost) -> str:
    with pytest.raises(BadExport) as refused:
        check_mail(host)
    return str(refused.value)


LAYOUTS = {
    "maildir:~": "example.org/{}",
    "maildir:~/Maildir": "example.org/{}/Maildir",
    "maildir:HOME/%u": "{}@example.org",
    "maildir:HOME/%d/%u/Maildir": "example.org/{}@example.org/Maildir",
    "maildir:HOME/%u/mail": "{}@example.org/mail",
}


@pytest.mark.parametrize("there", LAYOUTS)
@pytest.mark.parametrize("wanted", LAYOUTS)
def test_mail_is_where_the_host_looks_or_both_paths_are_named(
    home: Path, there: str, wanted: str
) -> None:
    for name in ("anna", "bob", "new"):
        add(name)
    fill(home, LAYOUTS[there].format("anna"), LAYOUTS[there].format("bob"))
    host = located(home, wanted)
    if there == wanted:
        assert check_mail(host) == "" and take_sample(host).placed == 2
        return
    assert refusal(host) == (
        f"The mail of anna@example.org is in {home}/{LAYOUTS[there].format('anna')}/cur, but with "
        f"MAIL_LOCATION={host.mail_location}, the mail host would look for it in "
        f"{home}/{LAYOUTS[wanted].format('anna')}/cur. Set MAIL_LOCATION="
        f"{located(home, there).mail_location}, which is right for 2 of the 2 mailboxes that were "
        "checked."
    )


def test_mailboxes_without_mail_are_fine(home: Path) -> None:
    assert check_mail(located(home)) == ""
    add("anna")
    assert check_mail(located(home)) == ""
    home.rmdir()
    assert check_mail(located(home)) == ""


def test_a_single_mailbox_elsewhere_has_to_be_moved(home: Path) -> None:
    for name in ("anna", "bob"):
        add(name)
    fill(home, "anna@example.org", "example.org/bob")
    assert "No other setting is right for more mailboxes" in refusal(located(home))


@pytest.mark.parametrize(
    ("nested", "folder", "wanted"), [("", "Work", ".Work"), (":LAYOUT=fs", ".Work", "Work")]
)
def test_folders_of_a_mailbox_are_not_put_out_of_sight(
    home: Path, nested: str, folder: str, wanted: str
) -> None:
    add("anna")
    fill(home, "example.org/anna", f"example.org/anna/{folder}")
    host = located(home, f"maildir:~{nested}")
    other = "maildir:~" if nested else "maildir:~:LAYOUT=fs"
    sentence = refusal(host)
    assert f"is in {home}/example.org/anna/{folder}/cur, but" in sentence
    assert f"look for it in {home}/example.org/anna/{wanted}/cur. " in sentence
    assert f"Set MAIL_LOCATION={other}, which is right for 1 of the 1 " in sentence
    assert check_mail(located(home, other)) == ""
    assert check_mail(replace(host, variant=V1)) == ""


@pytest.mark.parametrize("path", ["anna", "anna/mailboxes/x", "anna/mdbox/mailboxes/x"])
def test_other_formats_are_refused(home: Path, path: str) -> None:
    add("anna")
    place = home / "example.org" / path
    place.parent.mkdir(parents=True)
    place.write_text("From anna@example.org\n")
    path = path.removesuffix("/x")
    for location in ("maildir:~", "maildir:HOME/%u"):
        sentence = refusal(located(home, location))
        assert f"anna@example.org in {home}/example.org/{path} is not in a Maildir" in sentence


@pytest.mark.parametrize("maildir", ["example.org/anna", "/srv/mail/anna"])
def test_a_folder_without_a_slash_is_refused_with_its_row(home: Path, maildir: str) -> None:
    add("anna", maildir)
    add("bob")
    assert f"anna@example.org in the column “maildir” is “{maildir}”" in refusal(located(home))
    assert check_mail(located(home, "maildir:HOME/%u")) == ""


def test_absolute_folders_must_be_below_the_mail_folder_on_v1_only(home: Path) -> None:
    add("anna", f"{home}/anna/")
    on_v1 = replace(located(home), variant=V1)
    assert check_mail(on_v1) == ""
    add("bob", "/srv/mail/bob/")
    assert "The folder of bob@example.org is /srv/mail/bob/, but with V1" in refusal(on_v1)
    assert check_mail(located(home)) == ""


def test_absolute_folders_are_looked_at_where_they_are(home: Path) -> None:
    add("anna", f"{home}/elsewhere/")
    fill(home, "elsewhere/Maildir")
    assert f"is in {home}/elsewhere/Maildir/cur, but" in refusal(located(home))
    assert check_mail(located(home, "maildir:~/Maildir")) == ""


def test_what_cannot_be_read_is_said(home: Path) -> None:
    add("anna")
    (home / "example.org").symlink_to("example.org")
    sentence = check_mail(located(home))
    assert f"can't read {home}/example.org/anna, so" in sentence
    with connections["mail"].cursor() as cursor:
        cursor.execute("DROP TABLE mailbox")
    assert check_mail(located(home)).startswith("The mailboxes can't be read (")


def test_a_limited_number_of_mailboxes_is_looked_at(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_folders, "MAX_SAMPLES", 4)
    for number in range(9):
        add(f"box{number}")
    fill(home, *(f"example.org/box{number}" for number in range(9)))
    assert take_sample(located(home)).placed == 4
    (home / "example.org/box8").rename(home / "box8@example.org")
    assert "box8@example.org" in refusal(located(home))


def test_the_report_says_what_the_export_would(home: Path) -> None:
    add("anna")
    fill(home, "anna@example.org")
    host = located(home)
    lines = {line.code: line for line in mail_lines(host)}
    assert (lines["placed"].value, lines["misplaced"].value) == (0, 1)
    assert lines["misplaced"].examples == (f"{home}/anna@example.org/cur",)
    assert lines["refused"].value == refusal(host)
    assert "refused" not in {line.code for line in mail_lines(located(home, "maildir:HOME/%u"))}


def test_mailboxes_without_mail_cost_little(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        add(f"box{number}")
    calls = Counter[str]()
    stat = Path.stat

    def count(path: Path) -> os.stat_result:
        calls["stat"] += 1
        return stat(path)

    monkeypatch.setattr(Path, "stat", count)
    assert take_sample(located(home)).checked == 0
    assert 0 < calls["stat"] < 15 * mail_folders.MAX_SAMPLES
