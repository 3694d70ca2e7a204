"""Where the mail of a mailbox is stored: MAIL_LOCATION, in the words of Dovecot's mail_location."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

from mailboxes.errors import Refused, gettext_noop

VARIABLES = ("%1n", "%u", "%d", "%n")
"""What templates may contain: the first letter, the address, the domain, the part before the @."""

MAX_TEMPLATE = 100

NAME = r"(?!\.{1,2}/)[A-Za-z0-9_.-]+"
TEMPLATE_NAME = r"(?!\.{1,2}/)(?:%1n|%[udn]|[A-Za-z0-9_.-])+"
OTHER_FORMATS = ("mbox", "dbox", "sdbox", "mdbox", "cydir", "imapc", "pop3c")
NOT_MAILDIR = gettext_noop(
    "MAIL_LOCATION is “%(text)s”, but only Maildir is supported. Convert the mail first, for "
    "example with “doveadm backup”."
)
UNKNOWN = gettext_noop(
    "MAIL_LOCATION is “%(text)s”. Set it to maildir:~ for the folder in the column “maildir”, to "
    "maildir:~/Maildir for a folder in that one, or to a path below MAIL_HOME with %%u, or with "
    "%%d and %%n, such as maildir:%(home)s/%%d/%%n."
)


class BadLocation(Refused):
    """A value of MAIL_LOCATION that can't be exported."""


@dataclass(frozen=True)
class MailLocation:
    """A Maildir in a folder of each mailbox."""

    folder: str = ""
    """The folder below MAIL_HOME as a template, such as `%d/%n/`; if empty, the column `maildir`
    has it."""

    subfolder: str = ""
    """The Maildir in that folder, such as `Maildir`; if empty, it is the folder itself."""

    nested: bool = False
    """Whether folders of a mailbox are folders in each other (LAYOUT=fs), not `.Work.2026`."""

    @classmethod
    def parse(cls, text: str, home: str) -> Self:
        """Read a value of MAIL_LOCATION; raise BadLocation."""
        if text.partition(":")[0] in OTHER_FORMATS:
            raise BadLocation(NOT_MAILDIR, {"text": text})
        lower_case = re.sub("%L([udn])", r"%\1", text)  # here it always is
        parts = re.fullmatch(r"maildir:([^:]*?)/?(:LAYOUT=fs)?", lower_case)
        place, nested = (parts[1], bool(parts[2])) if parts else ("", False)
        if found := re.fullmatch(f"~/((?:{NAME}/)*)", f"{place}/"):
            return cls("", found[1].removesuffix("/"), nested)
        below = f"{re.escape(home)}/((?:{TEMPLATE_NAME}/)*?)((?:{NAME}/)*)"
        found = re.fullmatch(below, f"{place}/")
        if found and names_one_mailbox(found[1]):
            return cls(found[1], found[2].removesuffix("/"), nested)
        raise BadLocation(UNKNOWN, {"text": text, "home": home})

    def setting(self, home: str) -> str:
        """Return the value of MAIL_LOCATION."""
        place = "/".join(filter(None, (self.folder.rstrip("/"), self.subfolder)))
        root = "/".join(filter(None, (home if self.folder else "~", place)))
        return f"maildir:{root}{':LAYOUT=fs' if self.nested else ''}"

    @property
    def root(self) -> Self:
        """The folder of a mailbox, in which its Maildir is."""
        return replace(self, subfolder="")

    def path(self, home: str, address: str, maildir: str) -> str:
        """Return the Maildir of a mailbox with this value in the column `maildir`."""
        folder = fill(self.folder, address) if self.folder else maildir
        root = folder if folder.startswith("/") else f"{home}/{folder}"
        return f"{root.rstrip('/')}/{self.subfolder}".rstrip("/")


def is_folder_template(text: str) -> bool:
    """Say whether this can be the form of a folder in the column `maildir`."""
    is_path = re.fullmatch(f"/?(?:{TEMPLATE_NAME}/)+", text)
    return bool(is_path) and len(text) <= MAX_TEMPLATE and names_one_mailbox(text)


def find_template(folder: str, address: str) -> str:
    """Return the template that makes this folder of the address; its other names are fixed."""
    address = address.lower()
    local_part, _, domain = address.partition("@")
    variables = {local_part[:1]: "%1n", local_part: "%n", domain: "%d", address: "%u"}
    names = folder.split("/")
    return "/".join(variables.get(name.lower(), name) if name else "" for name in names)


def names_one_mailbox(template: str) -> bool:
    return "%u" in template or ("%d" in template and "%n" in template)


@lru_cache(maxsize=16)
def split(template: str) -> tuple[str, ...]:
    """Return the variables and the texts between them."""
    return tuple(filter(None, re.split(f"({'|'.join(VARIABLES)})", template)))


def fill(template: str, address: str) -> str:
    """Return the folder of an address, in lower case as Dovecot looks it up."""
    address = address.lower()
    local_part, _, domain = address.partition("@")
    values = {"%1n": local_part[:1], "%u": address, "%d": domain, "%n": local_part}
    return "".join([values.get(part, part) for part in split(template)])
