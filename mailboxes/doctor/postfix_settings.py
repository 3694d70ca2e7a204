"""The settings of main.cf and master.cf, compared with the exported ones."""

import shlex
from collections.abc import Iterator

from mailboxes.doctor.access import Access
from mailboxes.doctor.finding import Finding, broken, not_checked
from mailboxes.doctor.remedies import APPLY, Remedy
from mailboxes.export.bundle import File
from mailboxes.texts import gettext as _
from mailboxes.texts import join

MAIN, MASTER = "postfix/main.cf", "postfix/master.cf"
SERVICES = {
    "submission/inet": ("submission/inet", "587/inet"),
    "submissions/inet": ("submissions/inet", "smtps/inet", "465/inet"),
}
"""The names that the exported services may have in master.cf."""

PORT_25 = ("smtp/inet", "25/inet", "smtpd/pass")
INTERNAL = tuple(
    f"{name}/unix"
    for name in ("cleanup", "qmgr", "rewrite", "proxymap", "virtual", "lmtp", "local")
)
"""The services that a message for a mailbox passes inside Postfix."""

EXTENDED = (
    "mydestination",
    "virtual_alias_domains",
    "virtual_alias_maps",
    "virtual_mailbox_domains",
    "virtual_mailbox_maps",
    "relay_domains",
    "relay_recipient_maps",
    "transport_maps",
    "smtpd_sender_login_maps",
)
"""To these, `apply --keep` adds what the host served before."""

DELIVERY = (
    "virtual_transport",
    "virtual_mailbox_base",
    "virtual_uid_maps",
    "virtual_gid_maps",
    "virtual_mailbox_limit",
)
"""These stay as they were if `apply --keep` has routed the panel's domains by transport_maps."""

Settings = dict[str, str]


def examine(access: Access, files: list[File], kept: bool, changed: set[str]) -> Iterator[Finding]:
    """Compare both files; what has `changed` since the export is only different, not undone."""
    if access.runner is None:
        reason = _("Only the command can read Postfix's settings, not this page.")
        yield not_checked("drift.postfix", reason)
        return
    texts = {file.path: file.text for file in files}
    wanted = assignments(texts[MAIN].splitlines())
    here = assignments(access.run(["postconf", *wanted]).stdout.splitlines())
    if MAIN not in changed:
        yield from check_main(wanted, here, kept)
    services = {
        "/".join(line.split()[:2]) for line in access.run(["postconf", "-M"]).stdout.splitlines()
    }
    options = assignments(access.run(["postconf", "-P"]).stdout.splitlines())
    exported = exported_options(texts[MASTER], services)
    if MASTER not in changed:
        yield from check_services(exported, services, options, kept)
    yield from check_overrides(wanted, exported, options, kept)


def assignments(lines: list[str]) -> Settings:
    """Return the value of each line `name = value`."""
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _sign, value in pairs}


def exported_options(text: str, services: set[str]) -> dict[str, Settings]:
    """Return the options of each service, by the name that it has here."""
    found: dict[str, Settings] = {}
    service = ""
    for line in text.splitlines():
        if line.startswith("  -o "):
            name, _sign, value = line.removeprefix("  -o ").partition("=")
            found[service][name] = value
        elif line and not line.startswith("#"):
            service = "/".join(line.split()[:2])
            service = next((name for name in SERVICES[service] if name in services), service)
            found[service] = {}
    return found


def check_main(wanted: Settings, here: Settings, kept: bool) -> Iterator[Finding]:
    others = {
        name: here.get(name, "")
        for name, value in wanted.items()
        if not (fits(name, value, here) if kept else words(value) == words(here.get(name, "")))
    }
    if not others:
        return
    lines = [line(name, value, wanted[name]) for name, value in others.items()]
    assigned = " ".join(shlex.quote(f"{name} = {wanted[name]}") for name in others)
    set_again = Remedy(
        _("Set them back to the exported values, unless you need your own:"),
        f"postconf -e {assigned} && systemctl reload postfix",
    )
    seen = _("Settings in main.cf aren't as they were exported.")
    yield broken("drift.main_cf", seen, APPLY if kept else set_again, join("\n", lines))


