"""The files that Dovecot logs to if its settings name any, instead of the journal."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from mailboxes.doctor.dovecot_files import CONFIGURATION, read

SETTINGS = ("log_path", "info_log_path")
FAILED = re.compile(r"\b(Fatal|Error|Panic|Warning): ")
DATE = r"[A-Z][a-z]{2} [ \d]\d |\d{4}-\d\d-\d\d[ T]"
LINE = re.compile(rf"(?P<time>(?:{DATE})\d\d:\d\d:\d\d)\S* (?P<said>.+)")
"""As Dovecot writes it unless log_timestamp is changed, or with the time as of ISO 8601."""

LOCAL_TIME = Path("/etc/localtime")
"""The zone of the daemons; that of the panel can be another one."""

MAX_BYTES = 200_000


def failures(since: float) -> Iterator[tuple[str, str]]:
    """Yield what has failed since then, in seconds since 1970, and the whole line."""
    zone = local_zone()
    for path in files():
        for line in end_of(path, since):
            found = LINE.match(line)
            if found and FAILED.search(found["said"]) and seconds(found["time"], zone) >= since:
                yield found["said"], line


def files() -> list[Path]:
    """Return the files that are named outside of blocks; syslog and stderr are none."""
    settings = [each for each in read(CONFIGURATION) if not each.blocks]
    named = {each.name: each.value for each in settings if each.name in SETTINGS}
    return [Path(value) for value in dict.fromkeys(named.values()) if value.startswith("/")]


def end_of(path: Path, since: float) -> list[str]:
    """Return the last lines of a file, if it has been written to since then."""
    try:
        if not path.is_file() or path.stat().st_mtime < since:
            return []
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - MAX_BYTES))
            return file.read(MAX_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return []


def seconds(text: str, zone: tzinfo) -> float:
    """Return when a line was written; 0 if that is no time. It may leave out the year."""
    try:
        if text[0].isdigit():
            return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
        now = datetime.now(zone)
        found = datetime.strptime(f"{now.year} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=zone)
        if found > now + timedelta(days=1):
            found = found.replace(year=now.year - 1)
    except ValueError:
        return 0
    return found.timestamp()


def local_zone() -> tzinfo:
    try:
        with LOCAL_TIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC
