"""gunicorn's settings, used by deploy/run and deploy/mailadmin.service."""

import atexit
import gc
import os
import shutil
import tempfile
from typing import Any

from gunicorn.glogging import Logger
from prometheus_client.multiprocess import mark_process_dead

from mailadmin.log_format import LineFormatter

# Under systemd, the socket of deploy/mailadmin.socket replaces this address. It must be set
# explicitly: with PORT set, gunicorn's own default would be open to the whole network.
bind = [f"127.0.0.1:{os.environ.get('PORT', '8000')}"]

# Checking a password takes a whole core, waiting for a database takes none. Threads also keep a
# browser with an idle connection from blocking a worker.
workers = min(4, (os.cpu_count() or 1) + 1)
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 20
keepalive = 5

# Invalid settings abort the start here, with their message, before the address is printed.
preload_app = True

# For the heartbeat file: on a disk, a slow write would make a worker look hung.
worker_tmp_dir = "/dev/shm"  # noqa: S108 # nosec B108

# The control socket would be in a home directory, which a service account does not have.
control_socket_disable = True

# BEHIND_PROXY in the settings decides whether the proxy's headers are trusted; gunicorn alone would
# trust X-Forwarded-Proto and SCRIPT_NAME from anyone on this machine.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""


# Where the processes count what /metrics shows; files of an earlier run would count, too.
counts = tempfile.mkdtemp(prefix="mailadmin-metrics-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
master = os.getpid()


@atexit.register
def remove_counts() -> None:
    if os.getpid() == master:
        shutil.rmtree(counts, ignore_errors=True)


def pre_fork(server: Any, worker: Any) -> None:
    """Let workers share what is loaded: to collect garbage, each would write to all of it."""
    gc.collect()
    gc.freeze()


def child_exit(server: Any, worker: Any) -> None:
    mark_process_dead(worker.pid)


class LineLogger(Logger):
    """Writes one line for each entry, whatever a request contains."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(LineFormatter("%(levelname)s %(name)s: %(message)s"))


# Only problems are logged, to standard error. There is no access log: nginx writes one.
logger_class = LineLogger
loglevel = "warning"


def when_ready(server: Any) -> None:
    """Print the address once requests are answered."""
    if not server.systemd:
        print(f"The panel is at {server.LISTENERS[0]}/admin/ (Ctrl+C stops it).", flush=True)
