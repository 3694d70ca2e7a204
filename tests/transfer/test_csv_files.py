"""A CSV file, however a spreadsheet or another panel has written it."""

import re
import tracemalloc
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
    Unreadable,
)
from mailboxes.errors import Refused
from mailboxes.transfer.columns import Column, parse_columns
from mailboxes.transfer.csv_files import CsvFile
from mailboxes.transfer.formulas import neutralize, restore
from tests.hashes import CRAM

ROOT = Path(__file__).resolve().parent.parent.parent


def read(text: str | bytes, **options: Any) -> list[ImportRow]:
    content = text.encode() if isinstance(text, str) else text
    return list(CsvFile(BytesIO(content), **options).rows())


def one(text: str | bytes, **options: Any) -> Any:
    [row] = read(text, **options)
    return row


def refusal(text: str | bytes, **options: Any) -> str:
    with pytest.raises(Refused) as caught:
        read(text, **options)
    return str(caught.value)


JÖRG = MailboxRow("line 2", "joerg@example.org", "Jörg Müller")
TABLE = "Adresse{0}Name\r\njoerg@example.org{0}Jörg Müller\r\n"


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"]
)
def test_encodings_and_delimiters_are_recognized(encoding: str, delimiter: str) -> None:
    assert read(TABLE.format(delimiter).encode(encoding)) == [JÖRG]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(end: str) -> None:
    assert read(TABLE.format(";").replace("\r\n", end)) == [JÖRG]


def test_a_first_line_that_names_the_delimiter_is_no_row() -> None:
    assert read("sep=;\r\n" + TABLE.format(";")) == [JÖRG]
    assert read("sep=|\r\n" + TABLE.format("|")) == [JÖRG]


def test_a_file_is_windows_1252_also_if_that_shows_late() -> None:
    start = "address;name\n" + "anna@example.org;Anna\n" * 10_000
    rows = read(start.encode() + "joerg@example.org;Jörg\n".encode("cp1252"))
    assert rows[-1] == MailboxRow("line 10002", "joerg@example.org", "Jörg")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\r\n;;\r\n", "The file is empty."),
        (b"PK\x03\x04rest of a workbook", "This is a workbook or a compressed file"),
        (b"address\n" + b"a@example.org\0\n" * 9, "NUL characters after line 0"),
        ("name\nMüller\n".encode() + "Jörg".encode("cp1252"), "neither UTF-8 nor Windows-1252"),
        (b"address\nJ\x81rg\n", "neither UTF-8 nor Windows-1252"),
        (b"E-Mail,e-mail\na@example.org,b\n", "the column “address” twice"),
        (b"one,two\n1,2\n", "no column with addresses or domains"),
        (b"address\n" + b"x" * 1_100_000, "longer than 1000000 characters"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: bytes, sentence: str) -> None:
    assert sentence in refusal(content)


def test_a_row_has_the_number_that_a_spreadsheet_shows() -> None:
    text = 'address;name\n\nanna@example.org;"Anna\nBerg"\n;\nbob@example.org;Bob\n'
    assert read(text) == [
        MailboxRow("line 3", "anna@example.org", "Anna\nBerg"),
        MailboxRow("line 5", "bob@example.org", "Bob"),
    ]


def test_a_line_that_cannot_be_understood_is_returned_with_the_reason() -> None:
    lines = [
        "address;quota (MB);active;name",
        "anna@example.org;x;1;A",
        "bob@example.org;5;perhaps;B",
        ";5;1;C",
        "dora@example.org;5",
        "emil@example.org;5;1;E;mil",
        'frida@example.org;5;1;"F" rida',
        "gerd@example.org;5;1;" + "G" * 200_000,
        "hanna@example.org;5;1;H",
    ]
    *broken, hanna = read("\n".join(lines))
    assert [row.place for row in broken] == [f"line {number}" for number in range(2, 9)]
    assert all(isinstance(row, Unreadable) for row in broken)
    assert hanna == MailboxRow("line 9", "hanna@example.org", "H", 5 * 2**20, True)


