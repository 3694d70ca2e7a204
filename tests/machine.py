"""A separate machine for the mail daemons: namespaces over a copy-on-write root."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from types import TracebackType
from typing import IO, Any, Self

CHECKOUT = Path(__file__).resolve().parent.parent
HOSTNAME = "mail.example.test"
CONFINED = ("setpriv", "--inh-caps=-sys_time", "--bounding-set=-sys_time", "--")
"""Namespaces have no clock of their own: setting it would set that of the whole computer."""

NEW_NETWORK = 0x40000000  # CLONE_NEWNET, linux/sched.h
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
libc = ctypes.CDLL(None, use_errno=True)


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """Return the condition's value as soon as it is true; fail at the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"After {seconds} s still not: {what}.")
        time.sleep(0.02)
    return found


class Failed(AssertionError):
    """A command in the machine ended with another status than 0."""


@dataclass(frozen=True)
class Root:
    """A file system that machines are based on."""

    layers: tuple[Path, ...]
    """Its folders; each one covers the next."""

    python: str
    """A Python in it with what the tests need."""

    def kept(self, name: str) -> Path:
        """Return where something is kept that was made in this root, and lasts as long as it."""
        return Path(f"{self.layers[-1]}-{name}")


class Machine:
    """A host without our services; leaving the context ends everything in it.

    It boots systemd, or starts its services as SysV did.
    """

    checkout = Path("/srv/mailadmin")
    """Where the README puts the panel, and where its checkout is in each machine."""

    def __init__(self, root: Root, *, boots: bool = True) -> None:
        self.root = root
        self.python = root.python
        self.boots = boots
        self.folder = Path(mkdtemp(prefix="mailadmin-"))
        self.pid = 0
        self.started: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.folder.joinpath("base").mkdir()
        self.init = subprocess.Popen(
            [
                *CONFINED,
                *("unshare", "--mount", "--net", "--pid", "--uts", "--ipc"),
                *("--fork", "--kill-child", "--", sys.executable),
                *(Path(__file__).with_name("machine_init.py"), "boot" if self.boots else "stay"),
                *(":".join(map(str, self.root.layers)), CHECKOUT, self.checkout),
                *(self.folder / "base", self.log_of("mail"), HOSTNAME),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.boot()
        except Exception as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def boot(self) -> None:
        assert self.init.stdin and self.init.stdout
        self.init.stdin.write("boot\n")
        self.init.stdin.flush()
        pid = self.init.stdout.readline()
        if not pid:
            raise RuntimeError("The machine did not start; see the standard error above.")
        self.pid = int(pid)
        if self.boots:
            wait_until(self.is_up, "systemd has started everything", 90)

    def is_up(self) -> bool:
        """Say whether systemd is done, without a unit that failed."""
        done = self.run(["systemctl", "is-system-running", "--wait"], check=False)
        if done.stdout == "degraded\n":
            raise Failed("Not everything started:\n" + self.run(["systemctl", "--failed"]).stdout)
        return done.stdout == "running\n"

    def reboot(self) -> None:
        """Let systemd stop everything, and start it again over the same files."""
        self.run(["systemctl", "reboot"], check=False)  # it may be gone before it answers
        self.await_the_end()
        self.boot()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error:
            self.explain(error)
        self.init.communicate()
        self.await_the_end()
        for path in self.folder.glob("*.log"):
            path.unlink()
        self.folder.joinpath("base").rmdir()
        self.folder.rmdir()

    def __truediv__(self, path: str) -> Path:
        """Return the path by which the tests see a file of the machine."""
        return Path(f"/proc/{self.pid}/root", path.lstrip("/"))

    def command(self, command: Sequence[str | Path], user: str) -> list[str]:
        who = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]
        return [
            *CONFINED,
            *("nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "--uts", "--ipc"),
            *("--root", "--wd", "--"),
            *(who if user else []),
            *map(str, command),
        ]

    def run(
        self,
        command: Sequence[str | Path],
        *,
        input: str = "",
        env: Mapping[str, str] = {},
        user: str = "",
        check: bool = True,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, as root if no user is named."""
        # Files, not pipes: a daemon started by the command may keep its output open for ever.
        with TemporaryFile() as output, TemporaryFile() as errors:
            done = subprocess.run(
                self.command(command, user),
                input=input.encode(errors="surrogateescape"),
                env=environment(user, env),
                stdout=output,
                stderr=errors,
                timeout=timeout,
            )
            for file in (output, errors):
                file.seek(0)
            stdout, stderr = (file.read().decode(errors="replace") for file in (output, errors))
        if check and done.returncode:
            raise Failed(f"{command} ended with {done.returncode}:\n{stdout}{stderr}")
        return subprocess.CompletedProcess(list(command), done.returncode, stdout, stderr)

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        ready: Callable[[], Any],
        *,
        env: Mapping[str, str] = {},
        user: str = "",
    ) -> None:
        """Start a long-running program, its output in NAME.log, and wait until it is ready."""
        with self.log_of(name).open("ab") as output:
            self.started[name] = subprocess.Popen(
                self.command(command, user),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(user, env),
            )

        def settled() -> bool:
            if self.started[name].poll() is not None:
                raise Failed(f"{name} died:\n{self.tail(name)}")
            return bool(ready())

        wait_until(settled, f"{name} is ready", 60)

    def await_the_end(self) -> None:
        """Wait until the programs that were started are gone."""

        def ended(process: subprocess.Popen[bytes]) -> bool:
            # systemd stops all programs before it ends them; nsenter would stop with its program.
            process.send_signal(signal.SIGCONT)
            return process.poll() is not None

        for name, process in self.started.items():
            wait_until(partial(ended, process), f"{name} has ended", 60)
        self.started.clear()

    def stop(self, name: str, pid_file: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End the program of a PID file and wait until it is gone."""
        pid = (self / pid_file).read_text().strip()
        self.run(["kill", f"-{how}", pid])
        self.started.pop(name).wait(30)

    def log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def tail(self, name: str, lines: int = 30) -> str:
        return "\n".join(self.log_of(name).read_text(errors="replace").splitlines()[-lines:])

    def tails(self) -> list[tuple[str, str]]:
        """Return the end of each log under its name, and of the journal."""
        logs = sorted(self.folder.glob("*.log"))
        found = [(f"end of {log.name}", self.tail(log.stem)) for log in logs]
        if self.boots:
            journal = self.run(["journalctl", "--no-pager", "--lines=60"], check=False)
            found.append(("end of the journal", journal.stdout + journal.stderr))
        return found

    def explain(self, error: BaseException) -> None:
        error.add_note("\n".join(map("\n".join, self.tails())))

    @contextmanager
    def network(self) -> Iterator[None]:
        """Open this thread's sockets in the machine's network; they stay there afterwards."""
        inside, outside = Path(f"/proc/{self.pid}/ns/net"), Path("/proc/thread-self/ns/net")
        with inside.open("rb") as theirs, outside.open("rb") as ours:
            enter(theirs)
            try:
                yield
            finally:
                enter(ours)

    def listens(self, port: int) -> bool:
        with self.network(), socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0


def environment(user: str, more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program in the machine, without that of the tests."""
    home = "/tmp" if user else "/root"
    return {"PATH": PATH, "HOME": home, "LANG": "C.UTF-8", **more}


def enter(network: IO[bytes]) -> None:
    if libc.setns(network.fileno(), NEW_NETWORK):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
