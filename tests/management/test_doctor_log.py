"""manage.py doctor --log"""

import json
import sys
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

BROKEN = b"postfix/smtpd[1]: warning: cannot connect to saslauthd server: Permission denied\n"
REFUSED = b"dovecot: auth: Password mismatch\n"


def run(*options: str) -> str:
    output = StringIO()
    call_command("doctor", *options, stdout=output)
    return output.getvalue()


def test_a_file_with_faults_is_explained_and_ends_with_1(tables: None, tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(BROKEN + b"\xff\n")
    output = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("doctor", "--log", str(path), stdout=output)
    assert error.value.returncode == 1
    assert "broken: Postfix has no right to use saslauthd's socket." in output.getvalue()
    assert "adduser postfix sasl" in output.getvalue()


def test_standard_input_with_refusals_only_ends_with_0(
    tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(REFUSED)))
    (hop,) = json.loads(run("--log", "-", "--json"))["hops"]
    assert [found["code"] for found in hop["findings"]] == ["dovecot.password"]


@pytest.mark.parametrize("name", ["gone.log", ".", "a\0b"])
def test_a_file_that_cannot_be_read_ends_with_2(
    tables: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match="The log can't be read: .+[.]") as error:
        run("--log", name)
    assert error.value.returncode == 2
