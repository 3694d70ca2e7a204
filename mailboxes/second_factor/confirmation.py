"""Since when a session is known to belong to the person whose it is."""

import time

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

CONFIRMED_AT = "confirmed_at"
MAX_AGE = 600
"""For how many seconds the password needn't be entered again."""


@receiver(user_logged_in)
def note_sign_in(sender: object, request: HttpRequest, **kwargs: object) -> None:
    confirm(request)


def confirm(request: HttpRequest) -> None:
    request.session[CONFIRMED_AT] = int(time.time())


def is_confirmed(request: HttpRequest) -> bool:
    age = int(time.time()) - int(request.session.get(CONFIRMED_AT, 0))
    return 0 <= age < MAX_AGE
