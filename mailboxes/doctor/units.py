"""The daemons' units of systemd: masked ones, and what an administrator has set for them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote

from mailboxes.deployment.states import State
from mailboxes.doctor.access import Access
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.texts import gettext as _

ADMINISTRATORS = ("/etc/systemd/", "/run/systemd/system/")
PACKAGES = Path("/usr/lib/systemd/system")
OURS = "mailadmin.conf"
"""The file that the bundle adds to a unit; the hop that compares files examines it."""

SETTING = re.compile(
    r"(Private|Protect|ReadOnly|ReadWrite|Inaccessible|Restrict|Limit|Memory|Tasks|CPU|User|Group"
    r"|Capabilit|Ambient|SystemCall|NoNew|NoExec|IPAddress|Socket|Root|Exec|Dynamic|UMask|Bind"
    r"|Temporary|Type|KillMode|Environment|PAMName|AppArmor|Supplementary)\w*\s*="
)
"""What can keep a daemon from its work, unlike when it is started, and what is done afterwards."""

RESTARTED = re.compile(r"systemctl restart ([\w@ -]+)")
SERVICES = {
    "v1": {"saslauthd": ("saslauthd",), "maps": ("postfix",), "ports": ("saslauthd", "postfix")},
    "v2": {"dovecot": ("dovecot",), "maps": ("postfix",), "ports": ("dovecot", "postfix")},
}
INSTANCE = "postfix@-"
"""In Debian 12, this one runs Postfix, and postfix.service only starts it."""


def explain(examination: Examination, hop: str, findings: list[Finding]) -> list[Finding]:
    """Return what is broken with commands that start masked units, and with what they restrict."""
    access = examination.access
    named = SERVICES[examination.host.variant.name].get("ports" if hop == "delivery" else hop, ())
    if not access.sees_all or all(each.state != State.BROKEN for each in findings):
        return findings
    units = list(show(access, [*named, *restarted(findings)]))
    masked = {unit["Id"].removesuffix(".service") for unit in units if is_masked(unit)}
    found = [unmasked(finding, masked) for finding in findings]
    if examination.is_broken_before:
        return found  # what restricts a daemon has been named with the first hop that fails
    return [*restrictions(hop, named, units), *found]


def restarted(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        for match in RESTARTED.finditer(finding.remedy.command):
            yield from match[1].split()


def show(access: Access, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Return the properties of each unit, once."""
    wanted = dict.fromkeys([*names, *([INSTANCE] if "postfix" in names else [])])
    command = ["systemctl", "show", "--property=Id,LoadState,FragmentPath,DropInPaths"]
    text = access.run([*command, *(f"{name}.service" for name in wanted)]).stdout if wanted else ""
    for block in text.split("\n\n"):
        found = dict(line.partition("=")[::2] for line in block.splitlines())
        if "Id" in found:
            yield found


def is_masked(unit: dict[str, str]) -> bool:
    return unit.get("LoadState") == "masked"


def unmasked(finding: Finding, masked: set[str]) -> Finding:
    """Return a finding whose command also starts what is masked."""
    command = finding.remedy.command
    names = [name for name in sorted(masked) if name in restarted([finding])]
    if not names:
        return finding
    command = command.replace(
        "systemctl restart", f"systemctl unmask {' '.join(names)} && systemctl restart", 1
    )
    return replace(finding, remedy=finding.remedy._replace(command=command))


def restrictions(hop: str, names: Sequence[str], units: list[dict[str, str]]) -> Iterator[Finding]:
    """Name the administrator's files that restrict a daemon of a hop that doesn't work."""
    files = {}
    for unit in units:
        name = unit["Id"].removesuffix(".service")
        if name not in (*names, INSTANCE):
            continue
        for path in [*unit.get("DropInPaths", "").split(), *replacing(unit)]:
            if lines := settings(Path(path)):
                files[path] = lines
    if not files:
        return
    seen = _("Files of systemd change how these daemons are run: %(names)s.")
    moved = " && ".join(f"mv {quote(path)} {quote(path)}.off" for path in files)
    advice = _(
        "If you don't need these settings, turn them off first. systemd doesn't read files whose "
        "names end in .off:"
    )
    again = restart_command(*dict.fromkeys([*names, "postfix"]))
    if "saslauthd" in names:  # its unit doesn't end workers that hang
        again = f"systemctl kill --signal=KILL saslauthd; {again}"
    remedy = Remedy(advice, f"{moved} && systemctl daemon-reload && {again}")
    lines = [f"{path}: {line}" for path, found in files.items() for line in found]
    yield broken(f"{hop}.units", seen % {"names": ", ".join(names)}, remedy, "\n".join(lines))


def replacing(unit: dict[str, str]) -> list[str]:
    """Return the path of a unit that takes the place of the package's, if that is there."""
    path = Path(unit.get("FragmentPath", "/"))
    packaged = PACKAGES / path.name
    return [str(path)] if path != packaged and packaged.is_file() else []


def settings(path: Path) -> list[str]:
    """Return the lines of an administrator's file that can keep a daemon from its work.

    Of a file that takes the place of the package's, these are only the lines that differ.
    """
    if not str(path).startswith(ADMINISTRATORS) or path.name == OURS:
        return []
    try:
        lines = path.read_text(errors="replace").splitlines()
        packaged = PACKAGES / path.name
        known = packaged.read_text(errors="replace").splitlines() if packaged.is_file() else []
    except OSError:
        return []
    added = [line.strip() for line in lines if line not in known]
    return [line for line in added if SETTING.match(line)]
