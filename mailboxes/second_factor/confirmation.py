"""What a session has proven: who it is, and since when, and that a second factor was used."""

import time

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

CONFIRMED_AT, SECOND_FACTOR = "confirmed_at", "second_factor"
MAX_AGE = 600
"""For how many seconds a password or second factor needn't be entered again."""


def note_sign_in(sender: object, request: HttpRequest, **kwargs: object) -> None:
    confirm(request)


def confirm(request: HttpRequest) -> None:
    request.session[CONFIRMED_AT] = int(time.time())


def is_confirmed(request: HttpRequest) -> bool:
    age = int(time.time()) - int(request.session.get(CONFIRMED_AT, 0))
    return 0 <= age < MAX_AGE


def note_second_factor(request: HttpRequest, row: Authenticator) -> None:
    request.session[SECOND_FACTOR] = row.pk


def had_second_factor(request: HttpRequest) -> bool:
    """Say whether a second factor was used, even if it has been removed since."""
    return SECOND_FACTOR in request.session


def has_second_factor_left(request: HttpRequest) -> bool:
    """Say whether the second factor that was used, or the set of codes, is still the person's."""
    pk = request.session.get(SECOND_FACTOR)
    return bool(Authenticator.objects.filter(pk=pk, user_id=request.user.pk).exists())


def outlast(request: HttpRequest, row: Authenticator | None) -> None:
    """Go on with another factor, or none, if this session has removed the one that it used."""
    if has_second_factor_left(request):
        return
    request.session.pop(SECOND_FACTOR, None)
    if row:
        note_second_factor(request, row)
