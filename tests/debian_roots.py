"""The file systems of the Debian releases, created by debootstrap.

They are kept in a cache folder, each with a Python that has what the tests need, and with
PostfixAdmin and sudo. One is created again if it is missing or its contents have changed, and the
old one is removed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from mailboxes.variants import RELEASES
from tests.machine import CHECKOUT, HOSTNAME, Machine, Root

MAIL_HOST = (
    *("mariadb-server", "postfix", "postfix-mysql", "postfix-sqlite", "sasl2-bin", "libpam-mysql"),
    *("dovecot-core", "dovecot-imapd", "dovecot-pop3d", "dovecot-lmtpd"),
    *("dovecot-mysql", "dovecot-sqlite", "libsasl2-modules", "ssl-cert", "nginx-light", "haproxy"),
    *("rsync", "apache2"),
)
COMPUTER = (
    *("systemd-sysv", "adduser", "ca-certificates", "iproute2", "openssl", "procps"),
    *("python3", "python3-venv", "python3-dev", "gcc", "libc6-dev", "pkg-config"),
    "libmariadb-dev",
)
TOOLS = ("unshare", "nsenter", "ip", "setpriv", "debootstrap")
# Units that would change the whole computer, or wait for devices or a time of day.
USELESS = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "fstrim.timer"),
    *("systemd-tmpfiles-clean.timer", "console-getty.service", "getty@.service"),
    *("systemd-modules-load.service", "modprobe@.service", "kmod-static-nodes.service"),
    *("systemd-sysctl.service", "systemd-random-seed.service", "systemd-pstore.service"),
    *("systemd-udevd.service", "systemd-udev-trigger.service", "systemd-remount-fs.service"),
    *("systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount", "systemd-logind.service"),
    *("sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-kernel-config.mount"),
    *("sys-fs-fuse-connections.mount", "dev-hugepages.mount", "dev-mqueue.mount"),
)
# servers.py and the tests of deploy/ start the database and web servers themselves.
FINISH = f"""\
apt-get clean
rm -rf /var/lib/apt/lists/*
postconf -e myhostname={HOSTNAME}
systemd-machine-id-setup
systemctl disable mariadb.service mariadb.socket nginx.service haproxy.service apache2.service
systemctl mask {" ".join(USELESS)}
"""
# Unpacked but not installed, PostfixAdmin needs no web server, no database and no answers. A folder
# /lib would cover the link of this name below it.
UNPACK = """\
system=$1 folder=$2 scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
shift 2
mkdir -p "$scratch/lists/partial" "$scratch/archives/partial"
apt() {
    apt-get -q -o Dir="$system" -o Dir::State::lists="$scratch/lists" -o Debug::NoLocking=1 \
        -o Dir::State::status="$system/var/lib/dpkg/status" -o Dir::Cache="$scratch" \
        -o APT::Sandbox::User=root "$@"
}
apt update
apt install --yes --download-only --no-install-recommends "$@"
for package in "$scratch"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar --extract --directory="$folder" --exclude=./lib
done
"""
MAKE = """\
hostname "$1"
debootstrap --variant=minbase --include="$2" "$3" "$4"
chroot "$4" sh -eu
"""
PYTHON = Path("/opt/mailadmin")
WHEELS = PYTHON / "wheels"
REQUIREMENTS = CHECKOUT / "tests/requirements.txt"
# Packages without a wheel are built in the root, by any version of this.
BUILDER = "setuptools"
UNPACKED = ("postfixadmin", "php-cli", "php-mysql", "sudo")


def get_root(release: str, config: pytest.Config) -> Root:
    """Return the root of a release; without it skip the test, or under CI=true fail it."""
    lacks = [tool for tool in TOOLS if not shutil.which(tool)]
    reason = f"needs {', '.join(lacks)}; ./deploy/test installs them" if lacks else ""
    if os.geteuid() != 0:
        reason = "needs root, to make namespaces"
    if reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    found = build_root(release, config)
    if isinstance(found, Exception):
        raise found
    return found


@cache
def build_root(release: str, config: pytest.Config) -> Root | Exception:
    """Return the root, or the error; it may take minutes."""

    def say(sentence: str) -> None:
        capture = config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            print(f"\n{sentence}", file=sys.stderr, flush=True)

    codename = RELEASES[release].codename
    packages = ",".join(MAIL_HOST + COMPUTER)
    try:
        with release_lock(codename):
            system = cached_folder(
                codename,
                MAKE + FINISH + packages,
                lambda folder: debootstrap(codename, packages, folder),
                say,
            )
            python = cached_folder(
                f"{system.name}-python",
                REQUIREMENTS.read_text() + BUILDER,
                lambda folder: add_python(system, folder),
                say,
            )
            unpacked = cached_folder(
                f"{system.name}-unpacked",
                UNPACK + " ".join(UNPACKED),
                lambda folder: unpack(system, folder),
                say,
            )
            root = Root((unpacked, python, system), str(PYTHON / "bin/python"))
            add_bytecode(root)
    except Exception as error:
        return error
    return root


def cache_folder() -> Path:
    place = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(place, "mailadmin")


@contextmanager
def release_lock(codename: str) -> Iterator[None]:
    """Make other processes wait for the same release."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / f"lock-{codename}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cached_folder(
    family: str, content: str, make: Callable[[Path], None], say: Callable[[str], None]
) -> Path:
    """Return the folder for this content, created if missing and locked for this process."""
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    folder = cache_folder() / f"{family}-{digest}"
    if not folder.exists():
        say(f"Creating {folder} for the tests. This takes minutes, but only once.")
        for other in cache_folder().glob(f"{family}-*"):
            remove_unless_held(other)
        partial = cache_folder() / f"{family}-partial"
        partial.mkdir()
        partial.chmod(0o755)
        make(partial)
        partial.rename(folder)
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_SH)  # open until the process ends
    return folder


def remove_unless_held(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except BlockingIOError:
        pass  # another run of the tests is using it
    finally:
        os.close(handle)


def run(what: str, *command: str | Path, stdin: str = "") -> str:
    """Run a command that ends with this process at the latest, and return what it says."""
    done = subprocess.run(
        ["setpriv", "--pdeathsig=KILL", "--", *command],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-20:])
        raise RuntimeError(f"{what} failed; its own last words:\n{last}")
    return done.stdout


def debootstrap(codename: str, packages: str, folder: Path) -> None:
    run(
        f"debootstrap {codename}",
        *("unshare", "--mount", "--uts", "--pid", "--mount-proc", "--fork", "--kill-child"),
        *("sh", "-euc", MAKE, "sh", HOSTNAME, packages, codename, folder),
        stdin=FINISH,
    )


def add_python(system: Path, folder: Path) -> None:
    """Put a Python with the tests' packages into a folder that is laid over the system."""
    ours = folder / PYTHON.relative_to("/")
    wheels = ours / WHEELS.name
    wheels.mkdir(parents=True)
    shutil.copy(REQUIREMENTS, wheels)
    with Machine(Root((system,), "python3"), boots=False) as machine:
        version = machine.run(
            ["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        )
        fetch(wheels, version.stdout.strip())
        shutil.copytree(ours, machine / str(PYTHON))
        machine.run(["python3", "-m", "venv", PYTHON])
        install: list[str | Path] = [
            PYTHON / "bin/python",
            "-m",
            "pip",
            "install",
            "--no-index",
            "--find-links",
            WHEELS,
        ]
        wanted: list[str | Path] = ["--require-hashes", "--requirement", WHEELS / REQUIREMENTS.name]
        machine.run([*install, *wanted], timeout=600)
        shutil.copytree(machine / str(PYTHON), ours, symlinks=True, dirs_exist_ok=True)


def unpack(system: Path, folder: Path) -> None:
    """Unpack packages into a folder that is laid over the system."""
    run("apt-get", "sh", "-euc", UNPACK, "sh", system, folder, *UNPACKED)


def add_bytecode(root: Root) -> None:
    """Put what the root's Python compiles of the panel beside its sources, where it is missing.

    A machine loses it, and the panel's account can't write it: each command would compile again.
    """
    with Machine(root, boots=False) as machine:
        packages = [machine.checkout / name for name in ("mailadmin", "mailboxes")]
        machine.run([root.python, "-m", "compileall", "-q", *packages])
        there = machine / str(machine.checkout)
        for compiled in there.glob("mail*/**/*.pyc"):
            ours = CHECKOUT / compiled.relative_to(there)
            if not ours.exists() or ours.stat().st_mtime < compiled.stat().st_mtime:
                partial = ours.with_suffix(".partial")  # others may be reading it
                partial.parent.mkdir(exist_ok=True)
                shutil.copy2(compiled, partial)
                partial.rename(ours)


def fetch(wheels: Path, version: str) -> None:
    """Download with the pip of this computer, which knows the way to the packages from here."""
    download: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-input",
        "--dest",
        wheels,
    ]
    wanted: list[str | Path] = ["--require-hashes", "--requirement", REQUIREMENTS]
    run("pip", *download, "--no-deps", "--python-version", version, *wanted)
    run("pip", *download, BUILDER)
