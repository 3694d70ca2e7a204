"""Whether the mail database that the settings name was adopted, and what follows from it."""

from collections.abc import Collection, Mapping
from itertools import count

from django.conf import settings
from django.utils.translation import gettext as _

from mailboxes.addresses import Address
from mailboxes.adoption.former_names import kept_folders
from mailboxes.adoption.models import Adoption
from mailboxes.conf import mail_location
from mailboxes.mail_location import fill

FOLDER_FORMS = {
    "domain/user/": "%d/%n/",
    "user@domain/": "%u/",
    "domain/user@domain/": "%d/%u/",
}
"""The usual forms of the column `maildir`, as templates; the first is the panel's own."""


LOCAL = ("", "localhost", "127.0.0.1", "::1")


def database_name() -> str:
    return str(settings.DATABASES["mail"]["NAME"])


def database_host() -> str:
    """Return host and port of the server, which is this machine for any socket; none for a file."""
    mail = settings.DATABASES["mail"]
    if not mail["ENGINE"].endswith("mysql"):
        return ""
    host, port = str(mail.get("HOST") or ""), str(mail.get("PORT") or "3306")
    return f"localhost:{port}" if host.startswith("/") or host in LOCAL else f"{host}:{port}"


def host_warning(adoption: Adoption) -> str:
    """Return a warning if the database of that name is on another server now."""
    now = database_host()
    if adoption.host == now:
        return ""
    return _(
        "The mail database was adopted on %(before)s and is now on %(now)s. If it isn't the same "
        "database, undo the adoption, then read the tables and adopt them again."
    ) % {"before": adoption.host or "SQLite", "now": now or "SQLite"}


def find_adoption() -> Adoption | None:
    """Return the mark of the mail database, if it has one."""
    return Adoption.objects.filter(pk=database_name()).first()


def quota_megabyte() -> int:
    """Return the bytes of a megabyte that quotas are counted in; 0 if they can be any size."""
    adoption = find_adoption()
    return adoption.quota_multiplier if adoption else 0


def folder_form() -> str:
    """Return the template of `maildir` for new mailboxes, as the host's others have it."""
    if adoption := find_adoption():
        return FOLDER_FORMS.get(adoption.folder_form, adoption.folder_form)
    return mail_location().folder or next(iter(FOLDER_FORMS.values()))


def new_folder(
    address: Address, form: str = "", kept: Mapping[str, Collection[str]] | None = None
) -> str:
    """Return `maildir` of a new mailbox; a renamed one of that address may have kept the usual.

    `form` and `kept`, as from `kept_folders`, save the caller of many some queries for each.
    """
    name = str(address)
    usual = fill(form or folder_form(), name)
    taken = (kept_folders([name]) if kept is None else kept).get(name, ())
    if usual not in taken:
        return usual
    others = (f"{usual.rstrip('/')}@{number}/" for number in count(2))  # in no address
    return next(folder for folder in others if folder not in taken)