def check_services(
    exported: dict[str, Settings], services: set[str], options: Settings, kept: bool
) -> Iterator[Finding]:
    lines = []
    for service, settings in exported.items():
        if service not in services:
            lines.append(_("%(name)s is missing.") % {"name": service})
            continue
        for name, value in settings.items():
            here = options.get(f"{service}/{name}", "")
            if not same_option(name, value, here, kept):
                lines.append(line(f"{service}/{name}", here, value))
    if lines:
        seen = _("Services in master.cf aren't as they were exported.")
        yield broken("drift.master_cf", seen, APPLY, join("\n", lines))


def check_overrides(
    wanted: Settings, exported: dict[str, Settings], options: Settings, kept: bool
) -> Iterator[Finding]:
    """Name options in master.cf that undo settings of main.cf on the way to a mailbox."""
    # Port 25 is as it was before `apply --keep`.
    served = [*exported, *(() if kept else (*PORT_25, *INTERNAL))]
    undone = {}
    for key, value in options.items():
        service, _slash, name = key.rpartition("/")
        if name not in wanted or name in exported.get(service, ()):
            continue
        extended = kept and name in EXTENDED and fits(name, wanted[name], {name: value})
        if service in served and not extended and words(value) != words(wanted[name]):
            undone[key] = value
    if undone:
        lines = [line(key, value, wanted[key.rpartition("/")[2]]) for key, value in undone.items()]
        keys = " ".join(map(shlex.quote, undone))
        command = f"postconf -PX {keys} && systemctl reload postfix"
        seen = _("Options in master.cf undo settings of main.cf.")
        remedy = Remedy(_("Remove them if you don't need them:"), command)
        yield broken("drift.override", seen, remedy, join("\n", lines))


def line(name: str, here: str, exported: str) -> str:
    text = _("%(name)s: “%(here)s” instead of “%(exported)s”")
    return text % {"name": name, "here": here[:500], "exported": exported}


def fits(name: str, exported: str, settings: Settings) -> bool:
    """Say whether a value is the exported one, or what `apply --keep` makes of it."""
    here = settings.get(name, "")
    found, wanted = words(here), words(exported)
    if name in EXTENDED:
        return contains(found, wanted)
    if name in DELIVERY:
        return found == wanted or "/kept_transports.cf" in settings.get("transport_maps", "")
    if name == "parent_domain_matches_subdomains":
        return found == wanted or len(words(settings.get("relay_domains", ""))) > 1
    if name == "smtpd_relay_restrictions":
        refusals = wanted[wanted.index("reject_unauth_destination") + 1 :]
        return contains(found, refusals)
    if name == "recipient_delimiter":
        return set(exported) <= set(here)
    return found == wanted or name in ("smtpd_sasl_auth_enable", "smtpd_tls_auth_only")


def contains(found: list[str], wanted: list[str]) -> bool:
    spans = range(len(found) - len(wanted) + 1)
    return any(found[start : start + len(wanted)] == wanted for start in spans)


def same_option(name: str, exported: str, here: str, kept: bool) -> bool:
    if name == "syslog_name" and here:
        return True
    if kept and name in ("smtpd_client_restrictions", "smtpd_helo_restrictions"):
        return True
    if kept and name == "smtpd_sender_restrictions":
        return exported in words(here) or f"static:{exported}}}" in here
    if kept and name in ("smtpd_relay_restrictions", "smtpd_tls_security_level"):
        return "reject" not in words(here) or "permit_sasl_authenticated" in words(here)
    return words(here) == words(exported)


def words(text: str) -> list[str]:
    """Return the words of a list; what is in braces is one word."""
    found, depth = [""], 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        if depth == 0 and sign in ", \t":
            found.append("")
        elif not sign.isspace() or found[-1][-1:] not in ("", " "):
            found[-1] += " " if sign.isspace() else sign
    return [word for word in found if word]
