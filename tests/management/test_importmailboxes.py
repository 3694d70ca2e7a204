"""importmailboxes: a dry run, a question, the import, a report and the way back."""

import csv
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mailboxes.models import Alias, Domain, Mailbox
from tests.conftest import PASSWORD
from tests.hashes import CRAM

STORED = f"{{CRAM-MD5}}{CRAM}"
FILE = f"""\
Adresse;Name;Kontingent;Kennwort;Hash;Ziel
anna@example.org;Änna;1 GB;{PASSWORD};;
bob@example.org;Bob;;;{STORED};
carl@example.org;;;;;
team@example.org;;;;;anna@example.org, bob@example.org
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(FILE, encoding="cp1252")
    return path


def run(*arguments: object) -> str:
    out = StringIO()
    call_command("importmailboxes", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_a_dry_run_writes_nothing(domain: Domain, file: Path) -> None:
    printed = run(file, "--dry-run")
    assert printed == (
        "line 4: carl@example.org: It has no password yet, so its owner can't sign in.\n"
        "1 alias to add\n3 mailboxes to add\nNothing was changed.\n"
    )
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_targets_that_mail_would_not_reach_are_listed(
    domain: Domain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, report = tmp_path / "list.csv", tmp_path / "report.csv"
    file.write_text(
        "address,password,targets\n"
        "first@example.org,,dora@new.example gone@new.example\n"
        "second@example.org,,first@example.org x@e.example\n"
        "third@example.org,,gone@example.org\n"
        "dora@new.example,,\n"
    )
    printed = run(file, "--create-domains", "--yes", "--report", report)
    assert printed.startswith(
        "line 5: dora@new.example: It has no password yet, so its owner can't sign in.\n"
        "line 2: Mail to first@example.org doesn't reach all of its targets: gone@new.example "
        "(doesn't exist).\n"
        "line 4: Mail to third@example.org is refused, since none of its targets receives mail: "
        "gone@example.org (doesn't exist).\n"
    )
    assert "added: Mail to third@example.org is refused" in report.read_text()
    file.write_text("address,active\nbob@new.example,1\ndora@new.example,0\n")
    printed = run(file, "--update", "--yes")
    assert (
        "line 3: dora@new.example: Mail to these aliases still arrives elsewhere, but partly "
        "bounces: second@example.org → first@example.org.\n"
    ) in printed
    file.write_text("address,targets\nsecond@example.org,first@example.org\n")
    monkeypatch.setattr("mailboxes.management.importing.MAX_LISTED", 0)
    assert "There are more such rows." in run(file, "--update", "--dry-run")


def test_everything_is_imported_and_undone(domain: Domain, file: Path) -> None:
    printed = run(file, "--yes")
    assert "3 mailboxes added\n" in printed and PASSWORD not in printed and CRAM not in printed
    anna, bob, _carl = Mailbox.objects.order_by("pk")
    assert (anna.name, anna.quota) == ("Änna", 2**30) and anna.check_password(PASSWORD)
    assert bob.password == STORED and Alias.objects.filter(pk="team@example.org").exists()
    assert run(file, "--yes", "--update").splitlines()[-3:] == [
        "1 alias unchanged", "3 mailboxes unchanged", "Nothing was changed.",
    ]  # fmt: skip
    entry = printed.partition("--undo=")[2].partition("\n")[0]
    Alias.objects.create(address="all@example.org", goto=anna.pk, domain_id="example.org")
    assert run("--undo", entry) == (
        "These aliases don't forward to anything else, so mail to them is refused: "
        "all@example.org.\nUndone: 4. Kept: 0.\n"
    )
    Alias.objects.filter(pk="all@example.org").delete()
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_without_a_terminal_nothing_is_imported_unasked(
    domain: Domain, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO())
    with pytest.raises(CommandError, match="Use --yes"):
        run(file)
    assert not Mailbox.objects.exists()


def test_refused_rows_are_named_and_end_with_an_error(domain: Domain, file: Path) -> None:
    with file.open("a") as more:
        more.write(f"dora@example.net;;;{PASSWORD};;\neva@example.org;;;secret;;\n")
    with pytest.raises(CommandError, match="2 rows were refused"):
        run(file, "--yes")
    assert Mailbox.objects.count() == 3
    Mailbox.objects.all().delete()
    Alias.objects.all().delete()
    with pytest.raises(CommandError, match="Nothing was imported. Refused rows: 2."):
        run(file, "--yes", "--whole")
    assert not Mailbox.objects.exists()


def test_the_report_is_the_file_with_one_more_column_and_no_passwords(
    domain: Domain, file: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.csv"
    run(file, "--dry-run", "--report", report)
    assert report.stat().st_mode & 0o777 == 0o600
    with report.open(encoding="utf-8-sig", newline="") as lines:
        header, anna, _bob, carl, _team = csv.reader(lines)
    assert header[-1] == "result" and anna == [
        "anna@example.org",
        "Änna",
        "1 GB",
        "",
        "",
        "",
        "to add",
    ]
    assert carl[-1] == "to add: It has no password yet, so its owner can't sign in."
    assert PASSWORD not in report.read_text() and CRAM not in report.read_text()
    run(file, "--yes", "--report", tmp_path / "done.csv")
    assert "to add" not in (tmp_path / "done.csv").read_text()
    assert "added" in (tmp_path / "done.csv").read_text()
    with pytest.raises(CommandError, match="can't be created: File exists"):
        run(file, "--dry-run", "--report", report)


def test_the_report_has_a_result_for_each_record_of_an_alias(
    domain: Domain, tmp_path: Path
) -> None:
    path, report = tmp_path / "list.csv", tmp_path / "report.csv"
    path.write_text(
        "source,destination\nteam@example.org,a@x.example\nTeam@example.org,b@x.example\n"
    )
    run(path, "--dry-run", "--report", report)
    with report.open(encoding="utf-8-sig", newline="") as lines:
        assert [line[-1] for line in csv.reader(lines)] == ["result", "to add", "to add"]


def test_columns_and_the_unit_of_quotas_can_be_given(domain: Domain, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"1,anna@example.org,{STORED},500\n")
    run(path, "--yes", "--columns=-,address,hash,quota", "--quota-unit", "1M")
    anna = Mailbox.objects.get()
    assert (anna.pk, anna.password, anna.quota) == ("anna@example.org", STORED, 500 * 2**20)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Missing argument: FILE"),
        (["missing.csv"], "missing.csv can't be read: No such file or directory"),
        (["x.csv", "--columns", "address,colour"], "“colour” is not the name of a column"),
        (["x.csv", "--quota-unit", "many"], "“many” is not a valid size"),
        (["--undo=999"], "Entry 999 of the log is not an import"),
    ],
)
def test_errors_are_sentences(tables: None, arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)
