"""Lookup tables in files that main.cf names: Postfix defers mail if it can't open one."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shlex import quote

from mailboxes.doctor.access import Access
from mailboxes.doctor.examination import UNKNOWN
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.postfix_settings import assignments
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.doctor.words import last_line
from mailboxes.texts import gettext as _
from mailboxes.texts import join

PLACE = re.compile(r"\b(?:hash|btree|lmdb|cdb|texthash|regexp|pcre|cidr):/[^\s,{}]+")
INDEXED = ("hash", "btree", "lmdb", "cdb")
"""These types have a file of their own, which is made from the one with the text."""

CACHE = re.compile(r".*(_database|_cache_map|address_verify_map)$")
"""Postfix's own programs create these."""

MAX_TABLES = 16


def examine(access: Access) -> Iterator[Finding]:
    lines = access.run(["postconf", "-nx"]).stdout.splitlines()
    tables = named(assignments(lines))
    with ThreadPoolExecutor(max_workers=4) as pool:
        reasons = list(pool.map(lambda place: why_closed(access, place), tables))
    closed = {place: why for place, why in zip(tables, reasons, strict=True) if why}
    if not closed:
        return
    seen = _("Postfix can't open tables that main.cf names: %(names)s.")
    named_by = [f"{tables[place]}: {why}" for place, why in closed.items()]
    commands = [make(place, tables[place]) for place in closed]
    command = " && ".join([*commands, restart_command("postfix")])
    advice = _(
        "Make them again from their texts, which are empty if they are gone, or take them out of "
        "main.cf. Then restart Postfix:"
    )
    names = {"names": ", ".join(closed)}
    yield broken("maps.tables", seen % names, Remedy(advice, command), join("\n", named_by))


def named(settings: dict[str, str]) -> dict[str, str]:
    """Return the settings that name tables in files, by the tables."""
    found = {
        place: name
        for name, value in settings.items()
        if not CACHE.match(name)
        for place in PLACE.findall(value)
    }
    return dict(list(found.items())[:MAX_TABLES])


def why_closed(access: Access, place: str) -> str:
    """Return why a table can't be opened, or an empty string; a missing key is no error."""
    said = access.run(["postmap", "-q", UNKNOWN, place]).stderr
    return last_line(said) if "fatal:" in said or "error:" in said else ""


def make(place: str, setting: str) -> str:
    kind, _colon, path = place.partition(":")
    text = "" if Path(path).exists() else f"touch {quote(path)}"
    program = "postalias" if setting == "alias_maps" else "postmap"
    index = f"{program} {quote(place)}" if kind in INDEXED else ""
    return " && ".join(filter(None, (text, index))) or f"chmod a+r {quote(path)}"
