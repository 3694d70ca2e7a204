"""Options of the commands for what encrypts and decrypts backups; a secret is never one of them."""

import getpass
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes.backup import encryption
from mailboxes.backup.encryption import Key
from mailboxes.management.arguments import new_path


def add_passphrase_file(parser: CommandParser) -> None:
    parser.add_argument(
        "--passphrase-file",
        type=new_path,
        metavar="PATH",
        help="read the passphrase from the first line of this file",
    )


def encryption_key(options: dict[str, Any]) -> Key:
    """Return what to encrypt with, as it was chosen; by default nothing."""
    recipients = tuple(options["recipient"] or ())
    asks, file = options["passphrase"], options["passphrase_file"]
    if sum(map(bool, (recipients, asks, file))) > 1:
        raise CommandError(
            "Use only one of --recipient, --passphrase and --passphrase-file: age encrypts either "
            "for keys or with a passphrase."
        )
    if asks:
        return Key(ask_twice())
    return Key(first_line(file) if file else "", recipients)


def decryption_key(path: Path, options: dict[str, Any]) -> Key:
    """Return what decrypts this file; ask for a passphrase if it needs one."""
    try:
        with path.open("rb") as file:
            encrypted = encryption.is_encrypted(file)
            by_passphrase = encryption.needs_passphrase(file)
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from error
    if not encrypted:
        return Key()
    if by_passphrase:
        file_name = options["passphrase_file"]
        return Key(first_line(file_name) if file_name else ask("Passphrase of the backup: "))
    if not options["identity"]:
        raise CommandError(
            f"{path} is encrypted for the owner of a key. Use --identity=PATH with the file of the "
            "secret key."
        )
    return Key(identities=tuple(secret_keys(options["identity"])))


def ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError(
            "A passphrase is needed, but standard input is not a terminal. Use --passphrase-file."
        )
    return getpass.getpass(question)


def ask_twice() -> str:
    passphrase = ask("Passphrase for the backup: ")
    if not passphrase:
        raise CommandError("The passphrase is empty. Nothing was written.")
    if ask("Once more: ") != passphrase:
        raise CommandError("The two passphrases differ. Nothing was written.")
    return passphrase


def lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CommandError(f"{path} can't be read: {reason}.") from error


def first_line(path: Path) -> str:
    found = next(iter(lines(path)), "")
    if not found:
        raise CommandError(f"{path} doesn't begin with a passphrase: its first line is empty.")
    return found


def secret_keys(path: Path) -> list[str]:
    """Return the keys in a file as age-keygen writes it, with comments."""
    return [line.strip() for line in lines(path) if line.strip() and not line.startswith("#")]
