"""Each case in docs/cases.md is prevented, and a test proves it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROWS = re.findall(
    r"^\| ([a-z0-9-]+) \| (.+?) \|(.*)\|$", (ROOT / "docs/cases.md").read_text(), re.MULTILINE
)


def findings(source: str) -> Iterator[str]:
    """Yield the names with which the tests of a module are marked."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for decorator in node.decorator_list:
                match decorator:
                    case ast.Call(
                        func=ast.Attribute(attr="finding"), args=[ast.Constant(value=str(name))]
                    ):
                        yield name


def marked() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for file in files for name in findings(file.read_text())}


def test_each_case_has_a_name_of_its_own_and_one_sentence() -> None:
    names = [name for name, _, _ in ROWS]
    lines = (ROOT / "docs/cases.md").read_text().splitlines()
    assert len([line for line in lines if line.startswith("|")]) == len(ROWS) + 2
    assert len(set(names)) == len(names) > 0
    assert not [name for name, happened, _ in ROWS if not happened.endswith(".")]


def test_each_case_is_prevented_and_has_a_test() -> None:
    assert [name for name, _, prevented in ROWS if not prevented.strip()] == []
    assert not {name for name, _, _ in ROWS} - marked()


def test_each_marked_test_belongs_to_a_case() -> None:
    assert not marked() - {name for name, _, _ in ROWS}


def test_only_markers_of_tests_are_found() -> None:
    marker = '@pytest.mark.finding("x")\n'
    assert list(findings(f"{marker}@other\ndef test_a() -> None: ...")) == ["x"]
    assert list(findings(f"{marker}def helper() -> None: ...")) == []
    assert list(findings(f"# {marker}def test_a() -> None: ...")) == []
