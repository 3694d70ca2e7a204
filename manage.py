#!/usr/bin/env python3
"""Run a Django command of the panel."""

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")
    try:
        django.setup()
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        # 1 would mean that the doctor has found something broken.
        sys.exit(2 if sys.argv[1:2] == ["doctor"] else 1)


if __name__ == "__main__":
    main()
