"""manage.py cleanup"""

from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone

from mailboxes.formats import number
from mailboxes.management.base import MailCommand
from mailboxes.throttle import attempts
from mailboxes.transfer import preparation


class Command(MailCommand):
    help = (
        "Delete what has expired in the panel's own database: sessions, counted sign-in attempts, "
        "and imports that were prepared more than a day ago. A timer runs it every day."
    )

    def handle(self, *args: object, **options: Any) -> None:
        sessions = Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
        counters = attempts.delete_expired()
        imports = preparation.delete_expired()
        self.stdout.write(
            f"Deleted what has expired: sessions {number(sessions)}, sign-in attempts "
            f"{number(counters)}, prepared imports {number(imports)}."
        )
