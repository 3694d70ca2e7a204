"""How gunicorn serves the panel: deploy/run and deploy/mailadmin.service start it with this."""

import os
from typing import Any

# Under systemd the socket of deploy/mailadmin.socket takes the place of this address. It must be
# written out: with PORT set, gunicorn's own default would be open to the whole network.
bind = [f"127.0.0.1:{os.environ.get('PORT', '8000')}"]

# Checking a password costs a whole core, waiting for a database none. Threads also keep a browser
# that holds a connection open without a request from blocking a worker.
workers = min(4, (os.cpu_count() or 1) + 1)
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 20
keepalive = 5

# A mistake in the settings ends the start here, with its message, before the address is printed.
preload_app = True

# The heartbeat file: on a disk, a slow write would look like a worker that hangs.
worker_tmp_dir = "/dev/shm"  # noqa: S108

# It would write to a home directory that a service account does not have.
control_socket_disable = True

# The settings decide, with BEHIND_PROXY, whether a header of the proxy is believed; gunicorn alone
# would believe X-Forwarded-Proto and SCRIPT_NAME from anyone on this machine.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

# Problems only, on standard error. No access log: nginx writes one.
loglevel = "warning"


def when_ready(server: Any) -> None:
    """Print the address: from now on a request is answered."""
    if not server.systemd:
        print(f"The panel is at {server.LISTENERS[0]}/admin/ (Ctrl+C stops it).", flush=True)
