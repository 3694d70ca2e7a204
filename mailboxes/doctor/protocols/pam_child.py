"""Asks PAM, in a process of its own: pam_mysql can end the process that calls it.

Reads a line of JSON, `[service, name, password]`, and prints the codes of pam_authenticate and of
pam_acct_mgmt, 0 for success (security/_pam_types.h).
"""

import json
import sys
from typing import Any

import pamela


def code(function: Any, *arguments: Any, **options: Any) -> int:
    try:
        function(*arguments, **options)
    except pamela.PAMError as error:
        return int(error.errno)
    return 0


def main() -> None:
    service, name, password = json.loads(sys.stdin.readline())
    codes = (
        code(pamela.authenticate, name, password, service=service, resetcred=0, check=False),
        code(pamela.check_account, name, service=service),
    )
    print(json.dumps(codes))


if __name__ == "__main__":
    main()
