"""Reading the arguments of the commands: errors in them are reported as sentences."""

import re
from argparse import Action, ArgumentError, Namespace
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import CommandError, CommandParser, DjangoHelpFormatter

from mailboxes.errors import replace_unprintable


class MailParser(CommandParser):
    """Refuse wrong arguments with status 1 and a sentence, instead of argparse's phrases.

    Options must be written in full, so that a new one can't change what a script means. A function
    for `type` raises CommandError: argparse puts words of its own before any other error.
    """

    refusal_status = 1

    @classmethod
    def copy(cls, parser: CommandParser) -> "MailParser":
        return cls(
            prog=parser.prog,
            description=parser.description,
            formatter_class=DjangoHelpFormatter,
            called_from_command_line=parser.called_from_command_line,
            parents=[parser],
            add_help=False,
            allow_abbrev=False,
            exit_on_error=False,
        )

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        found = namespace or Namespace()
        try:
            _found, unknown = self.parse_known_args(args, found)
            if unknown:
                raise CommandError(f"{unexpected(unknown)}. See {self.prog} --help.")
        except ArgumentError as error:
            self.refuse(self.sentence(error, found))
        except CommandError as error:
            self.refuse(str(error))
        return found

    def error(self, message: str) -> NoReturn:
        """Raise argparse's error, also where Python 3.11 calls this instead of raising it."""
        raise ArgumentError(None, message)

    def refuse(self, sentence: str) -> NoReturn:
        if self.called_from_command_line:
            self.exit(self.refusal_status, f"CommandError: {sentence}\n")
        raise CommandError(sentence)

    def sentence(self, error: ArgumentError, found: Namespace) -> str:
        """Return what argparse means: by the action, since its messages have no codes."""
        if error.argument_name is None:
            missing = [
                action
                for action in self._actions
                if action.required and getattr(found, action.dest, None) is None
            ]
            kind = "argument" if len(missing) == 1 else "arguments"
            names = " and ".join(map(usage_line, missing))
            return f"Missing {kind}: {names}. See {self.prog} --help."
        action = self._option_string_actions[error.argument_name.partition("/")[0]]
        option = action.option_strings[-1]
        if action.nargs == 0:
            return f"The option {option} doesn't take a value."
        return (
            f"The option {option} requires a value. Use {usage_line(action, '=')}; the = is "
            "required if the value starts with a hyphen."
        )


def usage_line(action: Action, separator: str = " ") -> str:
    name = str(action.metavar or action.dest.upper())
    return separator.join([*action.option_strings[-1:], name])


def unexpected(arguments: Sequence[str]) -> str:
    """Name the first unknown option, without its value, or the first unexpected argument."""
    options = [
        text.partition("=")[0] for text in arguments if text.startswith("-") and text != "--"
    ]
    if options:
        return f"Unknown option: {replace_unprintable(options[0])}"
    return f"Unexpected argument: “{replace_unprintable(arguments[0])}”"


def integer(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise CommandError(f"“{replace_unprintable(text)}” is not a whole number such as 25.")
    return int(text)


def one_of(what: str, names: Collection[str]) -> Callable[[str], str]:
    """Return a function for `type` that refuses all other names."""

    def check(text: str) -> str:
        if text not in names:
            raise CommandError(
                f"“{replace_unprintable(text)}” is not a {what}. Use one of: {', '.join(names)}."
            )
        return text

    return check


def choices(names: Collection[str]) -> str:
    """Return the names as a usage line shows them."""
    return f"{{{','.join(names)}}}"


def new_path(text: str) -> Path:
    """Return a path as it is; refuse an empty one, which would be the current folder."""
    if not text:
        raise CommandError("The path is empty. Enter the name of a new file or folder.")
    if not text.isprintable():
        raise CommandError(
            f"“{replace_unprintable(text)}” can't be used: the path contains control characters or "
            "invalid UTF-8. Choose another one."
        )
    return Path(text)
