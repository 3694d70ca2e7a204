"""Which passwords PostfixAdmin may not be able to check, because they were set in this panel."""

from collections.abc import Iterator
from dataclasses import dataclass

from mailboxes.adoption.models import Adoption
from mailboxes.audit.models import Phase, Subject
from mailboxes.inspection.old_panel import reading_settings
from mailboxes.inspection.rows import password_form
from mailboxes.models import Mailbox
from mailboxes.queries import BATCH, with_keys

ALWAYS = ("mailbox.create", "mailbox.password", "mailbox.rehash")
CHANGE, IMPORT = "mailbox.change", "mailbox.import"


@dataclass(frozen=True)
class ChangedPassword:
    """A password that was set here; `settings` are those with which PostfixAdmin reads it."""

    address: str
    form: str
    settings: str


def changed_passwords(adoption: Adoption) -> Iterator[ChangedPassword]:
    """Yield the mailboxes whose password PostfixAdmin doesn't read with every setting."""
    names = sorted({name.lower() for name in names_in_log(adoption)})
    for address, stored in with_keys(Mailbox.objects.values_list("pk", "password"), names):
        form = password_form(stored)
        if settings := reading_settings(adoption.product, form):
            yield ChangedPassword(address, form, settings)


def names_in_log(adoption: Adoption) -> Iterator[str]:
    """Yield the mailboxes that were added here since the adoption, or got a password."""
    subjects = Subject.objects.filter(
        model="mailbox",
        entry__action__in=(*ALWAYS, CHANGE, IMPORT),
        entry__phase=Phase.BEGUN,
        entry__at__gte=adoption.adopted,
    )
    rows = subjects.order_by("pk").select_related("entry")
    for row in rows.iterator(chunk_size=BATCH):
        action = row.entry.action
        if action in ALWAYS or "password" in row.changes or (action == IMPORT and row.is_new):
            yield row.name
