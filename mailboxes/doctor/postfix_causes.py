"""Why Postfix, or a daemon of it, ends: what its fatal errors say about its files."""

import os
import re
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from mailboxes.doctor import postfix_extras, words
from mailboxes.doctor.access import POSTFIX
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.texts import gettext as _

FATAL = re.compile(r"(?:[^\[\]]*\[\d+\]: |\S+: )?fatal: (?P<why>.*)")
"""A line of Postfix's own; clients choose parts of others."""

SETTINGS = re.compile(
    r"(?:file /etc/postfix/main\.cf: )?"
    r"(?:bad [a-z ]+ configuration: (?P<bad>\w+) = |parameter (?P<parameter>\w+): )"
)
PROGRAM = re.compile(r"exec (?P<path>/\S+): Permission denied")
LINE = re.compile(r"/etc/postfix/(?P<file>main|master)\.cf(?:,|:) line (?P<line>\d+): ")
NO_QUEUE = re.compile(r"chdir\(/\S+\): No such file or directory")
ANY = re.compile("")
FOLDER = re.compile(r"_(directory|path)$")
MAX_LINES = 30
FATAL_PRIORITY = "crit"
"""There can be a thousand warnings of clients in between."""

RESTART = restart_command("postfix")


class Cause(NamedTuple):
    reason: str
    """A sentence."""

    remedy: Remedy
    setting: str = ""
    """Its name; without one, a line is no setting."""

    program: str = ""
    """The path of a program that can't be run."""


def find(examination: Examination, said: list[str]) -> Cause | None:
    """Return what the newest fatal error means, if it names a setting or a line."""
    for fatal in filter(None, map(FATAL.match, reversed(said))):
        why = fatal["why"]
        reason = _("It says: %(line)s.") % {"line": why.rstrip(".…")}
        if (found := PROGRAM.search(why)) and is_closed(found["path"]):
            return Cause(reason, let_run(found["path"]), program=found["path"])
        if found := SETTINGS.match(why):
            name = found["bad"] or found["parameter"]
            return Cause(reason, reset(examination, name), name)
        if found := LINE.search(why):
            return Cause(reason, comment_out(found["file"], found["line"]))
        if NO_QUEUE.match(why):
            name = "queue_directory"
            return Cause(reason, reset(examination, name), name)
        if name := set_here(examination, why):
            return Cause(reason, reset(examination, name), name)
    return None


def set_here(examination: Examination, why: str) -> str:
    """Return a setting that a message names, or whose folder, and that is an administrator's own:
    a message may be older than what has mended it. Of several, one of the panel's comes first.
    """
    found = postfix_extras.find(examination, ANY)
    differing = postfix_extras.undone(examination)
    command = differing.command if differing else ""
    words = re.findall(r"\w+_\w+", why)
    undone = [word for word in words if f"{word} = " in command]
    named = [*undone, *(word for word in words if word in found)]
    folders = [
        name for name, value in found.items() if FOLDER.search(name) and f"{value}/" in f"{why}/"
    ]
    return next(iter((*named, *folders)), "")


def lately(examination: Examination) -> Cause | None:
    """Do so with the log, whose errors may have been mended since: one that fails isn't tried."""
    lines = words.log(examination, words.MAIL, words.LATELY, MAX_LINES, FATAL_PRIORITY)
    cause = find(examination, lines.splitlines())
    return cause if cause and is_current(examination, cause) else None


def is_current(examination: Examination, cause: Cause) -> bool:
    if cause.program:
        return is_closed(cause.program)
    if cause.setting:
        return bool(examination.access.run(["postconf", "-n", cause.setting]).stdout.strip())
    commands = (["postconf", "-n"], ["postconf", "-M"])
    return any(examination.access.run(command).status for command in commands)


def is_closed(path: str) -> bool:
    """Say whether nobody may run a program that is there."""
    return Path(path).is_file() and not os.access(path, os.X_OK)


def let_run(path: str) -> Remedy:
    advice = _("Let all users run this program again, then restart Postfix:")
    return Remedy(advice, f"chmod a+rx {quote(path)} && {RESTART}")


def reset(examination: Examination, name: str) -> Remedy:
    """Give a setting the exported value again, or else Postfix's own."""
    remedy = postfix_extras.undone(examination)
    if remedy and f"{name} = " in remedy.command:
        return remedy
    advice = _(
        "Remove this setting, which Postfix can't read, or correct it. Then restart Postfix:"
    )
    return Remedy(advice, f"postconf -X {quote(name)} && {RESTART}")


def comment_out(file: str, line: str) -> Remedy:
    path = POSTFIX / f"{file}.cf"
    advice = _("Correct this line, or comment it out. Then restart Postfix:")
    return Remedy(advice, f"sed -i '{line}s/^/#/' {path} && {RESTART}")
