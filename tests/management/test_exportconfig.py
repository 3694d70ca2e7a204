from io import StringIO

from django.core.management import call_command

from mailboxes.export.compatibility import MAX_ADDRESSES
from tests.conftest import ROWS, add, move
from tests.hashes import CRAM, MD5


def compare(*arguments: str) -> str:
    out = StringIO()
    call_command("exportconfig", "--compare", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_all_and_no_stored_form(rows: None, on_mysql: None) -> None:
    said = compare("v2/debian12", "--variant", "v2", "--release", "debian13")
    first, *rest = said.split("\n\n")
    assert first == "From V2, Debian 12 (bookworm), CRAM-MD5 to V2, Debian 13 (trixie), CRAM-MD5"
    assert "3 of 6 active mailboxes can't sign in." in rest[0]
    assert (
        "\nmd5@example.org: stored as PLAIN-MD5, which Dovecot on Debian 13 (trixie) rejects as "
        "weak\nnope@example.org: stored in a form that is damaged, unsupported or too expensive to "
        "check (on the old host as well)\n"
        "sha@example.org: stored as SHA512-CRYPT, which only supports PLAIN and LOGIN" in said
    )
    assert "\n/etc/dovecot/conf.d/99-mailadmin.conf (changed)\n\n@@" in said
    assert "\n3. Set this in .env and restart the panel:\n     MAIL_RELEASE=debian13\n" in said
    for hidden in (*filter(None, ROWS.values()), MD5, CRAM, "geheim", "secret of"):
        assert hidden not in said


def test_the_command_names_every_mailbox(tables: None, mail_file: None) -> None:
    for number in range(MAX_ADDRESSES * 2):
        add(f"u{number}@example.org", MD5)
    assert compare("debian12").count("@example.org: ") == MAX_ADDRESSES * 2


def test_the_command_of_the_page_prints_what_the_page_says(rows: None, on_mysql: None) -> None:
    shown = move("v2/debian12/ARGON2ID", "v1/debian13/SHA512-CRYPT")
    assert compare(*shown.command.split("--compare ")[1].split()).startswith(shown.title)
