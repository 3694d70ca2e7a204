"""docs/doctor.md lists each fault that is broken on real mail hosts, and no other."""

import re
from pathlib import Path

from tests.doctor_faults import FAULTS, ROUNDS

ROOT = Path(__file__).resolve().parent.parent.parent
ROW = re.compile(r"^\| (V[12]) \| (.+?) \| (.+?) \| `(\w+)` \|$", re.MULTILINE)


def test_the_table_lists_each_fault_with_its_findings_and_its_test() -> None:
    rows = ROW.findall((ROOT / "docs/doctor.md").read_text())
    listed = {
        (variant.lower(), name): re.findall(r"`(.+?)`", codes) for variant, name, codes, _ in rows
    }
    assert listed == {
        (variant, name): list(fault.codes)
        for variant, faults in FAULTS.items()
        for name, fault in faults.items()
    }
    tests = (ROOT / "tests/stack/test_doctor.py").read_text()
    assert not [test for *_, test in rows if f"def {test}(" not in tests]


def test_each_fault_is_broken_in_one_round() -> None:
    for variant, faults in FAULTS.items():
        assert sorted(name for names in ROUNDS[variant] for name in names) == sorted(faults)
