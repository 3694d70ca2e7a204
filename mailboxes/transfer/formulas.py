"""Text that a spreadsheet doesn't take for a formula, and that is read back as it was."""

import re

SIGNS = "=+@|%-"
WIDE_SIGNS = "\uff1d\uff0b\uff20\uff5c\uff05\uff0d\ufe66\ufe62\ufe6b\ufe6a\ufe63"
"""The fullwidth and small forms of SIGNS, which spreadsheets for East Asia read like these."""

# Where Excel is set to a language with a decimal comma, it splits at semicolons, for which the
# quotes around a cell mean nothing: what follows a semicolon, tab or line break starts a cell.
START = r"(?:\A|(?<=[;\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]))"
FORMULA = rf"(?=[\s\"']*[{WIDE_SIGNS}{SIGNS}])"
UNSAFE = re.compile(START + FORMULA)
NEUTRALIZED = re.compile(f"{START}'{FORMULA}")


def neutralize(text: str) -> str:
    """Put an apostrophe before what could be a formula; `restore` takes away exactly these."""
    return UNSAFE.sub("'", text)


def restore(text: str) -> str:
    return NEUTRALIZED.sub("", text) if "'" in text else text
