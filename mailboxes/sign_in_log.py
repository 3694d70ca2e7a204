"""Sign-ins of administrators and owners: each is logged, failed ones with name and client."""

import json
import logging
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse

from mailboxes import sessions
from mailboxes.access.self_service import is_demanded
from mailboxes.accounts import AccountKind
from mailboxes.audit.actors import ADMINISTRATOR, OWNER, Actor
from mailboxes.audit.log import log_event, subject
from mailboxes.request_actors import client_address

logger = logging.getLogger(__name__)


def log_sign_in(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    actor = Actor(ADMINISTRATOR, user.get_username(), client_address(request))
    sessions.start(request.session)
    log_event(actor, "administrator.sign-in", subject(ADMINISTRATOR, user.get_username()))
    if is_demanded(AccountKind.ADMINISTRATOR, user.get_username()):
        request.session["is_temporary"] = True


def log_failed_sign_in(
    sender: object,
    credentials: dict[str, Any],
    request: HttpRequest | None = None,
    **kwargs: object,
) -> None:
    """Log the name as it was typed."""
    name = str(credentials.get("username") or "")
    client = client_address(request) if request else ""
    is_owner = request is not None and request.path.startswith(reverse("change-password"))
    kind, model = (OWNER, "mailbox") if is_owner else (ADMINISTRATOR, ADMINISTRATOR)
    log_event(Actor(kind, name, client), f"{model}.failed-sign-in", subject(model, name))
    from mailboxes.metrics import FAILED_SIGN_INS  # which commands needn't load

    FAILED_SIGN_INS.labels(model).inc()
    write_failure_to_journal(name, client)


def write_failure_to_journal(name: str, client: str) -> None:
    """Write the line that deploy/fail2ban.conf matches."""
    logger.warning("Failed sign-in from %s as %s", client, json.dumps(name[:255]))
