"""The second factor that a session was opened with."""

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

SECOND_FACTOR = "second_factor"


def note_second_factor(request: HttpRequest, row: Authenticator) -> None:
    request.session[SECOND_FACTOR] = row.pk


def had_second_factor(request: HttpRequest) -> bool:
    """Say whether a second factor was used, even if it has been removed since."""
    return SECOND_FACTOR in request.session


def has_second_factor_left(request: HttpRequest) -> bool:
    """Say whether the second factor that was used, or the set of codes, is still the person's."""
    pk = request.session.get(SECOND_FACTOR)
    return bool(Authenticator.objects.filter(pk=pk, user_id=request.user.pk).exists())


def replace_removed_factor(request: HttpRequest, row: Authenticator | None) -> None:
    """Go on with another factor, or none, if this session has removed the one that it used."""
    if has_second_factor_left(request):
        return
    request.session.pop(SECOND_FACTOR, None)
    if row:
        note_second_factor(request, row)
