"""Asking again who it is, before something that a stranger at the keyboard must not do."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from mailboxes.second_factor.confirmation import is_confirmed

View = Callable[..., HttpResponseBase]


def recently_authenticated(view: View) -> View:
    """Ask for the password or second factor, unless that was done in the last ten minutes.

    Afterwards the same URL is opened with GET, also after a POST, whose data is not kept anywhere;
    the page that asks says so.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if is_confirmed(request) else ask(request)

    return checked


def ask(request: HttpRequest) -> HttpResponseBase:
    query = QueryDict(mutable=True)
    query["next"] = request.get_full_path()
    if request.method == "POST":
        query["repeat"] = "1"
    return redirect(f"{reverse('confirm')}?{query.urlencode(safe='/')}")
