#!/usr/bin/env python3
"""Run a Django command of the panel."""

import os
import sys
import traceback

FAILED = 2 if sys.argv[1:2] == ["doctor"] else 1
"""The exit status; 1 would mean that the doctor has found something broken."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")
    try:
        import django
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line

        from mailboxes.panel import version
    except ImportError:  # after an upgrade of Python, for example
        traceback.print_exc()
        sys.exit(FAILED)
    if sys.argv[1:] in (["--version"], ["version"]):
        print(f"mailadmin {version()}, Django {django.get_version()}")
        return
    try:
        django.setup()
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED)
    except Exception:
        traceback.print_exc()
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
