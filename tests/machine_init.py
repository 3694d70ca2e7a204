"""PID 1 of a machine: builds its root, keeps its system log, reaps, and ends with the tests.

Started by machine.py in its own namespaces. It ends when its standard input does, and the kernel
then ends everything in the machine and drops its mounts.

A machine that boots has another PID namespace inside this one, with systemd as its PID 1. Each
line on standard input boots it again with the files it has left.
"""

import os
import selectors
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}
CHROOT_OF_POSTFIX = "var/spool/postfix/dev"
NOT_CLONED = (".env", ".venv", "var")
"""What is in the checkout only where somebody has used it, and changes meanwhile."""
BOOTING = ("unshare", "--mount", "--pid", "--cgroup", "--fork", "--kill-child", "--")


class Plan(NamedTuple):
    """The arguments from machine.py, in their order."""

    how: str
    layers: str
    checkout: str
    served_at: str
    base: str
    log: str
    hostname: str


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True)


def mount(kind: str, target: Path, options: str = "mode=755") -> None:
    target.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", kind, "-o", options, "machine", target)


def overlay(lower: str, layers: Path, target: Path) -> None:
    """Show `lower` at `target`; what is written there lands in `layers`."""
    upper, work = layers / "upper", layers / "work"
    for folder in (upper, work):
        folder.mkdir(parents=True, exist_ok=True)
    mount("overlay", target, f"lowerdir={lower},upperdir={upper},workdir={work}")


def build(plan: Plan) -> Path:
    """Lay a machine over its root, with the checkout writable at its place."""
    base = Path(plan.base)
    merged = base / "root"
    served_at = merged / plan.served_at.lstrip("/")
    overlay(plan.layers, base / "system", merged)
    mount("proc", merged / "proc", "nosuid")
    mount("tmpfs", merged / "run")
    mount("tmpfs", merged / "tmp", "mode=1777")
    hide(NOT_CLONED, base / "checkout/upper")
    overlay(plan.checkout, base / "checkout", served_at)
    make_devices(merged / "dev")
    return merged


def hide(names: tuple[str, ...], upper: Path) -> None:
    """At the first boot, cover these with what an overlay writes for a deleted file."""
    if upper.exists():
        return
    upper.mkdir(parents=True)
    for name in names:
        os.mknod(upper / name, stat.S_IFCHR, os.makedev(0, 0))


def make_devices(dev: Path) -> None:
    mount("tmpfs", dev)
    os.umask(0)
    for name, minor in DEVICES.items():
        os.mknod(dev / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    os.mknod(dev / "tty", stat.S_IFCHR | 0o666, os.makedev(5, 0))
    mount("devpts", dev / "pts", "newinstance,ptmxmode=0666")
    mount("tmpfs", dev / "shm", "mode=1777")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd")):
        (dev / name).symlink_to(target)
    os.umask(0o022)


def settle(hostname: str) -> None:
    """Make it a Debian host at its first boot: names, and services may start."""
    socket.sethostname(hostname)
    for name in ("etc/hosts", "etc/hostname", "etc/resolv.conf", "usr/sbin/policy-rc.d"):
        Path("/", name).unlink(missing_ok=True)
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {hostname}\n::1 localhost\n")
    Path("/etc/hostname").write_text(f"{hostname}\n")
    Path("/etc/resolv.conf").touch()


# A machine without systemd


def listeners() -> list[socket.socket]:
    """Bind the sockets that syslog(3) writes to, also the one in Postfix's chroot."""
    found = []
    for folder in ("dev", CHROOT_OF_POSTFIX):
        path = Path("/", folder, "log")
        if path.parent.is_dir():
            path.unlink(missing_ok=True)
            found.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            found[-1].bind(str(path))
            path.chmod(0o666)
    return found


def keep_log(log: IO[bytes], ready_word: object) -> None:
    """Write each message as a line until standard input ends."""
    with selectors.DefaultSelector() as ready:
        for listener in listeners():
            ready.register(listener, selectors.EVENT_READ, listener)
        ready.register(sys.stdin.buffer, selectors.EVENT_READ)
        print(ready_word, flush=True)
        while True:
            for key, _ in ready.select():
                if key.data is None:
                    return
                message = key.data.recv(65536).partition(b">")[2]
                log.write(message.rstrip(b"\0\n") + b"\n")


def stay(plan: Plan, pid: Path) -> None:
    """Be PID 1 of a machine without systemd."""
    mount("tmpfs", Path(plan.base))
    merged = build(plan)
    with Path(plan.log).open("ab", buffering=0) as lines:
        os.chroot(merged)
        os.chdir("/")
        settle(plan.hostname)
        for folder in ("lock", "log", "sendsigs.omit.d"):
            Path("/run", folder).mkdir()
        Path("/run/lock").chmod(0o1777)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        sys.stdin.readline()
        keep_log(lines, pid)


# A machine with systemd


@contextmanager
def own_cgroup(base: Path) -> Iterator[Path]:
    """Create the group that systemd uses as its root; two can't share one."""
    mount("cgroup2", base / "cgroups", "nosuid")
    entry = Path("/proc/self/cgroup").read_text().partition("0::")[2]
    group = base / "cgroups" / entry.splitlines()[0].lstrip("/") / base.parent.name
    group.mkdir()
    try:
        yield group
    finally:
        for folder in (*sorted(group.rglob("*/"), reverse=True), group):
            remove(folder)


def remove(group: Path) -> None:
    for _ in range(500):
        try:
            return group.rmdir()
        except OSError:  # the kernel is still ending what was in it
            time.sleep(0.01)


def boot_at_each_line(plan: Plan) -> None:
    """Start systemd for each line; the previous one has ended or is about to."""
    mount("tmpfs", Path(plan.base))
    with own_cgroup(Path(plan.base)) as group:
        inside: subprocess.Popen[bytes] | None = None
        for _ in sys.stdin:
            if inside:
                inside.wait()
            inside = subprocess.Popen(
                [*BOOTING, sys.executable, __file__, *plan._replace(how="systemd")],
                stdin=subprocess.DEVNULL,
                preexec_fn=lambda: (group / "cgroup.procs").write_text("0"),
            )
        if inside:
            inside.kill()
            inside.wait()


def become_systemd(plan: Plan, pid: Path) -> None:
    merged = build(plan)
    mount("sysfs", merged / "sys", "ro")
    mount("cgroup2", merged / "sys/fs/cgroup", "nosuid")
    # What systemd sets there when it starts would change the whole computer.
    settings = merged / "proc/sys"
    run("mount", "--bind", settings, settings)
    run("mount", "-o", "remount,ro,bind", settings)
    os.chroot(merged)
    os.chdir("/")
    settle(plan.hostname)
    print(pid, flush=True)
    with Path("/dev/null").open("w") as nothing:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nothing.fileno(), stream.fileno())
    os.execve("/lib/systemd/systemd", ["systemd"], {"container": "mailadmin"})


if __name__ == "__main__":
    plan = Plan(*sys.argv[1:])
    # The old /proc still counts from outside: this is the number that nsenter needs.
    pid = Path("/proc/self").readlink()
    if plan.how == "systemd":
        become_systemd(plan, pid)
    run("ip", "link", "set", "lo", "up")
    if plan.how == "boot":
        boot_at_each_line(plan)
    else:
        stay(plan, pid)
