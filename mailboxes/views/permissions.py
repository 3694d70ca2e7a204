"""Which pages need more than an administrator's session."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from mailboxes.access.grants import scope_of

View = Callable[..., HttpResponseBase]


def allowed(action: str) -> Callable[[View], View]:
    """Answer those whose role doesn't allow this action with status 403."""

    def decorator(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not scope_of(request.user).allows(action):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorator
