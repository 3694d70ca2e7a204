"""manage.py checkaliases"""

from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import ngettext

from mailboxes.access.scope import EVERYTHING
from mailboxes.formats import number
from mailboxes.forwarding.findings import check, not_own
from mailboxes.forwarding.wording import finding_text
from mailboxes.management.base import MailCommand
from mailboxes.models import Alias
from mailboxes.queries import batches


class Command(MailCommand):
    help = (
        "Follow each alias as Postfix does, and list those to which mail is deferred (loops, too "
        "many targets) and those with targets of this host that don't exist or are disabled. Exit "
        "status 1 if there are any. Nothing is changed."
    )

    def handle(self, *args: object, **options: Any) -> None:
        count = 0
        for aliases in batches(not_own(Alias.objects.filter(active=True))):
            for finding in check(aliases):
                count += 1
                self.stdout.write(finding_text(finding, EVERYTHING))
        if count:
            text = ngettext(
                "%(count)s alias needs attention.", "%(count)s aliases need attention.", count
            )
            raise CommandError(text % {"count": number(count)})
        self.stdout.write("Every alias forwards to addresses that exist, and none is a loop.")
