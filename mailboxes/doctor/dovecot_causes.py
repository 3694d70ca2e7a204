"""Why Dovecot doesn't do its work, as the newest lines of its own log say."""

import re
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from mailboxes.doctor import (
    dovecot_certificate,
    dovecot_log,
    dovecot_resort,
    dovecot_settings,
    mail_folder,
    packages,
    port_holders,
    words,
)
from mailboxes.doctor.dovecot_files import Setting
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import (
    APPLY_AND_RESTART_BOTH,
    REPAIR_BEFORE,
    Remedy,
    grant,
    restart_command,
)
from mailboxes.texts import gettext as _

Found = re.Match[str]
START = ["systemctl", "show", "--timestamp=unix", "--property=InactiveExitTimestamp", "--value"]
MAX_LINES, MAX_READ = 3, 500
UNPREFIXED = re.compile(r" dovecot\[\d+\]: [A-Z]")
"""What it says before it knows where to log: no name of a process and no word like Error."""

NOISE = (
    "Killed with signal",
    "Shutting down logging",
    "reloading configuration",
    "throttling for",
    "is not running",
)
OURS = "mailadmin"
"""What the names of our files contain."""

SYSTEM_ACCOUNTS = ("dovecot", "dovenull")
"""Debian's packages create these users and groups."""

CONFIGURATION_LINE = re.compile(
    r"in configuration file:? (?P<path>/etc/dovecot/\S+?):? line (?P<line>\d+): (?P<why>.+)"
)
STOCK_PAIR = "10-ssl.conf"
"""Debian's file with the main certificate."""

OTHER_PAIR = re.compile(r"\((ssl_(?!cert |key |server_cert_file |server_key_file )\w+) setting\)")
"""Another certificate than the main one, which Debian's files set."""

SERVICES = ("dovecot", "postfix")
RESTART = restart_command(*SERVICES)


class Cause(NamedTuple):
    reason: str
    """A sentence."""

    remedy: Remedy


def explain(examination: Examination, code: str, seen: str) -> Finding:
    """Say what is broken, why according to the log, and what helps against that."""
    log = lines(examination)
    if "database" in examination.broken:
        return broken(code, seen, REPAIR_BEFORE, shown(log))
    cause = find(examination, log) or Cause(sentence(log), dovecot_resort.remedy(examination))
    text = f"{seen.rstrip('.')}. {cause.reason}" if cause.reason else seen
    return broken(code, text, cause.remedy, shown(log))


def lines(examination: Examination) -> list[str]:
    """Return what Dovecot has reported since its last start, or at least lately."""
    if not examination.access.sees_all:
        return []
    started = examination.access.run([*START, "dovecot"]).stdout.strip()
    since = max(started, f"@{examination.began - words.LATELY_SECONDS}")
    journal = words.journal(examination, since, MAX_READ, "--unit=dovecot")
    logged = [(line.partition("]: ")[2], line) for line in journal]
    found: dict[str, str] = {}
    for text, line in (*logged, *dovecot_log.failures(int(since.lstrip("@")))):
        said = text.removeprefix("master: ")
        if (dovecot_log.FAILED.search(said) or UNPREFIXED.search(line)) and not any(
            sign in said for sign in NOISE
        ):
            found.pop(said, None)
            found[said] = line
    return [words.quoted(words.without_secrets(examination, line)) for line in found.values()]


def find(examination: Examination, log: list[str]) -> Cause | None:
    """Return what the newest line means that names a cause."""
    for line in reversed(log):
        for sign, explained in CAUSES:
            if found := sign.search(line):
                return explained(examination, found)
    return None


def sentence(log: list[str]) -> str:
    """Return what the newest line says, as a sentence."""
    if not log:
        return ""
    said = log[-1].partition("]: ")[2].rstrip(".…")
    return _("Its log says: %(line)s.") % {"line": said}


def shown(log: list[str]) -> str:
    return "\n".join(log[-MAX_LINES:])


def bad_line(examination: Examination, found: Found) -> Cause:
    params = {"path": found["path"], "line": found["line"], "reason": found["why"].rstrip(".")}
    reason = _("Line %(line)s of %(path)s is wrong: %(reason)s.") % params
    return Cause(reason, correct(found["path"], found["line"]))


def correct(path: str, line: str) -> Remedy:
    """Comment out a line that isn't the panel's."""
    if OURS in path:
        return APPLY_AND_RESTART_BOTH
    advice = _("Correct this line, or comment it out, then restart Dovecot and Postfix:")
    return Remedy(advice, f"sed -i '{line}s/^/#/' {quote(path)} && {RESTART}")


def correct_settings(settings: list[Setting]) -> Remedy:
    advice = _("Correct this setting, or comment it out, then restart Dovecot and Postfix:")
    return Remedy(advice, f"{dovecot_settings.comment_out(settings)} && {RESTART}")


def missing_file(examination: Examination, found: Found) -> Cause:
    path = found["path"]
    reason = _("The file %(path)s is missing.") % {"path": path}
    if name := packages.owner(examination, path):
        return Cause(reason, packages.install([name], *SERVICES))
    if OURS in path:
        return Cause(reason, APPLY_AND_RESTART_BOTH)
    advice = _(
        "Put it back, or comment out the lines that name it, then restart Dovecot and Postfix:"
    )
    settings = dovecot_settings.naming(path)
    command = f"{dovecot_settings.comment_out(settings)} && {RESTART}" if settings else RESTART
    return Cause(reason, Remedy(advice, command))


