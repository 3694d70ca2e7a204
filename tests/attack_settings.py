"""The panel without limits on attempts and with a quick hash, so that attacks get to its forms."""

from django.conf import settings

from mailadmin.wsgi import application
from mailboxes.throttle import attempts

__all__ = ["application"]

attempts.PAIR = attempts.NETWORK = attempts.ACCOUNT = attempts.Limit(10**9, 60)
QUICK = "django.contrib.auth.hashers.MD5PasswordHasher"
settings.PASSWORD_HASHERS = [QUICK, *settings.PASSWORD_HASHERS]
