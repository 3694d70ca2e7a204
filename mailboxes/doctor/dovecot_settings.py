"""Dovecot's settings in the administrator's files, compared with the panel's and with Debian's."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from shlex import quote

from mailboxes.doctor.access import KEPT, is_there
from mailboxes.doctor.dovecot_files import CONFIGURATION, Changes, Setting, read
from mailboxes.doctor.finding import Finding, broken, warning
from mailboxes.doctor.remedies import APPLY_AND_RESTART_BOTH, Remedy, restart_command
from mailboxes.doctor.words import quoted
from mailboxes.texts import gettext as _
from mailboxes.texts import join

STOCK = Path("/usr/share/dovecot/dovecot.conf")
COMMENTED = re.compile(r"^#[ \t]*!include conf\.d/", re.M)
"""From there, Debian's packages install what is in /etc/dovecot."""

OURS = re.compile(r"(.*-)?mailadmin.*")
MAIN = Path("/etc/dovecot/conf.d/99-mailadmin.conf")
FIRST = "00-mailadmin.conf"
"""After `apply --keep`; of its settings, those in later files win."""

DOVECOT_KEPT = MAIN.with_name(FIRST)
SIGN_INS = ("passdb", "userdb")
FILTERS = ("protocol", "local", "local_name", "remote")
"""The blocks whose settings win against those outside of blocks, where they apply."""

STORAGE = (
    *("mail_location", "mail_driver", "mail_path", "mail_inbox_path"),
    *("mailbox_list_layout", "location"),
)
"""If these are others, users see an empty mailbox, and no hop fails."""

HARMLESS = re.compile(
    r"(log|verbose|stats|metric|imap_id|auth_failure_delay|service anvil)|.*(_log|debug)"
)
OF_PLUGINS = re.compile(r"mailbox|plugin|sieve|fts")
SECRET = re.compile(r"passw|secret|nonce|_key|^args$|query|connect", re.IGNORECASE)
MAX_NAMED = 3


def is_kept() -> bool:
    """Say whether Dovecot also serves what it served before (`apply --keep`)."""
    return is_there(KEPT) and is_there(DOVECOT_KEPT)


def find_changes(here: list[Setting], stock: list[Setting], kept: bool) -> Changes:
    known = {(each.key, each.value) for each in stock if not is_system(each, kept)}
    others = [each for each in here if not is_ours(each) and (each.key, each.value) not in known]
    ours = {each.key: each for each in here if is_ours(each) and each.file.name != FIRST}
    undone = [*overriding(here, ours, others), *([] if kept else sign_ins(others))]
    named = {setting for setting, _wanted in undone}
    blocks = [setting for setting in named if setting.is_block]
    added = [
        each
        for each in others
        if stock
        and not (kept or each.is_block or each in named or HARMLESS.match(each.key[0]))
        and not any(within(each, block) for block in blocks)
    ]
    of_plugins = [each for each in added if OF_PLUGINS.match(each.key[0])]
    return Changes(undone, [each for each in added if each not in of_plugins], of_plugins)


def is_ours(setting: Setting) -> bool:
    return bool(OURS.fullmatch(setting.file.name))


def is_system(setting: Setting, kept: bool) -> bool:
    """Say whether it lets the system's users sign in, which `apply` turns off."""
    return not kept and setting.key[0].split()[0] in SIGN_INS


def within(setting: Setting, block: Setting) -> bool:
    return setting.file == block.file and block.first <= setting.first <= block.last


def overriding(
    here: list[Setting], ours: dict[tuple[str, ...], Setting], others: list[Setting]
) -> Iterator[tuple[Setting, str]]:
    """Yield what is read after the panel's setting, or is in a block that wins against it."""
    last = {setting.key: setting for setting in here}
    for setting in (each for each in here if not is_ours(each)):
        if setting.is_block or setting.blocks[:1] in [(name,) for name in SIGN_INS]:
            continue  # in Dovecot 2.3, each of these blocks is another one
        wanted = ours.get(setting.key)
        if wanted and not wanted.is_block:
            if last[setting.key] is setting and not fits(setting, wanted.value):
                yield setting, wanted.value
        elif listed := words_of_block(ours, setting.key):
            if last[setting.key] is setting and not fits(setting, listed):
                yield setting, listed
        elif setting not in others:
            continue  # as Debian has it
        elif in_filter(setting) and (wanted := ours.get((setting.name,))):
            if not fits(setting, wanted.value):
                yield setting, wanted.value
        elif setting.name in STORAGE and setting.blocks == ("namespace inbox",):
            yield setting, ""


def in_filter(setting: Setting) -> bool:
    return len(setting.blocks) == 1 and setting.blocks[0].split()[0] in FILTERS


def words_of_block(ours: dict[tuple[str, ...], Setting], key: tuple[str, ...]) -> str:
    """Return a list that the panel's file writes as a block: `protocols { imap = yes }`."""
    found = [each.name for each in ours.values() if each.blocks == key and each.value == "yes"]
    return " ".join(found)


