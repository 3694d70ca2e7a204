"""The panel without limits on attempts and with a quick hash, so that attacks get to its forms."""

from django.conf import settings

from mailadmin.wsgi import application
from mailboxes.throttle import attempts, gate
from mailboxes.throttle.limits import Limit

__all__ = ["application"]

for name in ("PAIR", "NETWORK", "ACCOUNT"):
    setattr(attempts, name, Limit(10**9, 60))
gate.SHARE = gate.AT_ONCE = 10**9
QUICK = "django.contrib.auth.hashers.MD5PasswordHasher"
settings.PASSWORD_HASHERS = [QUICK, *settings.PASSWORD_HASHERS]