def test_the_columns_of_postfixadmins_tables_are_recognized() -> None:
    mailbox = (
        "username,password,name,maildir,quota,local_part,domain,created,modified,active\n"
        f"anna@example.org,{CRAM},Anna,example.org/anna/,10240000,anna,example.org,2020,2021,1\n"
    )
    assert one(mailbox) == MailboxRow(
        "line 2", "anna@example.org", "Anna", 10240000, True, "", CRAM, "example.org/anna/"
    )
    alias = 'address,goto,domain,active\ninfo@example.org,"a@x.org,b@x.org",example.org,0\n'
    assert one(alias) == AliasRow("line 2", "info@example.org", ("a@x.org", "b@x.org"), False)
    domain = "domain,description,aliases,mailboxes,maxquota (PostfixAdmin MB),active\n"
    row = one(domain + "example.org,Ours,5,-1,10,1\n", columns=parse_columns(
        ["domain", "description", "max_aliases", "max_mailboxes", "max_quota", "active"]
    ), unit=1_024_000)  # fmt: skip
    assert row == DomainRow("line 2", "example.org", "Ours", -1, 5, 10_240_000, True)
    pair = "alias_domain,target_domain,active\nexample.net,example.org,1\n"
    assert one(pair) == AliasDomainRow("line 2", "example.net", "example.org", True)


def test_a_column_type_decides_what_a_row_is() -> None:
    text = (
        "Typ;Adresse;Name;Ziel\n"
        "Domäne;example.org;;\nPostfach;anna@example.org;Anna;\n"
        "Alias;@example.org;;anna@example.org\nAlias-Domain;example.net;;example.org\nx;y;;\n"
    )
    kinds = [type(row) for row in read(text)]
    assert kinds == [DomainRow, MailboxRow, AliasDomainRow, Unreadable, AliasRow]


def test_local_part_and_domain_are_joined() -> None:
    assert one("local_part;domain\nanna;example.org\n").address == "anna@example.org"
    assert one("user;domain\nanna;example.org\n").address == "anna@example.org"


def test_several_lines_of_an_alias_are_one() -> None:
    text = "source;destination\ni@a.org;a@x.org\nj@a.org;b@x.org\nI@a.org;b@x.org c@x.org\n"
    assert read(text) == [
        AliasRow("line 2", "i@a.org", ("a@x.org", "b@x.org", "c@x.org")),
        AliasRow("line 3", "j@a.org", ("b@x.org",)),
    ]


def test_lines_of_an_alias_must_agree_on_its_state() -> None:
    broken, row = read("address;goto;active\ni@a.org;a@x.org;1\ni@a.org;b@x.org;0\n")
    assert isinstance(broken, Unreadable) and broken.params == {"other": "2"}
    assert row.targets == ("a@x.org",)  # type: ignore[union-attr]


def test_a_command_as_a_target_keeps_its_spaces() -> None:
    row = one('address;goto\nv@a.org;"|/usr/bin/vacation v, b@x.org"\n')
    assert row.targets == ("|/usr/bin/vacation v", "b@x.org")


@pytest.mark.parametrize(
    ("header", "cell", "size"),
    [
        ("quota", "500M", 500 * 2**20),
        ("Kontingent", "1,5 GB", 3 * 2**29),
        ("quota", "0", 0),
        ("quota", "-1", -1),
        ("quota", "unbegrenzt", 0),
        ("quota", "104857600", 104857600),
        ("quota (MB)", "1\u00a0024", 2**30),
        ("quota_mb", "0,5", 2**19),
        ("Kontingent [GB]", "2", 2**31),
        ("quota_bytes", "5", 5),
        ("quota (MB)", "1 GB", 2**30),
    ],
)
def test_a_quota_may_have_any_unit(header: str, cell: str, size: int) -> None:
    assert one(f"address;{header}\nanna@example.org;{cell}\n").quota == size


@pytest.mark.parametrize(
    ("header", "cell", "quota"),
    [
        ("quota", "500M", 500 * 1_024_000),
        ("quota (MB)", "500", 500 * 1_024_000),
        ("quota (GB)", "1", 1024 * 1_024_000),
        ("quota", "1G", 1024 * 1_024_000),
        ("quota_bytes", "10485760", 10_485_760),
        ("quota", "-1", -1),
    ],
)
def test_a_megabyte_is_that_of_an_adopted_database(header: str, cell: str, quota: int) -> None:
    text = f"address;{header}\nanna@example.org;{cell}\n"
    assert one(text, megabyte=1_024_000).quota == quota


def test_a_plain_number_is_in_the_chosen_unit_and_never_guessed() -> None:
    text = "address;quota\nanna@example.org;500\n"
    assert one(text, unit=1_024_000).quota == 512_000_000
    assert "has no unit" in one(text).message
    assert "not a valid size" in one(text.replace("500", "much")).message
    assert "too large" in one(text.replace("500", "9999T")).message


@pytest.mark.parametrize("cell", ["1", "yes", "JA", "True", "x", "wahr", "Aktiv", "on"])
def test_words_for_active(cell: str) -> None:
    assert one(f"address;active\nanna@example.org;{cell}\n").active is True


