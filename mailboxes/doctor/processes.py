"""The processes of this machine, as anyone may see them."""

from collections.abc import Iterator
from pathlib import Path


def command_lines(name: str) -> Iterator[list[str]]:
    """Yield the command line of each process of root's whose program has this name.

    Anyone can give this name to a process of their own.
    """
    for folder, words in processes(name):
        if is_of_root(folder):
            yield words


def is_of_root(folder: Path) -> bool:
    try:
        return folder.stat().st_uid == 0
    except OSError:  # it has ended
        return False


def are_visible() -> bool:
    """Say whether this process sees those of others: a unit with ProtectProc=invisible doesn't."""
    return Path("/proc/1").exists()


def processes(name: str) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folder in /proc and the command line; a container's processes are left out."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:  # it has ended
            continue
        if Path(words[0]).name == name and not is_in_container(path.parent):
            yield path.parent, words


def is_in_container(folder: Path) -> bool:
    """Say whether a process has another number in a namespace below ours."""
    try:
        status = folder.joinpath("status").read_text(errors="replace")
    except OSError:
        return False
    numbers = status.partition("\nNSpid:")[2].partition("\n")[0]
    return len(numbers.split()) > 1


def is_suspended(name: str) -> bool:
    """Say whether a process of this program has been stopped by a signal and waits to go on."""
    return any(state(folder) in ("T", "t") for folder, _words in processes(name))


def state(folder: Path) -> str:
    """Return the state of a process, as of proc(5); empty if it has ended."""
    try:
        return folder.joinpath("stat").read_text(errors="replace").rpartition(") ")[2][:1]
    except OSError:
        return ""
