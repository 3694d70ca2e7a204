"""Whether the daemons can use a file or a socket, and which part of its path keeps them out."""

import os
import shlex
from pathlib import Path, PurePosixPath

from mailboxes.doctor.examination import Examination
from mailboxes.doctor.words import last_line

# Perl and sh, since the user may not be able to enter the folder of the panel's Python.
CONNECT = "IO::Socket::UNIX->new(shift) or die qq($!\\n)"
ENTER = """
for folder; do [ -x "$folder" ] || { printf %s "$folder"; exit 1; }; done
"""


def refuses_postfix(examination: Examination, path: str) -> str:
    """Return what goes wrong when the user postfix connects to a socket; empty if nothing."""
    command = ["perl", "-MIO::Socket::UNIX", "-e", CONNECT, path]
    done = examination.access.run(command, user="postfix")
    if "/dev/null" in done.stderr:
        return ""  # Perl's own trouble; the hop of the lookups names it
    return (last_line(done.stderr) or "?") if done.status else ""


def closed(examination: Examination, user: str, path: str, groups: str = "--init-groups") -> str:
    """Return the part of a path that keeps a user out; empty if the user may use the file."""
    who = ["setpriv", f"--reuid={user}", f"--regid={user}", groups, "--"]
    folders = [str(folder) for folder in reversed(PurePosixPath(path).parents)]
    script = f"{ENTER}[ -r {shlex.quote(path)} ] || {{ printf %s {shlex.quote(path)}; exit 1; }}"
    done = examination.access.run([*who, "sh", "-c", script, "sh", *folders])
    return done.stdout if done.status == 1 else ""


def holder(path: str) -> tuple[str, str] | None:
    """Return a process that has locked a file against others, and its name, if it can be seen."""
    try:
        # With write-ahead logging, SQLite locks the second one.
        places = (Path(path), Path(f"{path}-shm"))
        locked = [place.stat() for place in places if place.exists()]
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if "WRITE" in words and "->" not in words:
                pid = words[words.index("WRITE") + 1]
                if has_open(Path("/proc", pid), locked):
                    return pid, Path("/proc", pid, "comm").read_text(errors="replace").strip()
    except OSError:  # it isn't to be seen, or has ended
        pass
    return None


def has_open(process: Path, files: list[os.stat_result]) -> bool:
    """Compare the files, not their paths: a file may have several, and a process its own root."""
    try:
        found = [link.stat() for link in process.glob("fd/*") if link.exists()]
    except OSError:  # it is another user's, or has ended
        return False
    return any(os.path.samestat(one, other) for one in found for other in files)
