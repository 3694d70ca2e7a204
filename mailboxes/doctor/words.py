"""Words of others in a finding: what a daemon answers, and what it has logged."""

from collections.abc import Sequence

from mailboxes.doctor import dovecot_log
from mailboxes.doctor.examination import Examination

MAX_LENGTH, MAX_LINES = 300, 30
MAIL = ("--facility=mail",)
SIGN_INS = ("--facility=auth,authpriv",)
LATELY_SECONDS = 600
LATELY = f"-{LATELY_SECONDS}s"
PASSWORDS = ("passwd is set to", "given password", "pass=", "resp=", "AUTH PLAIN ")
"""What follows these in a line is a password, or may be."""

NOISE = ("postfix/postmap[", "postfix/postfix-script[", "SELECT returned no result", "Killed with")
"""What comes from the examination itself."""


def quoted(text: object) -> str:
    """Return a text of others as one line that can neither be long nor change a terminal."""
    line = " ".join(str(text).split())
    line = "".join(sign if sign.isprintable() else "?" for sign in line)
    return line if len(line) <= MAX_LENGTH else f"{line[:MAX_LENGTH]}…"


def reply(status: int, text: bytes) -> str:
    """Return what a server of SMTP or LMTP has answered."""
    return quoted(f"{status} {text.decode(errors='replace')}")


def last_line(text: str) -> str:
    return quoted(text.strip().rpartition("\n")[2])


def log(
    examination: Examination,
    which: Sequence[str],
    since: str = "",
    count: int = 3,
    priority: str = "warning",
) -> str:
    """Return the last warnings and errors that the journal has, by default of this examination."""
    if not examination.access.sees_all:
        return ""
    since = since or f"@{examination.began}"
    lines = journal(examination, since, MAX_LINES, f"--priority={priority}", *which)
    said = [(line.partition("]: ")[2], line) for line in lines]
    if which == MAIL and examination.host.variant.name == "v2":
        ago = LATELY_SECONDS if since == LATELY else 0
        said += dovecot_log.failures(examination.began - ago)
    found: dict[str, str] = {}
    for words, line in said:
        if words and not any(name in line for name in NOISE):
            found.pop(words, None)
            found[words] = line
    kept = list(found.values())[-count:]
    return "\n".join(quoted(without_secrets(examination, line)) for line in kept)


def journal(examination: Examination, since: str, count: int, *which: str) -> list[str]:
    """Return the newest lines of the journal, in order.

    With a time, journalctl of Debian 12 counts lines from there on, unless it begins at the end.
    """
    command = ["journalctl", "--quiet", "--no-pager", f"--since={since}", "--output=short"]
    done = examination.access.run([*command, "--reverse", f"--lines={count}", *which])
    return done.stdout.splitlines()[::-1]


def without_passwords(line: str) -> str:
    """Return a line up to where a password begins: pam_mysql logs that of the database if told to
    be verbose.
    """
    for sign in PASSWORDS:
        before, found, _rest = line.partition(sign)
        line = before + found
    return line


def without_secrets(examination: Examination, line: str) -> str:
    line = without_passwords(line)
    for account in (examination.host.lookup, examination.host.auth):
        if account.password:
            line = line.replace(account.password, "***")
    return line
