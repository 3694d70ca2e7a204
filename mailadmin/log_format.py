"""Log lines: one for each entry, whatever text it quotes."""

import copy
import logging
from typing import Any


def escaped(text: str) -> str:
    """Replace what could start a line, steer a terminal or hide other text, such as bidi marks."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def indented(text: str) -> str:
    """Mark each line of a traceback, so that none looks like an entry, and escape the rest."""
    return "\n".join(f"| {escaped(line)}" for line in text.split("\n"))


class LineFormatter(logging.Formatter):
    """Writes a message on one line; only a traceback follows on lines that start with a bar."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.exc_text = None  # as another handler has formatted it
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        return indented(super().formatStack(stack_info))
