"""Asking again who it is, before something that a stranger at the keyboard must not do."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

View = Callable[..., HttpResponseBase]

AUTHENTICATED_AT = "authenticated_at"
MAX_AGE = 600
"""For how many seconds a password or second factor needn't be entered again."""


def note_sign_in(sender: object, request: HttpRequest, **kwargs: object) -> None:
    note_authentication(request)


def note_authentication(request: HttpRequest) -> None:
    request.session[AUTHENTICATED_AT] = int(time.time())


def did_recently_authenticate(request: HttpRequest) -> bool:
    age = int(time.time()) - int(request.session.get(AUTHENTICATED_AT, 0))
    return 0 <= age < MAX_AGE


def reauthentication_required(view: View) -> View:
    """Ask for the password or second factor, unless that was done in the last ten minutes.

    Afterwards the same URL is opened with GET, also after a POST, whose data is not kept anywhere;
    the page that asks says so.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if did_recently_authenticate(request):
            return view(request, *args, **kwargs)
        return redirect_to_reauthentication(request)

    return checked


def redirect_to_reauthentication(request: HttpRequest) -> HttpResponseBase:
    query = QueryDict(mutable=True)
    query["next"] = request.get_full_path()
    if request.method == "POST":
        query["repeat"] = "1"
    return redirect(f"{reverse('reauthenticate')}?{query.urlencode(safe='/')}")
