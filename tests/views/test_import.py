"""Import and export in the panel: upload, dry run, import, result, undo."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from mailboxes import actions
from mailboxes.actions.imports.outcomes import ImportOptions
from mailboxes.actions.imports.rows import MailboxRow
from mailboxes.addresses import Address
from mailboxes.forms.imports import COLUMN_LABELS
from mailboxes.imports.models import PreparedBatch, PreparedImport
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.transfer import preparation
from mailboxes.transfer.columns import Column
from tests.admin.conftest import signed_in
from tests.conftest import PASSWORD, TESTER, logged
from tests.hashes import CRAM

IMPORT, EXPORT, UNDO = "/admin/import/", "/admin/export/", "/admin/import/undo/"
TABLES: tuple[Any, ...] = (Domain, Mailbox, Alias)
STORED = f"{{CRAM-MD5}}{CRAM}"
FILE = (
    "Adresse;Name;Kontingent (MB);Passwort\r\n"
    f"carl@example.org;Carl;500;{PASSWORD}\r\n"
    "dora@example.org;Dora;0;short\r\n"
    f"emil@example.net;Emil;;{PASSWORD}\r\n"
)


def upload(client: Client, text: str | bytes, **data: Any) -> Any:
    content = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile("people.csv", content, "text/csv")
    return client.post(IMPORT, {"file": file, **data}, follow=True)


def url(page: Any) -> str:
    """Return the upload's own page."""
    assert page.redirect_chain, page.content.decode()
    return str(page.redirect_chain[-1][0])


