"""Guesses at the password page, for `manage.py shell` with a database of its own."""

PREPARE = """\
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from django.conf import settings
from django.test import Client
from mailboxes.audit.models import Entry
from mailboxes.throttle import gate

gate.AT_ONCE, gate.MAX_CHARGE = 20, 0
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
settings.ALLOWED_HOSTS = ["testserver"]
new = {"new_password1": "quite another password", "new_password2": "quite another password"}

def guess(address, password):
    data = {"address": address, "current_password": password, **new}
    return Client(raise_request_exception=False).post("/password/", data).status_code

"""
BURST = f"""{PREPARE}
def guess_at_once(address, barrier):
    barrier.wait()
    return guess(address, "wrong")

Client().get("/password/")
for number in range(3):
    barrier, address = Barrier(20), f"anna{{number}}@example.org"
    with ThreadPoolExecutor(20) as pool:
        found = [pool.submit(guess_at_once, address, barrier) for _ in range(20)]
    answers = {{one.result() for one in found}}
    checked = Entry.objects.filter(action="mailbox.failed-sign-in", actor=address).count()
    print(checked if answers == {{200, 429}} else answers)
"""
"""Twenty guesses at once, thrice; prints how many were checked."""

GUESSES = f"""{PREPARE}
for password in ("wrong", "four unrelated words", "wrong", "wrong", "wrong", "wrong"):
    print(guess("anna@example.org", password))
"""
"""A wrong guess, the right password, and four more wrong ones; prints the answers."""
