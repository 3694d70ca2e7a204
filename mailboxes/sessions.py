"""What a session holds besides who is signed in: its age, and a form that has not been saved."""

import time
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.http import HttpRequest, QueryDict
from django.urls import reverse

STARTED, LAST_REQUEST, UNSAVED = "started", "last_request", "unsaved"
WRITE_SECONDS = 60
"""How often at most the time of the last request is written."""

LOST = "lost"
"""What the sign-in page holds in place of a form that is not kept."""

OPENED_BY = "opened_by"
"""The hidden field that says who has opened a form, in case the browser loses its session."""

SALT = "mailboxes.unsaved"
MAX_UNSAVED = 64 * 1024
"""How many characters of a form are kept at most: a thousand targets of an alias."""


def start(session: SessionBase) -> None:
    session[STARTED] = session[LAST_REQUEST] = int(time.time())


def has_ended(session: SessionBase) -> bool:
    """Say whether a session is over, and note that it was used if it isn't."""
    now = int(time.time())
    started, latest = session.get(STARTED, now), session.get(LAST_REQUEST, 0)
    if latest > now + WRITE_SECONDS:  # the clock was set back
        start(session)
        return False
    idle = settings.SESSION_IDLE_MINUTES * 60 + WRITE_SECONDS
    if now - started > settings.SESSION_HOURS * 3600 or 0 < latest < now - idle:
        return True
    if now - latest >= WRITE_SECONDS:
        session[STARTED], session[LAST_REQUEST] = started, now
    return False


def note_user(request: HttpRequest) -> None:
    """Remember whose session this is, before anything ends it."""
    request.session_user = request.session.get(SESSION_KEY, "")  # type: ignore[attr-defined]


def opened_by(request: HttpRequest) -> str:
    """Return what the hidden field of a form contains: a user and a URL, signed."""
    return signing.dumps([str(request.user.pk), request.get_full_path()], salt=OPENED_BY)


def opener(request: HttpRequest) -> str:
    """Return who has opened the form that was posted; nobody if it is forged or of another page."""
    try:
        token = request.POST.get(OPENED_BY, "")
        user, url = signing.loads(token, salt=OPENED_BY, max_age=settings.SESSION_COOKIE_AGE)
    except signing.BadSignature:
        return ""
    return str(user) if url == request.get_full_path() else ""


def pack_form(request: HttpRequest) -> str:
    """Return what was posted, signed together with its URL and whose session it was.

    Passwords are left out. A form that is too long is not kept, nor one that might be anyone's.
    """
    user = opener(request) or getattr(request, "session_user", "")
    fields = request.POST.copy()
    for name in list(fields):
        if not is_kept(name):
            del fields[name]
    text = fields.urlencode()
    if not user or len(text) > MAX_UNSAVED:
        return ""
    return signing.dumps([user, request.get_full_path(), text], salt=SALT, compress=True)


def is_kept(name: str) -> bool:
    return "password" not in name and name not in ("csrfmiddlewaretoken", OPENED_BY)


def keep_form(session: SessionBase, packed: str) -> bool:
    """Keep a form that `pack_form` has signed for the same person, until its page is opened.

    Return False if it is none, such as LOST.
    """
    try:
        user, url, text = signing.loads(packed, salt=SALT, max_age=settings.SESSION_COOKIE_AGE)
    except signing.BadSignature:
        return False
    if user == session.get(SESSION_KEY):
        session[UNSAVED] = [url, text]
    return True


def sign_in_url(request: HttpRequest) -> str:
    """Return the sign-in page that explains why the session has ended, and leads back."""
    query = {"ended": 1, "next": request.get_full_path()}
    if request.method == "POST":
        query[LOST] = 1
    return f"{reverse('admin:login')}?{urlencode(query)}"


def take_form(request: HttpRequest) -> QueryDict | None:
    """Return what was typed on this page before the session ended, once."""
    found: Any = request.session.get(UNSAVED)
    if request.method == "GET" and found and found[0] == request.get_full_path():
        del request.session[UNSAVED]
        request.unsaved_form = QueryDict(found[1])  # type: ignore[attr-defined]
    return getattr(request, "unsaved_form", None)
