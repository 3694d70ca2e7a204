"""The front page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send administrators to the dashboard and everyone else to the password page."""
    is_staff = request.user.is_authenticated and request.user.is_staff
    return redirect("admin:index" if is_staff else "change-password")
