"""Choosing the language."""

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views import i18n


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Do what Django does, but return to the panel's own start page if no page is named."""
    response = i18n.set_language(request)
    if response.headers.get("Location") == "/":
        response.headers["Location"] = reverse("home")
    return response
