"""Entries of master.cf that Postfix's programs can't read, and how they are meant."""

import re
import subprocess
from pathlib import Path

import pytest

from mailboxes.doctor import master_entries
from mailboxes.doctor.examination import Examination
from tests.doctor.conftest import as_root, printing

ROOT = Path(__file__).resolve().parent.parent.parent
APPLY = ROOT / "templates/config/common/apply"
SERVICE = "submission inet n - y - - smtpd"
READABLE = "-o a=b,c -o e= -o {x=y, z} -o { x = y } -v -n other -o d=-1"


OPTIONS = pytest.mark.parametrize(
    ("options", "mended"),
    [
        ("-o smtpd_sasl_auth_enable = yes -v", "-o smtpd_sasl_auth_enable=yes -v"),
        ("-o a= b -o c =d", "-o a=b -o c=d"),
        ("-o a=permit_x reject -o c=d", "-o a=permit_x,reject -o c=d"),
        ("= yes -o c=d", "-o c=d"),
        ("-o c", ""),
    ],
)


@OPTIONS
def test_an_entry_that_can_not_be_read_is_written_anew(
    examination: Examination, options: str, mended: str
) -> None:
    here = as_root(examination, printing(f"{SERVICE} {options}\nsmtp inet n - y - - smtpd\n"))
    (found,) = master_entries.examine(here.access)
    assert "can't read: submission/inet." in found.seen and found.detail == f"{SERVICE} {options}"
    entry = f"submission/inet={SERVICE} {mended}".rstrip()
    assert found.remedy.command == f"postconf -Me '{entry}' && systemctl restart postfix"


@OPTIONS
def test_apply_writes_it_in_the_same_way(options: str, mended: str) -> None:
    function = re.search(r"^mended_entry\(\) \{.*?^\}", APPLY.read_text(), re.MULTILINE | re.DOTALL)
    assert function
    script = f"{function[0]}\nmended_entry"
    for given, expected in ((options, mended), (READABLE, READABLE)):
        done = subprocess.run(
            ["sh", "-c", script],
            input=f"{SERVICE} {given}\n",
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{SERVICE} {expected}".rstrip() + "\n"


@pytest.mark.parametrize(
    "line",
    [
        SERVICE,
        f"{SERVICE}   {READABLE}",
        "policy unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd -x a b",
        "uucp unix - n n - - pipe flags=Fqhu user=uucp argv=uux -r -n -z - $nexthop!rmail",
        "smtp unix - - y - - smtp -n other -v",
    ],
)
def test_what_postfix_reads_is_left_alone(examination: Examination, line: str) -> None:
    here = as_root(examination, printing(f"{line}\n"))
    assert list(master_entries.examine(here.access)) == []