def fits(setting: Setting, wanted: str) -> bool:
    """Say whether a value is the wanted one; some lists may contain more."""
    if setting.name in ("protocols", "mail_plugins"):
        words = set(setting.value.split())
        return f"${setting.name}" in words or words >= {
            word for word in wanted.split() if not word.startswith("$")
        }
    return setting.value == wanted


def sign_ins(others: list[Setting]) -> Iterator[tuple[Setting, str]]:
    """Yield the blocks that let others sign in, or find them elsewhere."""
    for setting in others:
        if setting.is_block and not setting.blocks and setting.name.split()[0] in SIGN_INS:
            yield setting, ""


def examine() -> tuple[Changes, list[Finding]]:
    """Compare the files of this host; to be called as root only."""
    here = read(CONFIGURATION)
    if here and is_there(MAIN) and MAIN not in {setting.file for setting in here}:
        return Changes(), [not_included()]
    changes = find_changes(here, read(STOCK), is_kept())
    return changes, list(findings(changes))


def not_included() -> Finding:
    seen = _("Dovecot doesn't read %(path)s, since %(main)s doesn't include it.")
    line = "!include_try conf.d/*-mailadmin*.conf"
    command = f"echo {quote(line)} >>{CONFIGURATION}"
    if COMMENTED.search(CONFIGURATION.read_text(errors="replace")):  # Debian's files are lost, too
        command = rf"sed -i 's/^#[[:blank:]]*\(!include conf\.d\)/\1/' {CONFIGURATION}"
    command = f"{command} && {restart_command('dovecot', 'postfix')}"
    params = {"path": MAIN, "main": CONFIGURATION}
    return broken("dovecot.included", seen % params, Remedy(_("Include it again:"), command))


def findings(changes: Changes) -> Iterator[Finding]:
    if not changes.undone:
        return
    lines = [line(setting, wanted) for setting, wanted in changes.undone]
    settings = [setting for setting, _wanted in changes.undone]
    if any(setting.name in STORAGE for setting in settings):
        seen = _("Dovecot looks for mail elsewhere, because other files undo the panel's settings.")
        yield broken("dovecot.settings", seen, undo(settings), join("\n", lines))
        return
    seen = _("Other files of Dovecot undo the panel's settings.")
    yield warning("dovecot.settings", seen, undo(settings), join("\n", lines))


def line(setting: Setting, wanted: str) -> str:
    params = {"place": setting.place, "name": setting.title, "here": shown(setting)}
    if setting.is_block:
        return _("%(place)s: %(name)s isn't the panel's.") % params
    if not wanted:
        return _("%(place)s: %(name)s is “%(here)s”; the panel doesn't set it.") % params
    text = _("%(place)s: %(name)s is “%(here)s” instead of “%(exported)s”")
    return text % {**params, "exported": wanted}


def shown(setting: Setting) -> str:
    return "***" if SECRET.search(setting.name) else quoted(setting.value)


def undo(settings: Iterable[Setting]) -> Remedy:
    advice = _(
        "Comment out the lines that undo the panel's settings, unless you need them, then restart "
        "Dovecot and Postfix:"
    )
    return Remedy(advice, f"{comment_out(settings)} && {restart_command('dovecot', 'postfix')}")


def comment_out(settings: Iterable[Setting]) -> str:
    """Return the command that turns these lines into comments."""
    ordered = sorted(settings, key=lambda setting: (setting.file, setting.first))
    commands = []
    for file, found in groupby(ordered, key=lambda setting: setting.file):
        lines = [lines_of(setting) for setting in found]
        edits = " ".join(f"-e '{each}s/^/#/'" for each in dict.fromkeys(lines))
        commands.append(f"sed -i {edits} {quote(str(file))}")
    return " && ".join(commands)


def lines_of(setting: Setting) -> str:
    return (
        str(setting.first) if setting.first == setting.last else f"{setting.first},{setting.last}"
    )


def naming(text: str) -> list[Setting]:
    """Return the settings of the administrator's files whose name or value has this text."""
    found = [each for each in read(CONFIGURATION) if not each.is_block and not is_ours(each)]
    return [each for each in found if text in (each.name, each.value.lstrip("<"))]


def remedy(changes: Changes, *, is_as_exported: bool) -> Remedy:
    """Return what may help if Dovecot fails, and its log doesn't say why."""
    if changes.undone:
        return undo(setting for setting, _wanted in changes.undone)
    settings = changes.added or changes.of_plugins
    return without(settings) if settings and is_as_exported else APPLY_AND_RESTART_BOTH


def without(settings: Sequence[Setting]) -> Remedy:
    """Say which settings might be the cause, for want of any other trace."""
    named = [f"{each.title} = {shown(each)} ({each.place})" for each in settings]
    more = len(named) - MAX_NAMED
    if more > 0:
        named = [*named[:MAX_NAMED], _("%(count)s more") % {"count": more}]
    advice = _(
        "The panel's files are as they were exported, and nothing else was found. Neither the "
        "panel nor Debian sets this, which may be the cause: %(settings)s. If you don't need it, "
        "comment it out, then restart Dovecot and Postfix:"
    )
    command = f"{comment_out(settings)} && {restart_command('dovecot', 'postfix')}"
    return Remedy(advice % {"settings": join("; ", named)}, command)
