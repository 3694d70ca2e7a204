"""The commands of docs/runbook.md, on an empty machine where install-service has been run."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import CompletedProcess

import pytest

from tests import debian_roots
from tests.machine import CHECKOUT, Machine, wait_until
from tests.mailhost import releases
from tests.production import FROM_HERE, SERVED, SITE, Visitor, install, signs_in

pytestmark = pytest.mark.stack

RUNBOOK, BACKUP = ((CHECKOUT / f"docs/{name}.md").read_text() for name in ("runbook", "backup"))
CHOSEN = "a quite other secret 77"
NEW_SITE = "new.example.org"
LIVE = "/etc/letsencrypt/live"
# createsuperuser asks nothing else than a terminal, and getpass forgets what was typed before.
AT_A_TERMINAL = """\
import os, pty, sys
password = sys.stdin.read()
process, terminal = pty.fork()
if not process:
    os.execv(sys.argv[1], sys.argv[1:])
asked = ("root", "eva"), ("Email", ""), ("Password:", password), ("again", password)
for prompt, answer in asked:
    seen = ""
    while not seen.endswith(": ") or prompt not in seen:
        seen += os.read(terminal, 1).decode()
    os.write(terminal, f"{answer}\\n".encode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
"""


def printed(fragment: str, text: str = RUNBOOK) -> str:
    """Return the commands that the text prints and that are or contain this: a span or a block."""
    spans = re.findall(r"`([^`]+)`", text)
    blocks = re.findall(r"(?:^ {4,}\S.*\n)+", text, re.MULTILINE)
    code = {re.sub(r"(?m)^ +", "", one) for one in [*spans, *blocks]}
    found = {one for one in code if fragment in one}
    found &= {fragment} if fragment in code else found
    assert len(found) == 1, (fragment, found)
    return found.pop()


@dataclass
class Service:
    """A panel in production, and its first administrator."""

    machine: Machine
    output: str
    password: str
    site: str = SITE
    visits: int = 0

    def shell(self, commands: str, input: str = "", check: bool = True) -> CompletedProcess[str]:
        script = f"set -e\n{printed('manage() {')}\n{commands}\n"
        return self.machine.run(
            ["sh", "-c", script], env=FROM_HERE, input=input, check=check, timeout=600
        )

    def follow(self, fragment: str, input: str = "", **values: str) -> str:
        """Run what the runbook says, with values in place of its words in capitals."""
        commands = printed(fragment)
        for name, value in {SITE: self.site, **values}.items():
            commands = commands.replace(name, value)
        return self.shell(commands, input).stdout

    @property
    def env(self) -> str:
        return (self.machine / f"{SERVED}/.env").read_text()

    @env.setter
    def env(self, text: str) -> None:
        (self.machine / f"{SERVED}/.env").write_text(text)

    def health(self) -> int:
        return Visitor(self.machine, self.site).ask("GET", "/healthz")[0].status

    def signs_in(self, password: str = "", name: str = "admin", client: str = "") -> bool:
        """Try it, usually from an address of which nginx has counted no attempts."""
        self.visits += 1
        visitor = Visitor(self.machine, self.site, client or f"127.0.2.{self.visits}")
        return signs_in(visitor, password or self.password, name)


@pytest.fixture(scope="module", params=releases()[:1])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    root = debian_roots.get_root(request.param, request.config)
    with Machine(root) as machine:
        for site in (SITE, NEW_SITE):
            make_certificate(machine, site)
        output = install(machine, "--host", SITE, "--variant", "v1").stdout
        found = re.search(r"^  username  admin\n  password  (\S+)$", output, re.MULTILINE)
        assert found
        yield Service(machine, output, found[1])


def make_certificate(machine: Machine, site: str) -> None:
    """Put one where certbot would, in place of an earlier one."""
    live = f"{LIVE}/{site}"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", f"{live}/privkey.pem", "-out", f"{live}/fullchain.pem"]
    machine.run(["mkdir", "-p", live])
    machine.run(["openssl", "req", "-x509", *key, "-days", "9", "-subj", f"/CN={site}", *files])


def test_the_installation_makes_databases_without_telling_their_password(service: Service) -> None:
    url = r"^DATABASE_URL=mysql://mailadmin:(\S+)@localhost/mailadmin$"
    secret = re.search(url, service.env, re.MULTILINE)
    assert secret and len(secret[1]) >= 16 and secret[1] not in service.output
    assert service.shell("systemctl is-enabled mariadb").stdout == "enabled\n"


def test_the_older_systemd_accepts_the_units(service: Service) -> None:
    folder = service.machine / "etc/systemd/system"
    units = sorted(path.name for path in folder.glob("mailadmin*.*"))
    assert len(units) == 10
    done = service.machine.run(["systemd-analyze", "verify", "--man=no", *units])
    assert done.stdout + done.stderr == ""


def test_the_panel_is_served_again_after_a_reboot(service: Service) -> None:
    service.machine.reboot()
    wait_until(lambda: service.health() == 200, "the panel is served")
    assert service.signs_in()


def test_who_is_locked_out_is_let_in_again(service: Service) -> None:
    client = "127.0.3.1"
    assert not any(service.signs_in("wrong", client=client) for _ in range(5))
    assert not service.signs_in(client=client)
    assert service.follow("unlock NAME", NAME="admin") == "Unlocked admin.\n"
    wait_until(lambda: service.signs_in(client=client), "the panel has forgotten it, too")


def test_a_forgotten_administrator_gets_a_new_password_or_a_successor(service: Service) -> None:
    service.follow("changepassword NAME", f"{CHOSEN}\n{CHOSEN}\n", NAME="admin")
    assert service.signs_in(CHOSEN) and not service.signs_in()
    service.follow("changepassword NAME", f"{service.password}\n" * 2, NAME="admin")
    command = printed("createsuperuser").replace("manage ", ".venv/bin/python manage.py ")
    service.shell(f"{service.machine.python} -c '{AT_A_TERMINAL}' {command}", CHOSEN)
    assert service.signs_in(CHOSEN, "eva")
    done = service.shell(printed("resetsecondfactor").replace("NAME", "admin"), check=False)
    assert done.stderr == "CommandError: admin has no second factor.\n"


def test_without_its_database_the_panel_waits_and_recovers_by_itself(service: Service) -> None:
    service.shell("systemctl stop mariadb")
    try:
        wait_until(lambda: service.health() == 503, "the panel notices it")
        assert "active" in service.shell(printed("systemctl status mariadb"), check=False).stdout
    finally:
        service.shell("systemctl start mariadb")
    wait_until(lambda: service.health() == 200, "the panel works again")
    service.shell("mariadb --execute='SET GLOBAL read_only = 1'")
    try:
        assert service.follow("SELECT @@read_only").split() == ["@@read_only", "1"]
        done = service.shell("manage createdomain example.com", check=False)
        assert done.returncode == 1 and "--read-only" in done.stderr
    finally:
        service.shell("mariadb --execute='SET GLOBAL read_only = 0'")
    assert service.signs_in()


def test_what_a_full_disk_has_stopped_is_done_afterwards(service: Service) -> None:
    folder = "/var/backups/mailadmin"
    owner = "uid=$(id -u mailadmin),gid=$(id -g mailadmin),mode=700"
    service.shell(f"mkdir -p {folder}; mount -t tmpfs -o size=4k,{owner} full {folder}")
    backup = printed("systemctl start mailadmin-backup")
    try:
        assert service.shell(backup, check=False).returncode == 1
        assert "mailadmin-backup.service" in service.follow("systemctl --failed")
        assert "No space left" in service.shell("journalctl -u mailadmin-backup -o cat").stdout
        assert service.shell(f"ls {folder}").stdout == ""
        assert service.signs_in()
    finally:
        service.shell(f"umount {folder}")
    service.shell(backup)
    assert "mailadmin" not in service.follow("systemctl --failed")


def test_lost_settings_come_back_from_a_backup(service: Service) -> None:
    before = service.env
    service.shell(".venv/bin/python manage.py backup /root/backup.tar.gz; rm .env")
    lost = install(service.machine, check=False)
    assert lost.returncode == 1 and "restore it from a backup" in lost.stderr
    service.follow("tar -xzOf FILE", FILE="/root/backup.tar.gz")
    stated = service.machine.run(["stat", "-c", "%U:%G %a", SERVED / ".env"]).stdout
    assert (service.env, stated) == (before, "root:mailadmin 640\n")
    assert service.signs_in()


def test_lost_settings_are_made_anew_and_the_log_needs_the_old_key(service: Service) -> None:
    before = service.env
    names = "DATABASE_URL|MAIL_DATABASE_URL|MAIL_HOSTNAME|MAIL_RELEASE|MAIL_VARIANT"
    known = "\n".join(re.findall(rf"^(?:{names})=.*$", before, re.MULTILINE))
    (service.machine / "root/known").write_text(f"{known}\n")
    editor = "sed -i /^MAIL_HOSTNAME=/d .env; cat /root/known >>"
    commands = printed("deploy/env.example .env").replace("editor ", editor)
    service.shell(f"rm .env\n{commands.replace(SITE, service.site)}")
    assert service.signs_in()
    broken = service.shell(printed("verifylog"), check=False)
    assert broken.returncode == 1 and "Entry 1 of the log" in broken.stderr
    keys = re.findall(r"^SECRET_KEY(?:_FALLBACKS)?=(.+)$", before, re.MULTILINE)
    service.env += f"{printed('SECRET_KEY_F')}={','.join(keys)}\n"
    assert service.follow("verifylog").startswith("The log is intact.")


def test_the_database_account_gets_another_password(service: Service) -> None:
    statement = printed("ALTER USER").replace("…", "another-password")
    service.machine.run(["mariadb"], input=statement)
    wait_until(lambda: service.health() == 503, "the panel notices it")
    service.env = re.sub(r"(mysql://mailadmin:)\w+@", r"\1another-password@", service.env)
    service.follow("systemctl restart mailadmin")
    wait_until(lambda: service.health() == 200, "the panel works again")
    assert service.signs_in()


def test_nginx_serves_a_renewed_certificate(service: Service) -> None:
    def is_served() -> bool:
        with service.machine.network():
            found = ssl.get_server_certificate(("127.0.0.1", 443))
        expected = (service.machine / f"{LIVE}/{service.site}/fullchain.pem").read_text()
        return found.split() == expected.split()

    assert is_served()
    make_certificate(service.machine, service.site)
    assert not is_served()
    service.follow("systemctl reload nginx")
    wait_until(is_served, "the new certificate")


def test_the_panel_moves_to_a_machine_with_another_name(service: Service) -> None:
    """That is, to one where nothing is left of what it had."""

    def follow(fragment: str) -> str:
        return service.shell(printed(fragment, BACKUP).replace("FILE", "/root/moved.tar.gz")).stdout

    service.shell("manage createdomain moved.example")
    follow("manage.py backup FILE\n")
    uninstall(service)
    service.machine.run(["mariadb"], input="DROP DATABASE mail; DROP DATABASE mailadmin;")
    service.shell("rm -r .env var")
    service.site = NEW_SITE
    install(service.machine, "--host", service.site)
    assert not service.signs_in()
    # As after the move: the name is the old one again.
    stop, restore, _, again = printed("--take-settings\n", BACKUP).splitlines()
    service.shell("\n".join((stop, restore)).replace("FILE", "/root/moved.tar.gz"))
    assert f"\nALLOWED_HOSTS={SITE}\n" in service.env and "`ALLOWED_HOSTS`" in BACKUP
    service.env = service.env.replace(f"ALLOWED_HOSTS={SITE}", f"ALLOWED_HOSTS={service.site}")
    with elsewhere(service):
        said = service.shell(again).stdout
    assert f"https://{service.site}/admin/" in said and "Installing Debian packages" not in said
    assert service.signs_in()
    assert service.follow("verifylog").startswith("The log is intact.")
    found = service.machine.run(["mariadb", "mail"], input="SELECT domain FROM domain")
    assert "moved.example" in found.stdout
    assert "*Bad request*" in RUNBOOK
    old = Visitor(service.machine, SITE)
    assert old.ask("GET", "/admin/login/")[0].status == 400
    service.env = service.env.replace("ALLOWED_HOSTS=", f"{printed('ALLOWED_HOSTS')}={SITE},")
    service.follow("systemctl restart mailadmin")
    wait_until(lambda: old.ask("GET", "/admin/login/")[0].status == 200, "the old name is served")


@contextmanager
def elsewhere(service: Service) -> Iterator[None]:
    """The database server, as far as the installation can tell: it runs, but isn't installed."""
    listed, usual = service.machine / "var/lib/dpkg/status", service.env
    before = listed.read_text()
    title = "Package: mariadb-server\nStatus: "
    assert title in before
    listed.write_text(
        before.replace(f"{title}install ok installed", f"{title}deinstall ok config-files")
    )
    service.shell("mv /usr/sbin/mariadbd /usr/sbin/mariadbd.away")
    service.env = usual.replace("@localhost/", "@127.0.0.1/")
    yield
    service.env = usual
    service.shell("mv /usr/sbin/mariadbd.away /usr/sbin/mariadbd")
    listed.write_text(before)


def uninstall(service: Service) -> None:
    gone = install(service.machine, "--uninstall").stdout
    assert f"  {SERVED}/.env " in gone and "databases" in gone
    listed = ["systemctl", "list-unit-files", "--no-legend", "mailadmin*"]
    assert service.machine.run(listed, check=False).stdout == ""
    assert not (service.machine / "etc/nginx/sites-available/mailadmin").exists()
    assert service.machine.run(["mariadb", "mail"], input="SELECT domain FROM domain").stdout
