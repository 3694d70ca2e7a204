"""Postfix's look-ups in the database, asked with `postmap -q` as Postfix asks them."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shlex import quote

from mailboxes.collations import alignment
from mailboxes.doctor import (
    mysql_accounts,
    paths,
    port_holders,
    postfix_causes,
    postfix_extras,
    postfix_services,
    postfix_tables,
    queue_folders,
    words,
)
from mailboxes.doctor.access import POSTFIX, TIMED_OUT, Output
from mailboxes.doctor.elsewhere import not_here
from mailboxes.doctor.examination import UNKNOWN, Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, working
from mailboxes.doctor.mysql_errors import UNREACHABLE
from mailboxes.doctor.processes import command_lines, is_suspended
from mailboxes.doctor.remedies import (
    APPLY_AND_RESTART,
    REPAIR_BEFORE,
    Remedy,
    grant,
    restart,
    restart_command,
    sql_client,
)
from mailboxes.export.files import MAPS
from mailboxes.texts import gettext as _

MAIN_CF = POSTFIX / "main.cf"
MASTER = ("--identifier=postfix/master", "--identifier=postfix")
"""What logs why Postfix doesn't start."""

COLLATIONS = "collations"
"""What a reason has that names those of two columns, which can be others for each file."""

FOLDER = Path("/etc/postfix/mailadmin")
PORTS = (25, 465, 587)
LIBRARY = re.compile(r"/(usr|lib)/[^\s:]+\.so[.\d]*")
REASON = re.compile(
    r"warning: connect to mysql server [^ ]*: (.*)|: query failed: (.*)|fatal: (.*)"
)


def examine(examination: Examination) -> Iterator[Finding]:
    if not examination.access.is_mail_host:
        yield not_here("maps")
        return
    missing = [name for name in MAPS if not (FOLDER / f"{name}.cf").exists()]
    if missing:
        seen = _("These files are missing in %(folder)s: %(names)s.")
        params = {"folder": FOLDER, "names": ", ".join(missing)}
        yield broken("maps.missing", seen % params, APPLY_AND_RESTART)
    if not examination.access.sees_all:
        yield not_checked("maps", _("Only root can try the lookups as the user postfix."))
        return
    stopped = not_running(examination)
    yield from queue_folders.examine()
    if stopped:
        yield stopped
    if stopped and (
        str(MAIN_CF) in stopped.detail or examination.access.run(["postconf", "-n"]).status
    ):
        seen = _("The lookups weren't tried, since Postfix can't read its files.")
        yield not_checked("maps.rest", seen)
        return
    if not stopped:
        yield from postfix_tables.examine(examination.access)
    failed = list(ask_all(examination, [name for name in MAPS if name not in missing]))
    yield from failed
    if not (failed or stopped):
        failed = list(ask_proxy(examination))
        yield from failed
    if not (missing or failed):
        yield working("maps", _("Postfix can look up domains, mailboxes, aliases and senders."))


def not_running(examination: Examination) -> Finding | None:
    if not list(command_lines("master")):
        if taken := taken_port(examination):
            return taken
        return why_stopped(examination)
    if is_suspended("master"):
        seen = _("Postfix's master process is suspended: somebody has sent it a stop signal.")
        return broken("maps.suspended", seen, restart(_("Restart it:"), "postfix"))
    return None


def why_stopped(examination: Examination) -> Finding:
    checked = examination.access.run(["postfix", "check"])
    said = list(map(words.quoted, checked.stderr.strip().splitlines()[-3:]))
    said = said or words.log(examination, MASTER, words.LATELY).splitlines()
    seen, remedy = _("Postfix isn't running."), restart(_("Start it:"), "postfix")
    if cause := postfix_causes.find(examination, said):
        seen, remedy = f"{seen} {cause.reason}", cause.remedy
    return broken("maps.stopped", seen, remedy, "\n".join(said))


def taken_port(examination: Examination) -> Finding | None:
    """Name a program that has one of Postfix's ports, without which Postfix doesn't start."""
    holder = port_holders.find(examination.access, PORTS, ("master", "smtpd"))
    if not holder:
        return None
    return broken("maps.port", holder.sentence("Postfix"), holder.stop("postfix"))


def ask_all(examination: Examination, names: list[str]) -> Iterator[Finding]:
    """Ask each map without the proxy, and group those that fail for the same reason."""
    engine = examination.host.database.engine
    places = [f"{engine}:{FOLDER / name}.cf" for name in names]
    if places and ask(examination, places[0]).status == TIMED_OUT:
        yield from no_answer(examination, names[0])
        return
    with ThreadPoolExecutor(max_workers=4) as pool:
        outputs = list(pool.map(lambda place: ask(examination, place), places))
    grouped: dict[str, list[str]] = {}
    reasons: dict[str, str] = {}
    for name, output in zip(names, outputs, strict=True):
        if failed(output):
            why = reason(output)
            kind = "" if "database" in examination.broken else re.sub(r"\d+", "", why)
            kind = COLLATIONS if COLLATIONS in why else kind
            reasons.setdefault(kind, why)
            grouped.setdefault(kind, []).append(f"{name}.cf")
    for kind, files in grouped.items():
        yield explain(examination, reasons[kind], files)


