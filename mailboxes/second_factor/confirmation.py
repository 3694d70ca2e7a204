"""What a session has proven: who it is, and since when, and that a second factor was used."""

import time

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

CONFIRMED_AT, WITH_SECOND_FACTOR = "confirmed_at", "with_second_factor"
MAX_AGE = 600
"""For how many seconds a password or second factor needn't be entered again."""


@receiver(user_logged_in)
def note_sign_in(sender: object, request: HttpRequest, **kwargs: object) -> None:
    confirm(request)


def confirm(request: HttpRequest) -> None:
    request.session[CONFIRMED_AT] = int(time.time())


def is_confirmed(request: HttpRequest) -> bool:
    age = int(time.time()) - int(request.session.get(CONFIRMED_AT, 0))
    return 0 <= age < MAX_AGE


def note_second_factor(request: HttpRequest) -> None:
    request.session[WITH_SECOND_FACTOR] = True


def had_second_factor(request: HttpRequest) -> bool:
    return bool(request.session.get(WITH_SECOND_FACTOR))
