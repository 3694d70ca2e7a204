"""manage.py countfigures"""

from typing import Any

from mailboxes import actions
from mailboxes.formats import number
from mailboxes.management.base import MailCommand


class Command(MailCommand):
    help = (
        "Count mailboxes, storage, password schemes, sign-ins and changes for the charts on the "
        "dashboard. Run it once a day, as deploy/mailadmin-figures.timer does."
    )

    def handle(self, *args: object, **options: Any) -> None:
        count = actions.count_figures()
        self.stdout.write(f"Counted the figures of today. Domains: {number(count)}.")
