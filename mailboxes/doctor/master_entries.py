"""Options in master.cf that Postfix's programs don't take: blanks around the =, and stray words."""

import re
from collections.abc import Iterator
from shlex import quote

from mailboxes.doctor.access import Access
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.texts import gettext as _
from mailboxes.texts import join

PROGRAMS = {
    *("anvil", "bounce", "cleanup", "discard", "error", "flush", "lmtp", "local", "pickup"),
    *("postscreen", "proxymap", "qmgr", "scache", "showq", "smtp", "smtpd", "tlsmgr", "tlsproxy"),
    *("trivial-rewrite", "verify", "virtual"),
}
"""These end at once if there is a word that isn't an option; others may have own arguments."""

WITH_VALUE = re.compile("-[imnstu]")
FIELDS = 7
"""How many words are before that of the program."""


def examine(access: Access) -> Iterator[Finding]:
    """Name the services that can't start, and write their entries anew."""
    wrong = unreadable(access)
    if wrong:
        seen = _("In master.cf, these services have options that Postfix can't read: %(names)s.")
        yield broken(
            "ports.options",
            seen % {"names": ", ".join(wrong)},
            remedy(wrong),
            join("\n", [line for line, _mended in wrong.values()]),
        )


def unreadable(access: Access) -> dict[str, tuple[str, str]]:
    """Return the entry of each such service, as it is and as it is probably meant."""
    found = {}
    for line in access.run(["postconf", "-M"]).stdout.splitlines():
        text = " ".join(line.split())
        mended = mend(text)
        if mended != text:
            found["/".join(text.split()[:2])] = (text, mended)
    return found


def remedy(wrong: dict[str, tuple[str, str]]) -> Remedy:
    advice = _("There must be no blanks around the = of an option. Write these entries anew:")
    entries = " ".join(quote(f"{name}={mended}") for name, (_line, mended) in wrong.items())
    return Remedy(advice, f"postconf -Me {entries} && {restart_command('postfix')}")


def mend(line: str) -> str:
    """Return an entry with each option as one word, and without words that are none."""
    words = line.split()
    if words[FIELDS : FIELDS + 1] == [] or words[FIELDS] not in PROGRAMS:
        return line
    options = [option for group in groups(words[FIELDS + 1 :]) if (option := as_option(group))]
    return " ".join([*words[: FIELDS + 1], *options])


def groups(words: list[str]) -> Iterator[list[str]]:
    """Yield each option with the words after it, up to the next one; braces hold words together."""
    group: list[str] = []
    depth = 0
    for word in words:
        if word.startswith("-") and depth == 0:
            if group:
                yield group
            group = []
        group.append(word)
        depth += word.count("{") - word.count("}")
    if group:
        yield group


def as_option(group: list[str]) -> str:
    first, *rest = group
    if first != "-o":
        return " ".join(group) if WITH_VALUE.fullmatch(first) else first * first.startswith("-")
    if rest and rest[0].startswith("{") and rest[-1].endswith("}"):
        return " ".join(group)
    if len(rest) == 1 and rest[0].partition("=")[0] and "=" in rest[0]:
        return " ".join(group)
    name, sign, value = " ".join(rest).partition("=")
    return f"-o {name.strip()}={','.join(value.replace(',', ' ').split())}" if sign else ""