def no_answer(examination: Examination, name: str) -> Iterator[Finding]:
    """Say what a map that gives no answer means; each of the others would take as long."""
    if UNREACHABLE in examination.named and "database" not in examination.broken:
        seen = _(
            "postmap waits for database hosts that don't answer. Postfix itself then asks the "
            "others, and leaves out those for a minute."
        )
        yield not_checked("maps.timeout", seen)
        return
    yield explain(examination, _("no answer in time"), [f"{name}.cf"])
    seen = _("The other lookups weren't tried: each of them would wait as long.")
    yield not_checked("maps.rest", seen)


def ask_proxy(examination: Examination) -> Iterator[Finding]:
    """Ask one map through Postfix's proxy, which is the same for all."""
    place = f"proxy:{examination.host.database.engine}:{FOLDER / MAPS[0]}.cf"
    output = ask(examination, place)
    if not failed(output):
        return
    if output.status == TIMED_OUT:
        seen = _("Postfix's proxy for lookups (proxymap) gives no answer: it hangs.")
    else:
        seen = _("The files work, but Postfix's proxy for lookups (proxymap) fails: %(reason)s.")
    params = {"reason": reason(output)}
    log = words.log(examination, words.MAIL)
    remedy = restart(_("Restart Postfix:"), "postfix")
    extras = postfix_extras.find(examination) if "proxy_read_maps" in log else {}
    if "proxy_read_maps" in extras:
        remedy = postfix_extras.remedy({"proxy_read_maps": extras["proxy_read_maps"]})
    elif lacking := next(postfix_services.missing(examination.access), None):
        remedy = lacking.remedy
    elif changed := postfix_services.changed(examination.access):
        remedy = changed
    elif differing := postfix_extras.undone(examination):
        remedy = differing
    yield broken("maps.proxy", seen % params, remedy, log)


def ask(examination: Examination, place: str) -> Output:
    """Ask a map for a known address and an unknown one: a found one can hide a fault."""
    addresses = [UNKNOWN, *([examination.login.address] if examination.login else [])]
    question = "\n".join([*addresses, ""])
    return examination.access.run(["postmap", "-q", "-", place], question, "postfix")


def failed(output: Output) -> bool:
    """Say whether there was no answer; of a host that another one replaced, postmap only warns."""
    return output.status not in (0, 1) or "postmap: fatal" in output.stderr


def reason(output: Output) -> str:
    """Return why a map gave no answer, without the name of its file."""
    if output.status == TIMED_OUT:
        return _("no answer in time")
    found = [next(filter(None, each)) for each in REASON.findall(output.stderr)]
    why = words.quoted(found[0]) if found else words.last_line(output.stderr)
    why = re.sub(rf"{FOLDER}/[a-z_]+\.cf", "FILE", why).partition(" for query '")[0]
    return why.rstrip("?. ")


def explain(examination: Examination, why: str, files: list[str]) -> Finding:
    """Say what helps against a reason."""
    seen = _("Postfix can't look anything up with %(files)s in %(folder)s: %(reason)s.")
    if len(files) == len(MAPS):
        seen = _("Postfix can't look anything up with any file in %(folder)s: %(reason)s.")
    code, remedy = "maps.other", APPLY_AND_RESTART
    is_broken_before = "database" in examination.broken
    if "unsupported dictionary type" in why:
        code, remedy = "maps.package", install(examination)
    elif "Permission denied" in why:
        code, remedy = "maps.permission", open_configuration(examination, why)
    elif "command denied" in why:
        code, remedy = "maps.grant", grant(examination.host, examination.host.database.hosts[0])
    elif "resource" in why and "exceeded" in why:
        host = examination.host
        code = "maps.connections"
        remedy = mysql_accounts.lift(host, host.database.hosts[0], host.lookup.user, why)
    elif COLLATIONS in why:
        code, remedy = "maps.collation", collation(examination)
    elif is_broken_before:
        code, remedy = "maps.database", REPAIR_BEFORE
    elif len(files) == len(MAPS):
        code = "maps.files"
        seen = _(
            "Postfix can't look anything up with any file in %(folder)s: %(reason)s. The account "
            "in .env works, so the files probably contain something else."
        )
    params = {"files": ", ".join(files), "folder": FOLDER, "reason": why}
    return broken(code, seen % params, remedy)


def open_configuration(examination: Examination, why: str) -> Remedy:
    """Let Postfix read a library, or enter its folder and read main.cf again; `apply` changes only
    our own files.
    """
    library = LIBRARY.search(why)
    closed = library[0] if library else paths.closed(examination, "postfix", str(MAIN_CF))
    if not closed:
        return APPLY_AND_RESTART
    advice = _("All users must be able to read this: Postfix's programs run as the user postfix:")
    return Remedy(advice, f"chmod a+rX {quote(closed)} && {restart_command('postfix')}")


def install(examination: Examination) -> Remedy:
    package = f"postfix-{examination.host.database.engine}"
    command = f"apt-get install --reinstall {package} && {restart_command('postfix')}"
    return Remedy(_("Install the package that is missing, then restart Postfix:"), command)


def collation(examination: Examination) -> Remedy:
    advice = _("Give the columns that are compared with each other one collation again:")
    database = examination.host.database
    statements = quote("".join(f"{statement};" for statement in alignment()))
    client = f"{sql_client(database.hosts[0])} {quote(database.name)}"
    return Remedy(advice, f"{client} --execute={statements} && {restart_command('postfix')}")
