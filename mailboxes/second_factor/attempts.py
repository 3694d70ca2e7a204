"""Counting wrong codes together with wrong passwords, so that both lock the same sign-in."""

from axes.handlers.proxy import AxesProxyHandler
from axes.utils import reset
from django.http import HttpRequest


def count_attempt(name: str, client: str) -> None:
    AxesProxyHandler.user_login_failed(
        count_attempt, credentials={"username": name}, request=bare_request(client)
    )


def is_locked(name: str, client: str) -> bool:
    return not AxesProxyHandler.is_allowed(bare_request(client), {"username": name})


def forget_attempts(name: str, client: str) -> None:
    reset(username=name, ip=client)


def bare_request(client: str) -> HttpRequest:
    """Return a request without data, because axes stores what it finds there."""
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": client, "HTTP_X_REAL_IP": client}
    return request
