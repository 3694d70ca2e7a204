"""Starts other programs for the commands; the web process never does."""

import subprocess  # nosec B404
from collections.abc import Sequence

from mailboxes.doctor.access import SECONDS, TIMED_OUT, Output

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
    """Run a program, as this user with all of the user's groups if one is named."""
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]
    try:
        done = subprocess.run(  # nosec B603
            [*(as_user if user else ()), *command],
            input=input,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            env=ENVIRONMENT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Output(TIMED_OUT, "", "no answer in time")
    except OSError as error:
        return Output(127, "", str(error))
    return Output(done.returncode, done.stdout, done.stderr)
