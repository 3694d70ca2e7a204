"""Entry point for gunicorn."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")
handler = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  # loads all pages once, and not in each worker


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request below BASE_PATH, whether the proxy has removed that from the path or not."""
    path = environ["PATH_INFO"]
    if settings.BASE_PATH and path.startswith(f"{settings.BASE_PATH}/"):
        environ["PATH_INFO"] = path.removeprefix(settings.BASE_PATH)
    return handler(environ, start_response)
