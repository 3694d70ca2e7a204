"""Dovecot's settings, with the file and the lines that set each, in the order of reading."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CONFIGURATION = Path("/etc/dovecot/dovecot.conf")
MAX_FILES = 200
"""A file that includes itself would never end."""

INCLUDE = re.compile(r"!include(_try)?\s+(?P<path>\S.*)")
COMMENT = re.compile(r"\s#.*")
AFTER_QUOTES = re.compile(r"""(?<=["'])\s+#[^"']*$""")
"""Within quotes, the number sign is one like any other."""


@dataclass(frozen=True)
class Setting:
    """A line `name = value`, or the head of a block, which has no value."""

    blocks: tuple[str, ...]
    """The heads of the blocks around it, such as `service auth`."""

    name: str
    value: str
    file: Path
    first: int
    last: int
    """Its lines in the file; of a block, all lines up to the brace that closes it."""

    is_block: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        return (*self.blocks, self.name)

    @property
    def title(self) -> str:
        """Return its name as Dovecot writes it in messages."""
        return "/".join(self.key)

    @property
    def place(self) -> str:
        return f"{self.file}:{self.first}"


@dataclass(frozen=True)
class Changes:
    """What the administrator's files set otherwise than the panel's and Debian's."""

    undone: list[tuple[Setting, str]] = field(default_factory=list)
    """What wins against a setting of the panel's, with the value that it should have."""

    added: list[Setting] = field(default_factory=list)
    """What neither has, and which may be the cause if something doesn't work."""

    of_plugins: list[Setting] = field(default_factory=list)
    """The same of folders, quotas and filters: the cause only if nothing else is."""

    @property
    def concern_storage(self) -> bool:
        settings = [*(setting for setting, _wanted in self.undone), *self.added]
        return any(setting.name.startswith(("mail", "location")) for setting in settings)


def read(path: Path) -> list[Setting]:
    """Return the settings of a file and of all that it includes; what can't be read is left out."""
    return list(Reader().file(path, ()))


class Reader:
    def __init__(self) -> None:
        self.count = 0

    def file(self, path: Path, blocks: tuple[str, ...]) -> Iterator[Setting]:
        self.count += 1
        try:
            text = path.read_text(errors="replace") if self.count <= MAX_FILES else ""
        except OSError:
            return
        opened: list[tuple[str, int]] = []
        for first, last, line in logical_lines(text):
            around = (*blocks, *(head for head, _line in opened))
            if included := INCLUDE.fullmatch(line):
                for found in expand(path.parent, included["path"].strip("\"'")):
                    yield from self.file(found, around)
            elif line.endswith("{"):
                opened.append((" ".join(line[:-1].replace("=", " ").split()), first))
            elif line == "}" and opened:
                head, start = opened.pop()
                around = (*blocks, *(each for each, _line in opened))
                yield Setting(around, head, "", path, start, last, is_block=True)
            elif "=" in line:
                name, _sign, value = line.partition("=")
                yield Setting(around, name.strip(), normal(value), path, first, last)


def logical_lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield each line that says something, with its numbers; a backslash continues it."""
    first, begun = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#"):
            continue
        stripped = without_comment(stripped)
        first = first or number
        if stripped.endswith("\\"):
            begun += stripped[:-1] + " "
            continue
        whole = (begun + stripped).strip()
        if whole:
            yield first, number, whole
        first, begun = 0, ""


def without_comment(line: str) -> str:
    if any(quote in line for quote in "\"'"):
        return AFTER_QUOTES.sub("", line)
    return COMMENT.sub("", line)


def normal(value: str) -> str:
    text = " ".join(value.split())
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text


def expand(folder: Path, pattern: str) -> list[Path]:
    """Return the files that an `!include` names, as glob(3) does."""
    root = Path("/") if pattern.startswith("/") else folder
    try:
        return sorted(root.glob(pattern.lstrip("/")))
    except (OSError, ValueError):
        return []
