"""The servers besides the mail host: MariaDB and the panel under gunicorn."""

import http.client
import http.cookiejar
import re
import signal
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.machine import Machine, wait_until

DATA = "/srv/mysql"
RUN = "/run/mysqld"
PANEL_PORT = 8000
run_here = partial(subprocess.run, check=True)


class MariaDB:
    """A database server in the machine, on TCP 127.0.0.1:3306 and Debian's socket."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        machine.run(["install", "-d", "-o", "mysql", "-g", "mysql", RUN, DATA])
        empty = machine.root.kept("mysql")
        if empty.exists():
            run_here(["cp", "-a", f"{empty}/.", machine / DATA])
        else:
            self.install()
            with TemporaryDirectory(dir=empty.parent) as folder, suppress(OSError):
                run_here(["cp", "-a", machine / DATA, folder])
                Path(folder, Path(DATA).name).rename(empty)  # unless another process was faster
        self.start()

    def install(self) -> None:
        """Create an empty server, which takes seconds; other machines get a copy."""
        self.machine.run(
            [
                *("mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={DATA}"),
                *("--auth-root-authentication-method=socket", "--skip-test-db"),
                "--innodb-log-file-size=8M",
            ]
        )

    def start(self, *options: str) -> None:
        self.machine.start(
            "mariadb",
            [
                *("mariadbd", "--no-defaults", "--user=mysql", f"--datadir={DATA}"),
                *(f"--socket={RUN}/mysqld.sock", f"--pid-file={RUN}/mysqld.pid"),
                *("--bind-address=127.0.0.1", "--character-set-server=utf8mb4"),
                *("--innodb-log-file-size=8M", "--innodb-buffer-pool-size=16M", *options),
            ],
            lambda: self.machine.listens(3306),
        )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.machine.stop("mariadb", f"{RUN}/mysqld.pid", how)

    def query(self, sql: str, database: str = "") -> str:
        """Run SQL as root, as an administrator on the database host would."""
        client = ["mariadb", "--default-character-set=utf8mb4", "--skip-column-names"]
        return self.machine.run([*client, *([database] if database else [])], input=sql).stdout


class Galera:
    """Three nodes with the tables of a server, which must be stopped; the first has its address."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        nodes = ",".join(f"127.0.0.1:{4567 + 10 * number}" for number in range(3))
        machine.run(["rm", "-rf", *(f"{DATA}{number}" for number in range(3))])
        machine.run(["cp", "-a", DATA, f"{DATA}0"])
        self.start(0, "--wsrep-new-cluster", "--wsrep-cluster-address=gcomm://")
        for number in (1, 2):
            machine.run(["install", "-d", "-o", "mysql", "-g", "mysql", f"{DATA}{number}"])
            self.start(number, f"--wsrep-cluster-address=gcomm://{nodes}")
        wait_until(lambda: self.size(2) == 3, "three nodes")

    def start(self, number: int, *options: str) -> None:
        port = 4567 + 10 * number
        self.machine.start(
            f"node{number}",
            [
                *("mariadbd", "--no-defaults", "--user=mysql", f"--datadir={DATA}{number}"),
                *(f"--socket={RUN}/node{number}.sock", f"--pid-file={RUN}/node{number}.pid"),
                *(f"--bind-address=127.0.0.{1 + number}", "--port=3306"),
                *("--character-set-server=utf8mb4", "--innodb-log-file-size=8M"),
                *("--innodb-buffer-pool-size=16M", "--innodb-autoinc-lock-mode=2"),
                *("--wsrep-on=ON", "--wsrep-provider=/usr/lib/galera/libgalera_smm.so"),
                *("--wsrep-sst-method=rsync", "--binlog-format=ROW"),
                f"--wsrep-sst-receive-address=127.0.0.1:{port + 2}",
                f"--wsrep-node-address=127.0.0.1:{port}",
                f"--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{port};"
                f"ist.recv_addr=127.0.0.1:{port + 1}",
                *options,
            ],
            lambda: self.size(number) > 0,
        )

    def size(self, number: int) -> int:
        """Return how many nodes this one sees; 0 if it isn't ready."""
        found = self.query(number, "SHOW STATUS WHERE Variable_name LIKE 'wsrep_cluster_size'")
        ready = self.query(number, "SHOW STATUS LIKE 'wsrep_ready'")
        return int(found.split()[-1]) if found and ready.endswith("ON\n") else 0

    def query(self, number: int, sql: str) -> str:
        client = ["mariadb", f"--socket={RUN}/node{number}.sock", "--skip-column-names"]
        return self.machine.run(client, input=sql, check=False).stdout

    def kill(self, number: int) -> None:
        if f"node{number}" in self.machine.started:
            self.machine.stop(f"node{number}", f"{RUN}/node{number}.pid", signal.SIGKILL)


class Panel:
    """The panel under gunicorn in the machine, and a simple HTTP client for it."""

    def __init__(
        self, machine: Machine, user: str, env: Mapping[str, str], port: int = PANEL_PORT
    ) -> None:
        self.machine = machine
        self.port = port
        self.name = "panel" if port == PANEL_PORT else f"panel-{port}"
        self.folder = machine.checkout / "var"
        manage = machine.checkout / "manage.py"
        if not (machine / str(self.folder / "static")).exists():
            machine.run([machine.python, manage, "collectstatic", "--noinput"], env=env, user=user)
        machine.start(
            self.name,
            [
                *(
                    machine.python,
                    "-m",
                    "gunicorn",
                    "mailadmin.wsgi",
                    "--chdir",
                    str(machine.checkout),
                ),
                *("--bind", f"127.0.0.1:{port}", "--pid", str(self.folder / f"{self.name}.pid")),
                *("--workers", "2"),
            ],
            lambda: machine.listens(port),
            env=env,
            user=user,
        )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.machine.stop(self.name, str(self.folder / f"{self.name}.pid"), how)

    def health(self) -> int:
        """Return the status with which it answers monitoring."""
        panel = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with self.machine.network(), closing(panel):
            panel.request("GET", "/healthz", headers={"Host": "192.0.2.1"})
            return panel.getresponse().status

    def change_password(self, address: str, current: str, new: str) -> str:
        """Fill in the password page as a user would; return the path of the final page."""
        page = f"http://127.0.0.1:{self.port}/password/"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        with self.machine.network():
            form = browser.open(page, timeout=30).read().decode()
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
            assert token, form
            fields = {
                "csrfmiddlewaretoken": token[1],
                "address": address,
                "current_password": current,
                "new_password1": new,
                "new_password2": new,
            }
            body = urllib.parse.urlencode(fields).encode()
            with browser.open(page, body, timeout=30) as answer:
                return str(urllib.parse.urlsplit(answer.url).path)
