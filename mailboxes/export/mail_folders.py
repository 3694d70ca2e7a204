"""Whether the mail on this machine is where the exported configuration looks: a sample."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from mailboxes.conf import MailHost
from mailboxes.mail_location import MailLocation
from mailboxes.models import Mailbox

MAILDIR = ("cur", "new", "tmp")
MAX_SAMPLES = 50
MAX_SUBFOLDERS = 200
"""How many folders of one mailbox are looked at."""

FOLDERS = ("", "%d/%n/", "%u/", "%d/%u/", "%d/%1n/%n/")
SUBFOLDERS = ("", "Maildir", "mail", "maildir", ".maildir", "Mail")
OTHER_FORMATS = ("mailboxes", "sdbox/mailboxes", "mdbox/mailboxes")
"""What Dovecot's other formats have in the folder of a mailbox; an mbox is a file in its place."""


@dataclass(frozen=True)
class Misplaced:
    """A mailbox whose mail would be out of sight; both paths are of folders with messages."""

    address: str
    expected: str
    found: str


@dataclass
class Sample:
    """What was found on this machine, which may have no mail, or not the mail host's."""

    placed: int = 0
    """How many mailboxes have mail where the exported configuration looks."""

    misplaced: list[Misplaced] = field(default_factory=list)
    other_format: list[tuple[str, str]] = field(default_factory=list)
    """Addresses whose mail isn't in a Maildir, each with the path."""

    fitting: Counter[MailLocation] = field(default_factory=Counter)
    """In how many mailboxes each location finds all mail."""

    unreadable: str = ""
    """The first path that the panel's account can't read."""

    @property
    def checked(self) -> int:
        return self.placed + len(self.misplaced)


def take_sample(host: MailHost) -> Sample:
    """Look at the folders of up to 50 mailboxes: the first and the last ones by address."""
    sample = Sample()
    try:
        rows = sample_rows() if is_folder(host.home) else []
    except OSError:
        return Sample(unreadable=host.home)
    for address, maildir in rows:
        try:
            look(host, sample, address, maildir)
        except (OSError, ValueError):
            sample.unreadable = sample.unreadable or host.location.path(host.home, address, maildir)
    return sample


def sample_rows() -> list[tuple[str, str]]:
    rows = Mailbox.objects.values_list("username", "maildir")
    ends = (rows.order_by(key)[: MAX_SAMPLES // 2] for key in ("pk", "-pk"))
    return sorted({row for end in ends for row in end})


def look(host: MailHost, sample: Sample, address: str, maildir: str) -> None:
    """Add one mailbox to the sample; one without any mail is not counted."""
    expected = host.location.path(host.home, address, maildir)
    fitting: dict[MailLocation, None] = {}
    hidden: dict[str, str] = {}  # for each Maildir that was found, what the host wouldn't show
    for location in locations(host, address, maildir):
        path = location.path(host.home, address, maildir)
        if is_folder(f"{path}/cur"):
            for nested in (host.location.nested, not host.location.nested):
                folder = hidden_folder(host, path, nested)
                hidden.setdefault(path, folder)
                if not folder:
                    fitting[replace(location, nested=nested)] = None
    sample.fitting.update(list(fitting))
    if not hidden:
        if path := other_format(host, address, maildir):
            sample.other_format.append((address, path))
    elif expected not in hidden:
        sample.misplaced.append(Misplaced(address, f"{expected}/cur", f"{next(iter(hidden))}/cur"))
    elif name := hidden[expected]:
        shown = name.lstrip(".") if host.location.nested else f".{name}"
        paths = (f"{expected}/{folder}/cur" for folder in (shown, name))
        sample.misplaced.append(Misplaced(address, *paths))
    else:
        sample.placed += 1


def locations(host: MailHost, address: str, maildir: str) -> Iterator[MailLocation]:
    """Yield the host's own location, and those of other hosts if there is such a folder."""
    yield host.location
    for folder in FOLDERS:
        if is_folder(MailLocation(folder).path(host.home, address, maildir)):
            for subfolder in SUBFOLDERS:
                yield MailLocation(folder, subfolder)


def hidden_folder(host: MailHost, path: str, nested: bool) -> str:
    """Return the name of a folder that IMAP wouldn't show: `Work` or, if nested, `.Work`."""
    if host.variant.name == "v1":
        return ""
    with os.scandir(path) as entries:
        for entry in islice(entries, MAX_SUBFOLDERS):
            is_hidden = entry.name.startswith(".") == nested
            if is_hidden and entry.name not in MAILDIR and is_folder(f"{entry.path}/cur"):
                return entry.name
    return ""


def other_format(host: MailHost, address: str, maildir: str) -> str:
    """Return the path of mail that isn't in a Maildir, if there is any."""
    for folder in dict.fromkeys((host.location.folder, *FOLDERS)):
        path = MailLocation(folder).path(host.home, address, maildir)
        found = mode(path)
        if stat.S_ISREG(found):
            return path
        for name in OTHER_FORMATS if found else ():
            if is_folder(f"{path}/{name}"):
                return f"{path}/{name}"
    return ""


def is_folder(path: str) -> bool:
    return stat.S_ISDIR(mode(path))


def mode(path: str) -> int:
    """Return the type and mode, 0 if nothing is there; raise OSError if that can't be seen."""
    try:
        return Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
