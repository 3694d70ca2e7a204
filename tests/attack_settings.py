"""The panel without limits on attempts or time, and with a quick hash: attacks reach its forms."""

from django.conf import settings

from mailadmin.wsgi import application
from mailboxes.second_factor import reauthentication, sign_in_steps
from mailboxes.throttle import attempts, gate
from mailboxes.throttle.limits import Limit

__all__ = ["application"]

for name in ("PAIR", "NETWORK", "ACCOUNT", "CODES"):
    setattr(attempts, name, Limit(10**9, 60))
reauthentication.MAX_AGE = sign_in_steps.CODE_SECONDS = 24 * 3600
gate.SHARE = gate.AT_ONCE = 10**9
QUICK = "django.contrib.auth.hashers.MD5PasswordHasher"
settings.PASSWORD_HASHERS = [QUICK, *settings.PASSWORD_HASHERS]