@pytest.mark.parametrize("cell", ["0", "no", "Nein", "FALSE", "falsch", "inaktiv", "off"])
def test_words_for_inactive(cell: str) -> None:
    assert one(f"address;active\nanna@example.org;{cell}\n").active is False


def test_nothing_is_inactive_where_others_are_ticked_and_unknown_elsewhere() -> None:
    rows: Any = read("address;active\na@example.org;x\nb@example.org;\n")
    assert [row.active for row in rows] == [True, False]
    rows = read("address;active\na@example.org;1\nb@example.org;\n")
    assert [row.active for row in rows] == [True, None]


def test_passwords_are_taken_as_they_are() -> None:
    assert one("address;password\na@example.org;'=a  b \n").password == "'=a  b "


def test_a_column_of_hashes_is_recognized_and_that_is_told() -> None:
    file = CsvFile(BytesIO(f"username;password\na@example.org;{CRAM}\n".encode()))
    assert file.reads_hashes and file.columns == (Column.ADDRESS, Column.HASH)
    [row] = file.rows()
    assert isinstance(row, MailboxRow) and row.stored == CRAM and not row.password


def test_a_clear_password_that_looks_like_a_hash_is_refused() -> None:
    text = f"address;password\na@example.org;four words\nb@example.org;{CRAM}\n"
    clear, hashed = read(text)
    assert isinstance(clear, MailboxRow) and clear.password == "four words"
    assert isinstance(hashed, Unreadable) and "looks like a ready hash" in hashed.message
    assert CRAM not in repr(hashed)


def test_a_file_without_header_needs_columns() -> None:
    text = "anna@example.org;Anna;x\nbob@example.org;Bob;y\n"
    assert "no column" in refusal(text)
    rows = read(text, columns=parse_columns(["E-Mail", "name", "-"]))
    assert rows[0] == MailboxRow("line 1", "anna@example.org", "Anna")
    assert "3 columns, but 1 were assigned" in refusal(text, columns=[Column.ADDRESS])
    assert "Two columns" in refusal(text, columns=[Column.ADDRESS, Column.ADDRESS, None])
    with pytest.raises(Refused, match="“shoe” is not the name of a column"):
        parse_columns(["shoe"])


def test_a_header_by_hand_wins_over_its_names() -> None:
    text = "name;address\nanna@example.org;Anna\n"
    assert one(text, columns=[Column.ADDRESS, Column.NAME]).address == "anna@example.org"


def test_spaces_after_delimiters_do_not_hide_quotation_marks() -> None:
    assert one('address, name\nanna@example.org, "Berg, Anna"\n').name == "Berg, Anna"


@pytest.mark.parametrize("text", ["anna@example.org", "Änna", "0", "x+1", "a-b", "'tis"])
def test_what_cannot_be_a_formula_stays_as_it_is(text: str) -> None:
    assert neutralize(text) == text
    for sign in "=+-@|%":
        assert neutralize(sign + text) == f"'{sign}{text}"


def test_the_documented_examples_are_read() -> None:
    text = (ROOT / "docs/import.md").read_text()
    examples = re.findall(r"(?:^    .+\n)+", text, re.MULTILINE)
    found = [[type(row) for row in read(re.sub("^    ", "", one, flags=re.M))] for one in examples]
    assert found == [
        [MailboxRow],
        [AliasRow, AliasRow],
        [DomainRow, MailboxRow, AliasDomainRow, AliasRow],
    ]


@given(st.text())
def test_a_neutralized_text_is_read_back_as_it_was(text: str) -> None:
    assert restore(neutralize(text)) == text


@given(st.text("=+@-|%\uff1d';\"\t\r\n a,"))
def test_a_text_of_signs_is_read_back_as_it_was(text: str) -> None:
    assert restore(neutralize(text)) == text


@given(st.binary())
def test_any_bytes_give_rows_or_a_refusal(content: bytes) -> None:
    try:
        read(b"address;quota;name\n" + content)
    except Refused as error:
        assert str(error).endswith(".")


class Repeated(RawIOBase):
    """A file with a header and many copies of a line."""

    def __init__(self, head: bytes, line: bytes, number: int) -> None:
        self.rest, self.line, self.number = head, line, number

    def read(self, size: int = -1) -> bytes:
        while len(self.rest) < size and self.number:
            self.rest, self.number = self.rest + self.line * 100, self.number - 100
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


def test_a_large_file_is_read_in_little_memory() -> None:
    file: Any = Repeated(b"address;name;quota\n", b"anna@example.org;Anna Berg;500M\n", 20_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in CsvFile(file).rows()) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 800_000
    finally:
        tracemalloc.stop()
