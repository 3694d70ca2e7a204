"""PID 1 of a machine: builds its root, keeps its system log, reaps, and ends with the tests.

Started by machine.py in namespaces of its own. It ends when its standard input does, and the
kernel then ends all that ran in the machine and forgets its mounts.
"""

import os
import selectors
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import IO

DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}
CHROOT_OF_POSTFIX = "var/spool/postfix/dev"


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True)


def mount(kind: str, target: Path, options: str = "mode=755") -> None:
    target.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", kind, "-o", options, "machine", target)


def overlay(lower: Path, layers: Path, target: Path) -> None:
    """Show `lower` at `target`; what is written there lands in `layers`."""
    upper, work = layers / "upper", layers / "work"
    for folder in (upper, work):
        folder.mkdir(parents=True)
    mount("overlay", target, f"lowerdir={lower},upperdir={upper},workdir={work}")


def build(root: Path, checkout: Path, base: Path) -> Path:
    """Lay a machine over `root`, with the checkout writable at its own path."""
    mount("tmpfs", base)
    merged = base / "root"
    overlay(root, base / "system", merged)
    mount("proc", merged / "proc", "nosuid")
    mount("tmpfs", merged / "run")
    mount("tmpfs", merged / "tmp", "mode=1777")
    overlay(checkout, base / "checkout", merged / checkout.relative_to("/"))
    # A checkout below a home directory would be out of reach of the panel's own account.
    for folder in (merged / checkout.relative_to("/")).parents:
        folder.chmod(folder.stat().st_mode | 0o011)
        if folder == merged:
            break
    make_devices(merged / "dev")
    return merged


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
    """Make it a Debian host at its first boot: names, run folders, no leave to stay stopped."""
    socket.sethostname(hostname)
    for name in ("etc/hosts", "etc/hostname", "etc/resolv.conf", "usr/sbin/policy-rc.d"):
        Path("/", name).unlink(missing_ok=True)
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {hostname}\n::1 localhost\n")
    Path("/etc/hostname").write_text(f"{hostname}\n")
    Path("/etc/resolv.conf").touch()
    for folder in ("lock", "log", "sendsigs.omit.d"):
        Path("/run", folder).mkdir()
    Path("/run/lock").chmod(0o1777)


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


if __name__ == "__main__":
    root, checkout, base, log = map(Path, sys.argv[1:5])
    # The old /proc still counts from outside: this is the number that nsenter needs.
    pid = Path("/proc/self").readlink()
    run("ip", "link", "set", "lo", "up")
    merged = build(root, checkout, base)
    with log.open("ab", buffering=0) as lines:
        os.chroot(merged)
        os.chdir("/")
        settle(sys.argv[5])
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        keep_log(lines, pid)
