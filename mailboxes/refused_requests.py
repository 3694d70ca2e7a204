"""What is refused before it becomes an action is logged as well."""

from django.http import HttpRequest

from mailboxes.audit.log import log_event, subject
from mailboxes.request_actors import administrator


def log_refused_request(request: HttpRequest) -> None:
    """Log the path of a page that the role doesn't have, or whose object is out of reach."""
    log_event(
        administrator(request), "administrator.refused-request", subject("page", request.path)
    )
