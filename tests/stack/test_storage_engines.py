"""Mail tables in MyISAM are not changed, because nothing can be rolled back there."""

from pathlib import Path

import pytest

from tests.machine import Machine
from tests.mailhost import PANEL_ENV
from tests.servers import MariaDB

pytestmark = pytest.mark.stack
# One process for all of it: after the table is converted, no restart is needed.
SCRIPT = """
import subprocess
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from mailboxes import actions
from mailboxes.conf import mail_host
from mailboxes.passwords.schemes import make_password
from mailboxes.audit.models import Entry
from mailboxes.errors import Refused
from mailboxes.models import Domain, Mailbox
from tests.conftest import STATIC
from tests.racing import PASSWORD, TESTER, create_domain, create_mailbox

settings.STORAGES["staticfiles"] = {"BACKEND": STATIC}

def alter(engine):
    subprocess.run(["mariadb", "mail", "-e", f"ALTER TABLE alias ENGINE={engine}"], check=True)

def attempt(action, *arguments):
    try:
        print(action.__name__, getattr(action(*arguments), "refused", "done"))
    except Refused as error:
        print(action.__name__, error)

rita = Client()
rita.force_login(User.objects.create_superuser("rita"))

def show_notice():
    page = rita.get("/admin/").content.decode()
    print("dashboard", "storage engine MyISAM" in page.partition('id="latest"')[0])

def ask_as_owner():
    new = PASSWORD + " of Anna"
    form = {"address": "anna@example.org", "current_password": PASSWORD}
    answer = Client().post("/password/", form | {"new_password1": new, "new_password2": new})
    page = answer.content.decode()
    text = "Passwords can&#x27;t be changed at the moment. Please contact your administrator."
    print("owner", answer.status_code, text in page, "ALTER" in page)

alter("MyISAM")
attempt(create_domain, "example.org")
Domain.objects.create(domain="example.org")
mailbox = Mailbox(username="anna@example.org", domain_id="example.org", maildir="x")
mailbox.password = make_password(PASSWORD, mail_host().scheme.handler)
mailbox.save()
attempt(create_mailbox, "bob@example.org")
attempt(actions.set_active_in_bulk, TESTER, [mailbox], False)
show_notice()
ask_as_owner()
call_command("check", databases=["mail"], fail_level="ERROR")
alter("InnoDB")
attempt(create_mailbox, "bob@example.org")
show_notice()
ask_as_owner()
entries = Entry.objects.filter(action="mailbox.create").order_by("seq")
print(*entries.values_list("phase", flat=True))
"""
REASON = (
    "Nothing can be changed: the table “alias” uses the storage engine MyISAM, which can't roll "
    "back a failed change. On the database host, run: ALTER TABLE alias ENGINE=InnoDB;"
)


def test_tables_that_cannot_be_rolled_back_are_not_changed(
    machine: Machine,
    tables: MariaDB,
) -> None:
    command: list[str | Path] = [machine.python, machine.checkout / "manage.py", "shell", "-v0"]
    env = PANEL_ENV | {"ALLOWED_HOSTS": "testserver"}
    done = machine.run([*command, "-c", SCRIPT], env=env)
    lines = done.stdout.splitlines()
    assert lines[:2] == [f"create_domain {REASON}", f"create_mailbox {REASON}"]
    assert lines[2].startswith("set_active_in_bulk [(<Mailbox") and "MyISAM" in lines[2]
    assert lines[3:5] == ["dashboard True", "owner 200 True False"]
    assert "(mailboxes.W002)" in done.stderr and REASON in done.stderr
    assert lines[-4:-1] == ["create_mailbox done", "dashboard False", "owner 302 False False"]
    assert lines[-1] == "begun refused begun done"
