"""The processes of this machine, as anyone may see them."""

from collections.abc import Iterator
from pathlib import Path


def command_lines(name: str) -> Iterator[list[str]]:
    """Yield the command line of each process whose program has this name."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:  # it has ended
            continue
        if Path(words[0]).name == name:
            yield words