def missing_path(examination: Examination, found: Found) -> Cause:
    """Comment out the settings that name a path which isn't there, or can't be used."""
    path = found["path"]
    reason = _("Dovecot can't use %(path)s.") % {"path": path}
    if not (settings := dovecot_settings.naming(path)):
        return Cause(sentence([found.string]), dovecot_resort.remedy(examination))
    return Cause(reason, correct_settings(settings))


def missing_account(examination: Examination, found: Found) -> Cause:
    """Create a system user or a group again, unless only an administrator's setting names it."""
    kind, name = found["kind"].lower(), found["name"]
    reason = _("There is no user %(name)s, which Dovecot needs.") % {"name": name}
    if kind == "group":
        reason = _("There is no group %(name)s, which Dovecot needs.") % {"name": name}
    if settings := dovecot_settings.naming(name):
        return Cause(reason, correct_settings(settings))
    if name not in SYSTEM_ACCOUNTS:
        return Cause(reason, APPLY_AND_RESTART_BOTH)
    command = f"addgroup --system {name}"
    if kind != "group":
        command = f"adduser --system --group --no-create-home --home /nonexistent {name}"
    advice = _("Create it again as Debian's package does, then restart Dovecot and Postfix:")
    return Cause(reason, Remedy(advice, f"{command} && {RESTART}"))


def no_driver(examination: Examination, found: Found) -> Cause:
    name = packages.wanted(examination.host, "dovecot")[-1]
    reason = _("Dovecot lacks the driver of the database, which is in the package %(name)s.")
    return Cause(reason % {"name": name}, packages.install([name], *SERVICES))


def closed_file(examination: Examination, found: Found) -> Cause:
    path, host = found["path"], examination.host
    reason = _("Dovecot has no right to use %(path)s.") % {"path": path}
    if path.startswith(f"{host.home}/"):
        return Cause(reason, mail_folder.own_folder(host))
    if OURS not in path and path.startswith("/etc/dovecot/conf.d/") and Path(path).exists():
        return Cause(reason, Remedy(_("Let it read the file:"), f"chmod a+r {path} && {RESTART}"))
    if path.startswith("/run/"):  # a socket, whose mode its settings give
        return Cause(reason, dovecot_resort.remedy(examination))
    return Cause(reason, APPLY_AND_RESTART_BOTH)


def used_port(examination: Examination, found: Found) -> Cause:
    port = int(found["port"])
    holder = port_holders.find(examination.access, [port], ())
    if holder:
        return Cause(holder.sentence("Dovecot"), holder.stop(*SERVICES))
    reason = _("Another program was using port %(port)s.") % {"port": port}
    advice = _("It seems to have ended. Restart Dovecot and Postfix:")
    return Cause(reason, Remedy(advice, RESTART))


def other_account(examination: Examination, found: Found) -> Cause:
    reason = _(
        "The database refuses the account in Dovecot's files: its name or its password differs "
        "from .env."
    )
    remedy = dovecot_resort.remedy(examination)
    if remedy != APPLY_AND_RESTART_BOTH:  # another user than the files' is used
        reason = sentence([found.string])
    return Cause(reason, remedy)


def no_right(examination: Examination, found: Found) -> Cause:
    reason = _("The database doesn't allow Dovecot's account what it needs: %(error)s.")
    place = examination.host.database.hosts[0]
    return Cause(reason % {"error": found[0].rstrip(".…")}, grant(examination.host, place))


def no_passwords(examination: Examination, found: Found) -> Cause:
    reason = _("None of the files that Dovecot reads sets a passdb; the panel's does.")
    return Cause(reason, APPLY_AND_RESTART_BOTH)


def of_pair(name: str) -> list[Setting]:
    """Return an administrator's settings of a further certificate and its key."""
    names = {name, name.replace("_key", "_cert"), name.replace("_cert", "_key")}
    return [each for name in sorted(names) for each in dovecot_settings.naming(name)]


def no_certificate(examination: Examination, found: Found) -> Cause:
    reason = _("Dovecot can't use its certificate or its key: %(reason)s.")
    said = found[0].partition(": user=")[0].partition(", rip=")[0].rstrip(".…")
    line = CONFIGURATION_LINE.search(found.string)
    if line and OURS not in line["path"] and Path(line["path"]).name != STOCK_PAIR:
        return bad_line(examination, line)
    named = OTHER_PAIR.search(found.string)
    if named and (settings := of_pair(named[1])):
        return Cause(reason % {"reason": said}, correct_settings(settings))
    remedy = dovecot_certificate.remedy(examination, found[0])
    return Cause(reason % {"reason": said}, remedy)


CAUSES: tuple[tuple[re.Pattern[str], Callable[[Examination, Found], Cause]], ...] = (
    (re.compile(r"(?P<kind>[Gg]roup|[Uu]ser) doesn't exist: (?P<name>[\w.-]+)"), missing_account),
    (re.compile(r"(Can't load SSL|ssl(_server)?_(cert|key)).*"), no_certificate),
    (CONFIGURATION_LINE, bad_line),
    (re.compile(r"listen\(.*?(?P<port>\d+)\) failed: Address already in use"), used_port),
    (re.compile(r"Unknown database driver"), no_driver),
    (re.compile(r"[A-Z][A-Z, ]+ command denied .*"), no_right),
    (re.compile(r"Access denied for user"), other_account),
    (re.compile(r"No passdbs specified"), no_passwords),
    (re.compile(r"\((?P<path>/etc/\S+?|/usr/\S+?)\) failed: No such file"), missing_file),
    (re.compile(r"(?P<path>/[\w./+-]+)\S* .*?Permission denied"), closed_file),
    (re.compile(r"(?P<path>/[\w./+-]+)\S*:? .*?(No such file|Not a directory)"), missing_path),
)
"""Of these signs, the first that a line has is the line's."""
