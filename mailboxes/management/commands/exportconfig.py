"""manage.py exportconfig"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from mailboxes import bundles, exporter
from mailboxes.conf import mail_host
from mailboxes.management.deed import DeedCommand
from mailboxes.variants import RELEASES, VARIANTS


class Command(DeedCommand):
    help = (
        "Write the configuration of the mail host into a new folder. It holds database passwords: "
        "only you can read it. Its README says what to do with it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--output", required=True, type=Path, metavar="DIR", help="a new or empty folder"
        )
        parser.add_argument("--variant", choices=VARIANTS, default="", help="not MAIL_VARIANT's")
        parser.add_argument("--release", choices=RELEASES, default="", help="not MAIL_RELEASE's")

    def handle(self, *args: Any, **options: Any) -> None:
        host = mail_host(options["variant"], options["release"])
        files = exporter.bundle(host)
        bundles.write(files, options["output"])
        self.stdout.write(
            f"Wrote {len(files)} files for {host.variant.name.upper()} on {host.release.title} "
            f"to {options['output']}. Begin with {options['output'] / 'README'}."
        )
