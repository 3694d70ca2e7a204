"""/metrics for Prometheus, for those who know the token."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from mailboxes import metrics
from mailboxes.health import HEALTH


@never_cache
@require_safe
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Answer as if there were no such page, unless METRICS_TOKEN is set and was sent."""
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not constant_time_compare(sent, settings.METRICS_TOKEN):
        raise Http404
    return HttpResponse(metrics.text(HEALTH), content_type=CONTENT_TYPE_LATEST)
