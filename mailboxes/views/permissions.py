"""Which pages only superusers may open."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

View = Callable[[HttpRequest], HttpResponseBase]


def superuser_required(view: View) -> View:
    """Answer anyone else with status 403."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_superuser:
            raise PermissionDenied
        return view(request)

    return checked
