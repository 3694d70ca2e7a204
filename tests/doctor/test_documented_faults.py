"""docs/doctor.md lists each fault that is broken on real mail hosts, and no other."""

import re
from pathlib import Path

from tests.doctor_faults import FAULTS, ROUNDS

ROOT = Path(__file__).resolve().parent.parent.parent
ROW = re.compile(r"^\| (V[12]) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def test_the_table_lists_each_fault_with_its_findings() -> None:
    page = (ROOT / "docs/doctor.md").read_text()
    rows = ROW.findall(page)
    listed = {
        (variant.lower(), name): re.findall(r"`(.+?)`", codes) for variant, name, codes in rows
    }
    assert listed == {
        (variant, name): list(fault.codes)
        for variant, faults in FAULTS.items()
        for name, fault in faults.items()
    }
    test = re.search(r"`(test_\w+)` in \[(.+?)\]", page)
    assert test and f"def {test[1]}(" in (ROOT / test[2]).read_text()


def test_each_fault_is_broken_in_one_round() -> None:
    for variant, faults in FAULTS.items():
        assert sorted(name for names in ROUNDS[variant] for name in names) == sorted(faults)
