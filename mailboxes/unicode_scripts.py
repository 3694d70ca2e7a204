"""The scripts that the letters of a domain name belong to: Latin, Cyrillic, Han and others."""

import unicodedata

from mailboxes.errors import gettext_noop

# Unicode names most letters after their script. These words start names in more than one.
SHARED = {"CARON", "IDEOGRAPHIC", "KATAKANA-HIRAGANA", "MASU", "MODIFIER", "VEDIC", "VERTICAL"}
SCRIPT_NAMES = {
    "ARABIC": gettext_noop("Arabic"),
    "ARMENIAN": gettext_noop("Armenian"),
    "CJK": "Han",
    "CYRILLIC": gettext_noop("Cyrillic"),
    "GEORGIAN": gettext_noop("Georgian"),
    "GREEK": gettext_noop("Greek"),
    "HEBREW": gettext_noop("Hebrew"),
    "LATIN": gettext_noop("Latin"),
}
# UTS 39's level "highly restrictive": what Japanese, Chinese and Korean are written in.
USUAL_MIXES = (
    {"Latin", "Han", "Hiragana", "Katakana"},
    {"Latin", "Han", "Bopomofo"},
    {"Latin", "Han", "Hangul"},
)


def mixed_scripts(domain: str) -> list[str]:
    """Return the scripts of the first label that mixes them as no language does.

    Each letter of such a name may look like one of another script, which domain registries and
    browsers don't accept either.
    """
    for label in domain.split("."):
        found = set(filter(None, map(script, label)))
        if len(found) > 1 and not any(found <= usual for usual in USUAL_MIXES):
            return sorted(found)
    return []


def script(letter: str) -> str:
    """Return the script of a letter, and an empty string for other characters."""
    word = unicodedata.name(letter, "").partition(" ")[0]
    if not letter.isalpha() or word in SHARED:
        return ""
    return SCRIPT_NAMES.get(word, word.capitalize())
