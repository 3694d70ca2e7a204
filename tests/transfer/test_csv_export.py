"""The export is scoped and logged, and the import reads it back to the same rows."""

import csv
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailboxes import actions
from mailboxes.access.scope import EVERYTHING, Scope
from mailboxes.actions.imports.outcomes import ImportOptions
from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
)
from mailboxes.addresses import CatchAll, DomainName
from mailboxes.audit.actors import ADMINISTRATOR, COMMAND, Actor
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.transfer.csv_export import export_tables
from mailboxes.transfer.csv_files import CsvFile
from tests.conftest import TESTER, logged
from tests.hashes import CRAM

ROOT = Actor(COMMAND, "root", "exportmailboxes", EVERYTHING)


def exported(actor: Actor = ROOT, domain: str = "", with_hashes: bool = False) -> str:
    return "".join(export_tables(actor, "all.csv", domain, with_hashes))


def read(text: str) -> list[ImportRow]:
    return list(CsvFile(BytesIO(text.encode())).rows())


def addresses(text: str) -> list[str]:
    return [row[1] for row in csv.reader(text.splitlines())][1:]


@pytest.fixture
def everything(anna: Mailbox, bob: Mailbox) -> None:
    """Rows of each kind, in example.org and example.net."""
    actions.create_domain(TESTER, DomainName.parse("example.net"), description="Net")
    actions.create_domain(TESTER, DomainName.parse("example.com"))
    actions.create_alias(TESTER, CatchAll("example.net"), ["anna@example.org", "x@example.edu"])
    actions.create_alias_domain(TESTER, "example.com", "example.org")
    Domain.objects.filter(pk="example.net").update(mailboxes=-1, aliases=7, maxquota=10)
    Mailbox.objects.filter(pk=anna.pk).update(quota=-1, password=CRAM)
    Alias.objects.filter(pk=bob.pk).update(goto=f"{bob.pk},x@example.edu")


def test_the_import_reads_what_was_exported(everything: None) -> None:
    *rows, bob, catch_all, pair = read(exported(with_hashes=True))
    com, net, org, anna = [row for row in rows if getattr(row, "name", "") != ""][:4]
    assert isinstance(com, DomainRow) and isinstance(org, DomainRow)
    assert net == DomainRow(
        "line 3", "example.net", "Net", -1, 7, 10_240_000, True, 0, "virtual", False, 0
    )
    assert anna == MailboxRow(
        "line 5", "anna@example.org", "Anna Berg", -1, True, "", CRAM, "example.org/anna/"
    )
    targets = ("bob@example.org", "x@example.edu")
    assert {bob, catch_all, pair} >= {AliasRow("line 8", "bob@example.org", targets, True)}
    assert AliasDomainRow in map(type, (bob, catch_all, pair, *rows))


def test_passwords_are_exported_on_request_only_and_that_is_logged(everything: None) -> None:
    text = exported()
    assert CRAM not in text and "hash" not in text
    assert CRAM in exported(with_hashes=True)
    verbs = [action for _who, action, _file in logged("mailbox.download")]
    assert verbs == ["mailbox.download", "mailbox.download-hashes"]


def test_only_what_the_actor_sees_is_exported(everything: None) -> None:
    actor = Actor(ADMINISTRATOR, "dora", "", Scope.of_role("domain", ["example.net"]))
    assert addresses(exported(actor)) == ["example.net", "'@example.net"]
    with pytest.raises(Refused, match="not one of your domains"):
        exported(actor, domain="example.org")
    with pytest.raises(Refused, match="doesn't allow this"):
        exported(actor, with_hashes=True)
    assert addresses(exported(domain="example.com")) == ["example.com", "example.com"]


def table_rows() -> list[dict[str, object]]:
    dates = ("created", "modified", "password_expiry")
    return [
        {name: value for name, value in row.items() if name not in dates or "aliases" in row}
        | {"created": None, "modified": None}
        for model in (Domain, Mailbox, Alias, AliasDomain)
        for row in model._default_manager.order_by("pk").values()
    ]


def test_an_export_is_imported_to_the_same_tables(everything: None) -> None:
    Domain.objects.filter(pk="example.net").update(
        active=False, quota=20, transport="smtp:[192.0.2.1]", backupmx=True, password_expiry=90
    )
    for address in ("@example.net", "listed@example.net"):
        Alias.objects.update_or_create(
            address=address, defaults={"goto": address, "domain_id": "example.net"}
        )
    Mailbox.objects.filter(pk="anna@example.org").update(password=f"{{CRAM-MD5}}{CRAM}")
    Mailbox.objects.filter(pk="bob@example.org").update(active=False, maildir="old/bob/")
    Alias.objects.filter(pk="bob@example.org").update(active=False)
    before, text = table_rows(), exported(with_hashes=True)
    for model in (AliasDomain, Alias, Mailbox, Domain):
        model._default_manager.all().delete()
    rows = list(CsvFile(BytesIO(text.encode())).rows())
    for result in actions.run_import(ROOT, lambda: rows, ImportOptions()):
        assert {str(each.refusal) for each in result.outcomes} == {"None"}
    assert table_rows() == before


@pytest.mark.finding("csv-formula")
def test_no_cell_of_the_export_is_a_formula(anna: Mailbox) -> None:
    Mailbox.objects.filter(pk=anna.pk).update(name="=HYPERLINK(1);+2")
    text = exported()
    assert "'=HYPERLINK(1);'+2" in text
    [row] = [row for row in read(text) if isinstance(row, MailboxRow)]
    assert row.name == "=HYPERLINK(1);+2"


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
AWKWARD = st.text("=+@-;,\t\r\n\"' a", max_size=20)


def test_every_value_is_read_back(anna: Mailbox, domain: Domain) -> None:
    @settings(
        max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
    )
    @given(TEXT | AWKWARD, TEXT | AWKWARD, st.integers(-1, 2**50), st.booleans())
    def check(name: str, description: str, quota: int, active: bool) -> None:
        Mailbox.objects.filter(pk=anna.pk).update(name=name, quota=quota, active=active)
        Domain.objects.filter(pk=domain.pk).update(description=description, active=active)
        ours, hers = (row for row in read(exported()) if not isinstance(row, AliasRow))
        assert isinstance(ours, DomainRow) and isinstance(hers, MailboxRow)
        assert (ours.description, ours.active) == (description, active)
        assert (hers.name, hers.quota, hers.active) == (name, quota, active)

    check()
