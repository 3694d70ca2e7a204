"""The Debian package: built twice, installed without a compiler, upgraded, removed, purged."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import debian_roots
from tests.machine import Machine, wait_until
from tests.mailhost import newest_release
from tests.production import FROM_HERE, SERVED, SITE, Visitor, signs_in

pytestmark = pytest.mark.stack

DATA = "/var/lib/mailadmin"
MAINTAINER = "panel@example.org"
CONTAINED = (
    *("ProtectSystem=strict", f"ReadWritePaths={DATA}", "PrivateTmp=yes"),
    *("NoNewPrivileges=yes", "CapabilityBoundingSet="),
)


def build(machine: Machine, folder: str, sources: str) -> Path:
    """Return where the package is that was built from sources without git."""
    machine.run(["mkdir", folder])
    env = {**FROM_HERE, "SOURCE_DATE_EPOCH": "1795800000", "DEBEMAIL": MAINTAINER}
    machine.run([f"{sources}/deploy/build-deb", folder], env=env, timeout=600)
    (package,) = (machine / folder).iterdir()
    return Path(folder, package.name)


@pytest.fixture(params=newest_release())
def packaged(request: pytest.FixtureRequest) -> Iterator[tuple[Machine, Path]]:
    """A machine with a package, and without what could build one."""
    with Machine(debian_roots.get_root(request.param, request.config)) as machine:
        machine.run(["rm", "-rf", SERVED / ".git"])
        package = build(machine, "/root/first", f"{SERVED}")
        machine.run(["cp", "-r", SERVED, "/opt/elsewhere"])
        again = build(machine, "/root/second", "/opt/elsewhere")
        assert (machine / f"{package}").read_bytes() == (machine / f"{again}").read_bytes()
        machine.run(["rm", "-rf", "/usr/bin/gcc", debian_roots.WHEELS, "/opt/elsewhere"])
        yield machine, package


def apt(machine: Machine, *arguments: str | Path, check: bool = True) -> str:
    command: list[str | Path] = ["apt-get", "-q", "-y", *arguments]
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    done = machine.run(command, env=env, check=check, timeout=300)
    return done.stdout + done.stderr


def upgrade(machine: Machine, package: Path) -> None:
    """Install the package over itself; it can't migrate until its settings are right again."""
    env = machine / "etc/mailadmin/env"
    usual = env.read_text()
    env.write_text(usual.replace("BEHIND_PROXY=true", "BEHIND_PROXY=maybe"))
    failed = apt(machine, "--reinstall", "install", package, check=False)
    assert "BEHIND_PROXY is “maybe”" in failed and "The panel could not be upgraded" in failed
    assert Visitor(machine).ask("GET", "/healthz")[0].status == 502
    examined = machine.run(["systemctl", "start", "mailadmin-doctor.service"], check=False)
    assert examined.returncode != 0
    env.write_text(usual)
    machine.run(["dpkg", "--configure", "mailadmin"])
    assert Visitor(machine).ask("GET", "/healthz")[0].status == 200


def serve_as_container(machine: Machine) -> None:
    """Run what an image runs, without privileges and read-only, as in compose.yaml."""
    script = f"{SERVED}/deploy/container"
    limits = [f"--property={limit}" for limit in CONTAINED]
    start = ["systemd-run", "--unit=image", "--uid=mailadmin", "--gid=mailadmin", *limits]
    healthy = [script, "healthy"]
    refused = machine.run(healthy, check=False)
    assert (refused.returncode, refused.stderr[:27]) == (1, "The panel does not answer: ")
    machine.run([*start, "--setenv=ENV_FILE=/etc/mailadmin/env", script])
    wait_until(lambda: machine.run(healthy, check=False).returncode == 0, "the container", 60)
    machine.run(["systemctl", "stop", "image"])


def test_a_package_serves_the_panel_and_leaves_its_data(packaged: tuple[Machine, Path]) -> None:
    machine, package = packaged
    maintainer = machine.run(["dpkg-deb", "--field", package, "Maintainer"]).stdout
    assert maintainer == f"mailadmin <{MAINTAINER}>\n"
    assert "mailadmin-setup --help" in apt(machine, "--reinstall", "install", package)
    setup = machine.run(["mailadmin-setup", "--host", SITE, "--database", "sqlite"], timeout=300)
    found = re.search(r"^  username  admin\n  password  (\S+)$", setup.stdout, re.MULTILINE)
    assert found and signs_in(Visitor(machine), found[1])
    stated = machine.run(["stat", "-c", "%U:%G %a", "/etc/mailadmin/env", f"{DATA}/panel.sqlite3"])
    assert stated.stdout == "root:mailadmin 640\nmailadmin:mailadmin 640\n"
    machine.run(["mailadmin", "createdomain", "example.com"])
    machine.run(["systemctl", "start", "mailadmin-backup.service", "mailadmin-cleanup.service"])
    upgrade(machine, package)
    serve_as_container(machine)
    (backup,) = (machine / "var/backups/mailadmin").glob("before-upgrade-*")
    assert machine.run(["mailadmin", "restore", f"/var/backups/mailadmin/{backup.name}", "--check"])
    assert "  /etc/mailadmin/env " in apt(machine, "remove", "mailadmin")
    assert not (machine / "usr/lib/mailadmin").exists()
    assert machine.run(["systemctl", "list-units", "-q", "mailadmin*"]).stdout == ""
    assert not (machine / "etc/nginx/sites-enabled/mailadmin").is_symlink()
    assert "Kept, to be deleted by hand: /var/lib/mailadmin" in apt(machine, "purge", "mailadmin")
    left = machine.run(["ls", DATA, "/etc/mailadmin"], check=False).stdout.split()
    assert left == ["/var/lib/mailadmin:", "env.purged", "mail.sqlite3", "panel.sqlite3"]
