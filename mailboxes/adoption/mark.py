"""Whether the mail database that the settings name was adopted, and what follows from it."""

from django.conf import settings

from mailboxes.addresses import Address
from mailboxes.adoption.models import Adoption

FOLDER_FORMS = {
    "domain/user/": "{0.domain}/{0.local_part}/",
    "user@domain/": "{0}/",
    "domain/user@domain/": "{0.domain}/{0}/",
}
"""The forms of the column `maildir` that new mailboxes can have; the first is the panel's own."""


def database_name() -> str:
    return str(settings.DATABASES["mail"]["NAME"])


def find_adoption() -> Adoption | None:
    """Return the mark of the mail database, if it has one."""
    return Adoption.objects.filter(pk=database_name()).first()


def quota_megabyte() -> int:
    """Return the bytes of a megabyte that quotas are counted in; 0 if they can be any size."""
    adoption = find_adoption()
    return adoption.quota_multiplier if adoption else 0


def folder_form() -> str:
    """Return the form of `maildir` that new mailboxes get, as the host's others have it."""
    adoption = find_adoption()
    return FOLDER_FORMS[adoption.folder_form if adoption else next(iter(FOLDER_FORMS))]


def new_folder(address: Address, form: str = "") -> str:
    """Return `maildir` of a new mailbox; `form` saves the caller of many a query for each."""
    return (form or folder_form()).format(address)
