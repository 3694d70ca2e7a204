"""Prints a new .env, made from the existing one or else from deploy/env.example.

Used by deploy/run and deploy/install-service, with the machine's full name and its release, such as
debian13. Secrets that are missing are made; NAME=VALUE lines on standard input are set where .env
doesn't set them yet. If it has another value for one of them, nothing is printed but its name.
"""

import re
import secrets
import string
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECRETS = {"SECRET_KEY": 64, "MAIL_LOOKUP_PASSWORD": 32, "MAIL_AUTH_PASSWORD": 32}
"""How many characters each has."""

SIMILAR = {"ubuntu24.04": "debian12"}
"""The Debian release with the same Dovecot, 2.3."""

EDIT = "# EDIT THIS: this machine's full name could not be determined, so this is an example."

LOST = (
    "There is no .env, although the panel has been set up here before (var/static exists). It "
    "contains the secrets and the databases' addresses: restore it from a backup; see "
    "docs/runbook.md. To start anew, move var/ away first."
)


def secret(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def set_value(text: str, name: str, value: str) -> str:
    """Set a variable that is missing, empty or commented out."""
    line = f"{name}={value}"
    changed, number = re.subn(f"^#?{name}=.*$", lambda _: line, text, count=1, flags=re.M)
    return changed if number else f"{text.rstrip()}\n{line}\n"


def current(text: str, name: str) -> str:
    found = re.search(f"^{name}=(.*)$", text, re.M)
    return found[1] if found else ""


def new_file(host: str, release: str) -> str:
    """Return the example, with what is known of this machine."""
    sys.path.insert(0, str(ROOT))
    from mailboxes.variants import RELEASES

    text = (ROOT / "deploy/env.example").read_text()
    if re.fullmatch(r"(?!localhost)([a-z0-9-]+\.)+[a-z][a-z0-9-]*", host):
        text = re.sub("^MAIL_HOSTNAME=.*$", f"MAIL_HOSTNAME={host}", text, flags=re.M)
    else:
        text = re.sub("^MAIL_HOSTNAME=", f"{EDIT}\nMAIL_HOSTNAME=", text, flags=re.M)
    release = SIMILAR.get(release, release)
    return set_value(text, "MAIL_RELEASE", release) if release in RELEASES else text


def with_values(text: str, wanted: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the text with these values, and the names of those that it sets otherwise."""
    if "MAIL_HOSTNAME" in wanted:
        text = re.sub(f"^{re.escape(EDIT)}\nMAIL_HOSTNAME=.*$", "MAIL_HOSTNAME=", text, flags=re.M)
    kept = []
    for name, value in wanted.items():
        if current(text, name) in ("", value):
            text = set_value(text, name, value)
        else:
            kept.append(name)
    return text, kept


def main(host: str, release: str) -> None:
    lines = "" if sys.stdin.isatty() else sys.stdin.read()
    wanted = dict(line.split("=", 1) for line in lines.splitlines())
    file = ROOT / ".env"
    if not file.exists() and (ROOT / "var/static").exists():
        sys.exit(LOST)
    guessed = wanted.get("MAIL_HOSTNAME", host.lower())
    text = file.read_text() if file.exists() else new_file(guessed, release)
    text, kept = with_values(text, wanted)
    for name, length in SECRETS.items():
        if not current(text, name):
            text = set_value(text, name, secret(length))
    if kept:
        sys.exit(f".env already has another value for {', '.join(kept)}.")
    sys.stdout.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