def text_of(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def finish(client: Client, place: str) -> Any:
    """Import all batches, as the browser does."""
    for _ in range(50):
        page = client.post(place, follow=True)
        if page.redirect_chain:
            return page
    raise AssertionError("The import doesn't end.")


def test_a_file_is_checked_then_imported(rita: Client, domain: Domain) -> None:
    page = upload(rita, FILE)
    text = text_of(page)
    assert "1 to add" in text and "2 refused" in text
    assert "3 dora@example.org The password is too short" in text
    assert "4 emil@example.net The domain example.net doesn&#x27;t exist here" in text
    assert not Mailbox.objects.exists()
    page = finish(rita, url(page))
    assert "1 added" in text_of(page) and "2 refused" in text_of(page)
    carl = Mailbox.objects.get()
    assert carl.check_password(PASSWORD) and carl.quota == 500 * 2**20
    assert Alias.objects.get(pk=carl.pk).goto == carl.pk
    assert logged("mailbox.import") == [("rita", "mailbox.import", carl.pk)]


def test_targets_that_mail_would_not_reach_are_noted(rita: Client, domain: Domain) -> None:
    rows = "Alias;Ziel\nteam@example.org;gone@example.org,info@example.org\n"
    page = upload(rita, f"{rows}info@example.org;x@e.example\n")
    assert "2 team@example.org Mail to team@example.org doesn&#x27;t reach all" in text_of(page)
    assert "gone@example.org (doesn&#x27;t exist)" in text_of(finish(rita, url(page)))


def test_no_clear_password_is_kept_or_shown(rita: Client, domain: Domain) -> None:
    page = upload(rita, FILE)
    report = b"".join(rita.get(url(page) + "report/")).decode()
    kept = repr(list(PreparedBatch.objects.values()) + list(PreparedImport.objects.values()))
    for text in (page.content.decode(), report, kept):
        assert PASSWORD not in text and "short;" not in text and "'short'" not in text
    assert "carl@example.org" in report
    finish(rita, url(page))
    assert "CRAM-MD5" not in repr(list(PreparedBatch.objects.values()))


def test_the_result_is_the_same_file_with_one_more_column(rita: Client, domain: Domain) -> None:
    place = url(upload(rita, FILE))
    lines = b"".join(rita.get(f"{place}report/")).decode("utf-8-sig").splitlines()
    assert lines[0] == "Adresse,Name,Kontingent (MB),Passwort,Result"
    assert lines[1] == "carl@example.org,Carl,500,,to add"
    assert lines[2].startswith("dora@example.org,Dora,0,,refused: The password is too short")
    finish(rita, place)
    lines = b"".join(rita.get(f"{place}report/")).decode().splitlines()
    assert lines[1] == "carl@example.org,Carl,500,,added"


def test_options_add_domains_update_rows_and_import_all_or_nothing(
    rita: Client, anna: Mailbox
) -> None:
    text = f"address;name;hash\nanna@example.org;Anna Kunz;\nemil@example.net;Emil;{STORED}\n"
    page = upload(rita, text, creates_domains="on", updates="on", is_whole="on")
    assert "2 to add 1 to change" in text_of(page)
    finish(rita, url(page))
    anna.refresh_from_db()
    assert anna.name == "Anna Kunz" and Domain.objects.filter(pk="example.net").exists()
    Alias.objects.create(address="team@example.org", goto=anna.pk, domain_id="example.org")
    text = "address;hash;active\nanna@example.org;;0\ncarl@example.org;;1\n"
    page = upload(rita, text, updates="on")
    for shown in (page, finish(rita, url(page))):
        assert "mail to them is refused: team@example.org." in text_of(shown)


def test_all_or_nothing_imports_nothing_if_a_line_is_refused_after_the_check(
    rita: Client, domain: Domain
) -> None:
    place = url(upload(rita, many(2), is_whole="on"))
    Domain.objects.update(mailboxes=1)
    assert "Nothing was imported. Refused rows: 1." in text_of(rita.post(place, follow=True))
    assert not Mailbox.objects.exists()


def test_a_wrong_file_is_refused_in_a_sentence(rita: Client, domain: Domain) -> None:
    assert "not a CSV file" in text_of(upload(rita, b"PK\x03\x04"))
    assert "The file is empty." in text_of(upload(rita, ""))
    assert "larger than 2 MB" in text_of(upload(rita, b"x" * 2_100_000))
    assert "larger than 2 MB" in text_of(upload(rita, b"x" * 3_000_000))
    assert "This field is required" in text_of(rita.post(IMPORT))
    assert "more than 10,000 lines" in text_of(upload(rita, "address\n" + "a@b.org\n" * 10_001))
    assert not PreparedImport.objects.exists()


def test_each_column_that_is_imported_can_be_chosen() -> None:
    assert set(COLUMN_LABELS) == set(Column)


def test_columns_are_chosen_by_hand(rita: Client, domain: Domain) -> None:
    text = f"carl@example.org;{PASSWORD};Carl\n"
    page = upload(rita, text)
    assert "Columns of this file" in text_of(page) and "no column with addresses" in text_of(page)
    assert "carl@example.org" in page.content.decode() and PASSWORD not in page.content.decode()
    page = upload(rita, text, columns=["address", "password", "name"])
    assert "1 to add" in text_of(page)
    assert "Two columns are assigned" in text_of(upload(rita, text, columns=["name"] * 3))
    page = upload(rita, FILE, by_hand="on")
    assert 'value="quota" selected' in page.content.decode() and not page.redirect_chain
    page = upload(rita, FILE, by_hand="on", columns=["address", "name", "-", "-"])
    assert "has no password yet" in text_of(page)


def test_ready_hashes_in_a_column_of_passwords_are_told(rita: Client, domain: Domain) -> None:
    page = upload(rita, f"email,password\ncarl@example.org,{STORED}\n")
    assert "contains ready hashes" in text_of(page)
    finish(rita, url(page))
    assert Mailbox.objects.get().password == STORED


def many(number: int) -> str:
    lines = (f"box{place}@example.org;{STORED}" for place in range(number))
    return "address;hash\n" + "\n".join(lines)


def test_an_import_goes_on_in_batches_and_can_be_stopped_and_resumed(
    rita: Client, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "BATCH", 2)
    place = url(upload(rita, many(5)))
    page = rita.post(place)
    assert "2 of 5 done." in text_of(page) and b"data-autosubmit" in page.content
    page = rita.post(place, {"stop": "1"}, follow=True)
    assert b"data-autosubmit" not in page.content and Mailbox.objects.count() == 2
    assert "partly imported" in text_of(rita.get(IMPORT))
    assert "5 added" in text_of(finish(rita, place))
    assert Mailbox.objects.count() == 5 and len(logged("mailbox.import")) == 5


def test_a_quota_in_megabytes_fits_into_the_limit_of_postfixadmin(
    rita: Client, domain: Domain
) -> None:
    actions.adopt_database(TESTER, "PostfixAdmin 4.0", "domain/user/", 1_024_000, "CRAM-MD5")
    Domain.objects.update(maxquota=10)
    text = f"address;hash;quota (MB)\ncarl@example.org;{STORED};10\n"
    finish(rita, url(upload(rita, text)))
    assert Mailbox.objects.get().quota == 10 * 1_024_000


def test_an_import_is_undone_from_its_page(rita: Client, domain: Domain) -> None:
    place = url(upload(rita, many(3)))
    page = finish(rita, place)
    entry = re.search(r'name="entry" value="(\d+)"', page.content.decode())
    assert entry
    assert "Everything that the import has added" in text_of(rita.post(UNDO, {"entry": entry[1]}))
    [first, *_others] = Mailbox.objects.all()
    Alias.objects.create(address="all@example.org", goto=first.pk, domain_id="example.org")
    page = rita.post(UNDO, {"entry": entry[1], "post": "yes"}, follow=True)
    assert "The import was undone: 3 rows." in text_of(page)
    assert "mail to them is refused: all@example.org." in text_of(page)
    assert not Mailbox.objects.exists() and not PreparedImport.objects.exists()
    page = rita.post(UNDO, {"entry": "1", "post": "yes"}, follow=True)
    assert "is not an import" in text_of(page)


def test_an_import_can_be_undone_from_the_log(rita: Client, domain: Domain) -> None:
    finish(rita, url(upload(rita, many(1))))
    assert b"Undo the import" in rita.get("/admin/log/?action=mailbox.import").content
    nora = signed_in("auditor", name="nora")
    page = nora.get("/admin/log/?action=mailbox.import").content
    assert b"box0@example.org" in page and b"Undo the import" not in page


def test_an_import_that_was_rolled_back_cannot_be_undone(rita: Client, domain: Domain) -> None:
    rows = [MailboxRow("1", "box0@example.org", stored=STORED)]
    broken_off = actions.run_import(TESTER, lambda: rows, ImportOptions(is_whole=True))
    next(broken_off)
    broken_off.close()
    page = rita.get("/admin/log/?action=mailbox.import").content
    assert b"box0@example.org" in page and b"Undo the import" not in page


def test_an_upload_is_for_its_owner_and_for_a_day(rita: Client, domain: Domain) -> None:
    place = url(upload(rita, many(1)))
    other = signed_in("superuser", name="other")
    assert other.get(place).status_code == other.post(place).status_code == 404
    assert other.get(f"{place}report/").status_code == 404
    PreparedImport.objects.update(created="2026-01-01T00:00Z")
    assert rita.get(place).status_code == 404 and not PreparedBatch.objects.exists()


def test_an_upload_can_be_discarded(rita: Client, domain: Domain) -> None:
    rita.post(url(upload(rita, many(1))), {"discard": "1"})
    assert not PreparedImport.objects.exists() and not Mailbox.objects.exists()


def test_a_domain_administrator_imports_into_the_own_domains(rita: Client, domain: Domain) -> None:
    dora = signed_in("domain", "example.org", name="dora")
    assert b'name="creates_domains"' not in dora.get(IMPORT).content
    text = f"address;hash\na@example.org;{STORED}\na@example.net;{STORED}\n"
    page = upload(dora, text, creates_domains="on")
    assert "1 to add" in text_of(page) and "not one of your domains" in text_of(page)
    finish(dora, url(page))
    assert Mailbox.objects.get().pk == "a@example.org"
    assert "Import and export" in text_of(dora.get("/admin/"))
    assert "Import and export" not in text_of(
        signed_in("helpdesk", "example.org", name="otto").get("/admin/")
    )


def test_a_slow_scheme_limits_how_many_passwords_are_hashed(
    rita: Client, domain: Domain, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAIL_PASSWORD_SCHEME = "ARGON2ID"
    monkeypatch.setattr(preparation, "MAX_SECONDS", 0)
    assert "with ARGON2ID takes too long" in text_of(upload(rita, FILE))
    assert "1 to add" in text_of(upload(rita, many(1)))


def test_everything_is_exported_with_hashes_for_superusers(rita: Client, anna: Mailbox) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["anna@example.org"])
    plain = b"".join(rita.post(EXPORT)).decode()
    assert "info@example.org" in plain and anna.password not in plain
    assert anna.password in b"".join(rita.post(EXPORT, {"hashes": "on"})).decode()
    dora = signed_in("domain", "example.org", name="dora")
    assert "anna@example.org" in b"".join(dora.post(EXPORT)).decode()
    page = dora.post(EXPORT, {"hashes": "on"}, follow=True)
    assert "doesn&#x27;t allow this" in text_of(page)


def rows() -> list[Any]:
    dates = ("created", "modified", "password_expiry")
    return [
        {name: value for name, value in row.items() if name not in dates}
        for table in TABLES
        for row in table.objects.order_by("pk").values()
    ]


def test_an_export_is_imported_to_the_same_tables(rita: Client, anna: Mailbox) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["anna@example.org"])
    Mailbox.objects.filter(pk=anna.pk).update(name="=1+1", quota=-1, active=False)
    Alias.objects.filter(pk=anna.pk).update(active=False, goto=f"{anna.pk},x@example.edu")
    before = rows()
    file = b"".join(rita.post(EXPORT, {"hashes": "on"}))
    for table in TABLES:
        table.objects.all().delete()
    assert "0 refused" in text_of(finish(rita, url(upload(rita, file))))
    assert rows() == before
