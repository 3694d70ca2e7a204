"""Postfix's look-ups in the database, asked with `postmap -q` as Postfix asks them."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from mailboxes.doctor.access import TIMED_OUT, Output
from mailboxes.doctor.examination import UNKNOWN, Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, working
from mailboxes.doctor.remedies import APPLY, APPLY_AND_RESTART, GRANT, START_DATABASE, Remedy
from mailboxes.export.files import MAPS

FOLDER = Path("/etc/postfix/mailadmin")
REASON = re.compile(
    r"warning: connect to mysql server [^ ]*: (.*)|: query failed: (.*)|fatal: (.*)"
)


def examine(examination: Examination) -> Iterator[Finding]:
    if not examination.access.is_mail_host:
        yield not_checked("maps", _("Postfix isn't on this machine."))
        return
    missing = [name for name in MAPS if not (FOLDER / f"{name}.cf").exists()]
    if missing:
        seen = _("These files are missing in %(folder)s: %(names)s.")
        params = {"folder": FOLDER, "names": ", ".join(missing)}
        yield broken("maps.missing", seen % params, APPLY)
    if not examination.access.sees_all:
        yield not_checked("maps", _("Only root can ask as Postfix's user."))
        return
    for name in MAPS:
        if name not in missing and (finding := ask(examination, name)):
            yield finding
            return
    if not missing:
        seen = _("Postfix can look up domains, mailboxes, aliases and senders.")
        yield working("maps", seen)


def ask(examination: Examination, name: str) -> Finding | None:
    """Ask one map for a known address and an unknown one: a found one can hide a fault."""
    addresses = [UNKNOWN, *([examination.login.address] if examination.login else [])]
    kind, path = examination.host.database.engine, FOLDER / f"{name}.cf"
    for place in (f"{kind}:{path}", f"proxy:{kind}:{path}"):
        done = examination.access.run(
            ["postmap", "-q", "-", place], "\n".join([*addresses, ""]), "postfix"
        )
        if finding := explain(path, done):
            return finding
        if name != MAPS[0]:
            break  # the proxy itself is the same for all
    return None


def explain(path: Path, done: Output) -> Finding | None:
    """Say why a map gave no answer, and what helps; None if it did."""
    if done.status in (0, 1) and "warning" not in done.stderr and "fatal" not in done.stderr:
        return None
    reason = _("no answer in time")
    if done.status != TIMED_OUT:
        found = [next(filter(None, each)) for each in REASON.findall(done.stderr)]
        reason = found[0] if found else done.stderr.strip().rpartition("\n")[2]
    seen = _("Postfix can't look anything up with %(path)s: %(reason)s.")
    code, remedy = "maps.other", APPLY_AND_RESTART
    if "unsupported dictionary type" in done.stderr:
        package = "postfix-mysql" if "mysql" in reason else "postfix-sqlite"
        command = f"apt-get install {package} && systemctl restart postfix"
        code = "maps.package"
        remedy = Remedy(_("Install the package that is missing, then restart Postfix:"), command)
    elif "Permission denied" in done.stderr:
        code = "maps.permission"
    elif "denied" in reason:
        code, remedy = "maps.grant", GRANT
    elif "collations" in reason:
        code = "maps.collation"
    elif "Can't connect" in reason or done.status == TIMED_OUT:
        code, remedy = "maps.database", START_DATABASE
    params = {"path": path, "reason": reason.strip().rstrip(".")}
    return broken(code, seen % params, remedy)
