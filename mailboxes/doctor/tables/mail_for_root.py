"""Mail of the mail host's own programs, such as cron, for root, which `myorigin` may take away."""

from collections.abc import Iterator

from mailboxes.doctor.access import Access
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import Remedy
from mailboxes.doctor.tables import postfix_name
from mailboxes.forwarding.expansion import Expansion
from mailboxes.forwarding.lookups import LookUps
from mailboxes.inspection.rows import keys
from mailboxes.models import Domain
from mailboxes.texts import gettext as _


def examine(examination: Examination) -> Iterator[Finding]:
    if not examination.access.sees_all:
        return
    for name in keys(Domain.objects.filter(active=True), {origin(examination.access)}):
        root = f"root@{name.lower()}"
        if Expansion([root], LookUps()).arrives(root):
            continue
        seen = _(
            "Mail for root from the mail host's own programs, such as cron, goes to %(address)s "
            "(myorigin), where nobody receives it."
        )
        remedy = Remedy(
            _("Create that alias in the panel, or leave this mail to the mail host's own users:"),
            "postconf -e 'myorigin = $myhostname' && systemctl reload postfix",
        )
        if postfix_name.is_taken_from(examination.access, name):
            remedy = postfix_name.rename(examination.host)
        yield broken("tables.mail_for_root", seen % {"address": root}, remedy)


def origin(access: Access) -> str:
    """Return the domain with which Postfix completes addresses that have none."""
    value = access.run(["postconf", "-xh", "myorigin"]).stdout.strip()
    if value.startswith("/"):
        value = access.run(["cat", value]).stdout.partition("\n")[0].strip()
    return value.lower()
