"""A panel in a machine with its databases, whose faults it has to survive."""

from collections.abc import Mapping
from pathlib import Path

from tests.machine import Machine
from tests.servers import Panel
from tests.visitor import Visitor

LIST = "/admin/mailboxes/mailbox/"
ANNA = f"{LIST}anna_40example.org"
POPULATE = """\
from mailboxes import actions
from mailboxes.addresses import Address
from mailboxes.models import Domain
from tests.racing import TESTER, create_domain, create_mailbox
create_domain("example.org")
for number in range(NUMBER):
    create_mailbox(f"m{number:03}@example.org")
create_mailbox("anna@example.org")
"""
STATE = """\
from django.db.models import Exists, OuterRef
from mailboxes.models import Alias, Mailbox
own = Alias.objects.filter(pk=OuterRef("pk"), active=OuterRef("active"))
assert not Mailbox.objects.exclude(Exists(own)).exists(), "a mailbox and its alias differ"
print(Mailbox.objects.get(pk="anna@example.org").active)
"""
SETTLE = """\
from datetime import timedelta
from mailboxes.actions import interrupted
interrupted.PATIENCE = timedelta(0)
interrupted.settle_open_entries()
assert not interrupted.OpenEntry.objects.exists()
"""


class Site:
    """A panel with its databases, and a visitor."""

    def __init__(self, machine: Machine, env: Mapping[str, str], mailboxes: int = 0) -> None:
        self.machine = machine
        self.env = env
        machine.run(["install", "-d", machine.checkout / "var"])
        self.shell(POPULATE.replace("NUMBER", str(mailboxes)))
        self.visitor = Visitor(machine, env)
        self.panel = Panel(machine, "", env)

    def manage(self, *arguments: str) -> str:
        command: list[str | Path] = [self.machine.python, self.machine.checkout / "manage.py"]
        return self.machine.run([*command, *arguments], env=self.env).stdout

    def shell(self, code: str) -> str:
        return self.manage("shell", "-v0", "-c", code).strip()

    def disable(self) -> tuple[int, str]:
        return self.visitor.ask(f"{ANNA}/set-active/", {"active": "0"})

    def assert_it_works_again(self) -> None:
        """Without a restart: the row is as before, can be changed, and the log is complete."""
        assert self.shell(STATE) == "True"
        assert self.disable()[0] == 302 and self.shell(STATE) == "False"
        assert self.visitor.ask(f"{ANNA}/set-active/", {"active": "1"})[0] == 302
        self.shell(SETTLE)
        assert "The log is intact" in self.manage("verifylog")
