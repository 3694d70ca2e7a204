"""Settings of Postfix that neither the panel nor Debian has, and that can stop a port."""

import re
import shlex
from pathlib import Path

from django.db import DatabaseError

from mailboxes.doctor.access import KEPT, is_there
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.postfix_settings import (
    INTERNAL,
    MAIN,
    MASTER,
    PORT_25,
    assignments,
    check_main,
    exported_options,
)
from mailboxes.doctor.remedies import APPLY_COMMAND, Remedy, restart_command
from mailboxes.doctor.words import quoted
from mailboxes.errors import Refused
from mailboxes.export.render import render_bundle
from mailboxes.texts import gettext as _
from mailboxes.texts import join

DEBIANS = {
    *("smtpd_banner", "smtpd_tls_session_cache_database", "smtpd_tls_CApath"),
    *("smtpd_tls_cert_file", "smtpd_tls_key_file", "smtpd_use_tls"),
    "smtpd_tls_security_level",
    "cyrus_sasl_config_path",
    *("alias_maps", "alias_database", "append_dot_mydomain", "biff", "compatibility_level"),
    *("inet_interfaces", "inet_protocols", "mailbox_size_limit", "readme_directory"),
    *("mydestination", "myhostname", "mynetworks", "myorigin", "recipient_delimiter"),
    *("relayhost", "smtp_tls_CApath", "smtp_tls_security_level"),
    "smtp_tls_session_cache_database",
}
INCOMING = re.compile(
    r"smtpd_|tls_|postscreen_|proxy_(read|write)_maps|non_smtpd_milters|milter_|content_filter"
    r"|receive_override_options|default_process_limit|queue_minfree|cyrus_sasl_|strict_"
    r"|virtual_|relay_|command_directory|daemon_directory|data_directory|queue_directory"
)
"""What can concern mail that comes in, and signing in."""

DELIVERY = re.compile(
    rf"{INCOMING.pattern}|.*_checks$|lmtp_|default_|.*_maps$|.*_limit$|.*_transport$|.*_service_name$"
    r"|defer_transports|soft_bounce|command_|local_|qmgr_|.*_delay$|.*_time$|.*_lifetime$"
)
"""What can keep a message that has come in from its mailbox."""

STOCK = Path("/usr/share/postfix/main.cf.debian")
SECRET = re.compile(r"pass|secret|mysql:|pgsql:|ldap:", re.IGNORECASE)
MAX_NAMED = 5


def find(examination: Examination, concerned: re.Pattern[str] = INCOMING) -> dict[str, str]:
    """Return the values, by the name as postconf takes it; nothing of a host that keeps its own."""
    access = examination.access
    if not access.sees_all or is_there(KEPT):
        return {}
    try:
        texts = {file.path: file.text for file in render_bundle(examination.host)}
    except (Refused, DatabaseError):
        return {}  # the hop drift says why
    exported = assignments(texts[MAIN].splitlines())
    here = assignments(access.run(["postconf", "-n"]).stdout.splitlines())
    listed = access.run(["postconf", "-M"]).stdout.splitlines()
    services = {"/".join(line.split()[:2]) for line in listed}
    options = assignments(access.run(["postconf", "-P"]).stdout.splitlines())
    ours = exported_options(texts[MASTER], services)
    return {
        **extra_settings(here, exported, concerned),
        **extra_options(options, ours),
        **process_limits(access.run(["postconf", "-F"]).stdout.splitlines(), ours),
    }


def undone(examination: Examination) -> Remedy | None:
    """Return what sets the panel's own settings again, if main.cf has other ones."""
    if not examination.access.sees_all:
        return None
    try:
        text = next(file.text for file in render_bundle(examination.host) if file.path == MAIN)
    except (Refused, DatabaseError):
        return None
    exported = assignments(text.splitlines())
    here = assignments(examination.access.run(["postconf", *exported]).stdout.splitlines())
    found = next(check_main(exported, here, is_there(KEPT)), None)
    if not found:
        return None
    # A reload leaves alone what has just ended and is to wait.
    command = found.remedy.command.replace("systemctl reload", "systemctl restart")
    return found.remedy._replace(command=command)


def lost(examination: Examination) -> Remedy | None:
    """Return what sets again what Debian's own main.cf has and this one lacks, if anything."""
    try:
        stock = assignments(STOCK.read_text(errors="replace").splitlines())
    except OSError:
        return None
    here = assignments(examination.access.run(["postconf", "-n"]).stdout.splitlines())
    gone = {
        name: value
        for name, value in stock.items()
        if here and name not in here and value and "nis:" not in value
    }
    if not gone:
        return None
    advice = _("main.cf lacks settings that Debian's own has: %(names)s. Set them again:")
    values = " ".join(shlex.quote(f"{name} = {value}") for name, value in gone.items())
    command = f"postconf -e {values} && {restart_command('postfix')}"
    return Remedy(advice % {"names": ", ".join(gone)}, command)


def extra_settings(
    here: dict[str, str], exported: dict[str, str], concerned: re.Pattern[str] = INCOMING
) -> dict[str, str]:
    known = DEBIANS.union(exported)
    return {name: here[name] for name in here if name not in known and concerned.match(name)}


def extra_options(options: dict[str, str], ours: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return options of the services on the way to a mailbox, which the panel doesn't set there."""
    found = {}
    for key, value in options.items():
        service, _slash, name = key.rpartition("/")
        if service in (*ours, *PORT_25, *INTERNAL) and name not in ours.get(service, ()):
            found[key] = value
    return found


def process_limits(lines: list[str], ours: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return how many clients each of the services may have at once, where that is limited."""
    fields = assignments(lines)
    keys = [
        f"{service}/process_limit"
        for service in (*ours, *PORT_25)
        if fields.get(f"{service}/command") != "postscreen"  # it needs only one process
    ]
    return {key: fields[key] for key in keys if fields.get(key, "-") != "-"}


def remedy(found: dict[str, str]) -> Remedy:
    """Say which settings may be the cause, with their values, and remove them."""
    named = [f"{name} = {shown(value)}" for name, value in found.items()]
    if (more := len(named) - MAX_NAMED) > 0:
        named = [*named[:MAX_NAMED], _("%(count)s more") % {"count": more}]
    advice = _(
        "Neither the panel nor Debian sets this in Postfix: %(settings)s. If you don't need it, "
        "remove it, restart Postfix, then export and apply the configuration again:"
    )
    settings = [shlex.quote(name) for name in found if "/" not in name]
    limits = [f"{name}=-" for name in found if name.endswith("/process_limit")]
    options = [shlex.quote(name) for name in found if "/" in name and f"{name}=-" not in limits]
    commands = [
        *([f"postconf -X {' '.join(settings)}"] if settings else []),
        *([f"postconf -PX {' '.join(options)}"] if options else []),
        *([f"postconf -F {' '.join(limits)}"] if limits else []),
        restart_command("postfix"),
        APPLY_COMMAND,
    ]
    return Remedy(advice % {"settings": join("; ", named)}, "; ".join(commands))


def shown(value: str) -> str:
    return "***" if SECRET.search(value) else quoted(value)
