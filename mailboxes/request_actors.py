"""Who sends a request, and from where."""

from django.conf import settings
from django.http import HttpRequest

from mailboxes.access.grants import scope_of
from mailboxes.access.scope import Scope
from mailboxes.audit.actors import ADMINISTRATOR, OWNER, Actor


def client_address(request: HttpRequest) -> str:
    """Return the client's address, from nginx if it is in front; nothing if it isn't known."""
    header = "HTTP_X_REAL_IP" if settings.BEHIND_PROXY else "REMOTE_ADDR"
    return request.META.get(header) or ""


def administrator(request: HttpRequest) -> Actor:
    """Return the signed-in administrator as an actor, with what the role allows."""
    name, client = request.user.get_username(), client_address(request)
    return Actor(ADMINISTRATOR, name, client, scope_of(request.user))


def mailbox_owner(request: HttpRequest, address: str) -> Actor:
    return Actor(OWNER, address, client_address(request), Scope.of_owner(address))
