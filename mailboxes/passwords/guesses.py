"""A lower bound of what zxcvbn estimates, in a thirtieth of its time.

zxcvbn covers a password with l parts. What it finds, such as a word, takes 50 guesses at least, and
the rest 10 for each character; all of them together take l! times their product, and 10^4(l-1)
more. So four parts are always enough for the best score, which begins at 10^10. Less than that can
only take what is covered by up to three parts, and these are bounded here: nothing that zxcvbn
finds is left out, but a part counted here may be one that it doesn't find.

Most long passwords are spared even that, since they have only short parts. Three of these can't
cover the password if each is shorter than a third of it, or if a character between them is in no
part. Two of them save too little of the 10 guesses for each character.
"""

import re
from collections.abc import Collection
from functools import cache
from math import log10

from zxcvbn import matching

FOUR_PARTS = 12.0
"""The guesses for any four parts, as a logarithm to the base 10, like all other numbers here."""

SHORT_PARTS = 10.17
"""Those for 16 characters with short parts only; it takes more for other lengths."""

ORDERS_OF_TWO, ORDERS_OF_THREE = log10(2), log10(6)
AT_LEAST, DATES = log10(50), log10(20 * 365)
SAME = str.maketrans("4@8({[<369|!1|7+0$5%2it", "aabcccceggllllllossxzll")
"""One character for all that can stand for each other; as 1, | and 7 have two meanings, i, l, t."""

DATE, YEAR = re.compile(r"[\d\s/\\_.-]{4,}"), re.compile(r"(?=19\d\d|20[01]\d)")
REPEATED = re.compile(r"(..+)\1", re.S)
LONGEST_DATE, LARGEST_STEP = 10, 5
BETWEEN_LETTERS = re.compile(r"(?=([a-z])([ .,:;_-])([a-z]))")
LONG = 15
"""From how many characters on it is likely that a password has short parts only."""

Parts = list[dict[int, float]]
"""By the start and the end of each part, how many guesses it saves, as a logarithm."""


def least_guesses(password: str, words: Collection[str]) -> float:
    """Return zxcvbn's guesses for a lower-case password and these words, or less; 12 are enough."""
    size = len(password)
    if size < 2:
        return 0.0
    folded = password.translate(SAME)
    if size >= LONG and has_short_parts(password, folded, words):
        return SHORT_PARTS
    parts: Parts = [{start + 2: 2 - AT_LEAST} for start in range(size - 1)] + [{}, {}]
    add_words(folded, parts)
    add_given(folded, words, parts)
    add_runs(password, parts)
    add_dates(password, parts)
    if REPEATED.search(password):
        add_repeats(password, parts)
    return 0.0 if size in parts[0] else min(FOUR_PARTS, size - most_saved(parts, size))


def has_short_parts(password: str, folded: str, words: Collection[str]) -> bool:
    """Say whether it is certain that a long password has no part that is long enough to matter."""
    size = len(password)
    has_gap = has_sign_in_no_part(password, words)
    length = size // 2 - 3 if has_gap else (size + 2) // 3
    both = folded + folded[::-1]
    beside = close_pairs()
    run = bytes([pair in beside for pair in windows(password, 2)])
    blocks = windows(password, (length + 1) // 2)
    return (
        password.isascii()
        and starts_of_words(length, frequent=has_gap).isdisjoint(windows(both, length))
        and not any(len(word) >= length and word.translate(SAME) in both for word in words)
        and bytes([True]) * (length - 1) not in run
        and len(set(blocks)) == len(blocks)
        and all(len(each) < length for each in DATE.findall(password))
    )


def has_sign_in_no_part(password: str, words: Collection[str]) -> bool:
    """Say whether a sign between two letters is certainly in no part."""
    beside = close_pairs()
    return any(
        not any(sign in word for word in words)
        and before + sign not in beside
        and sign + after not in beside
        and password.count(before + sign) == password.count(sign + after) == 1
        for before, sign, after in BETWEEN_LETTERS.findall(password)
    )


def windows(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(len(text) - length + 1)]


def most_saved(parts: Parts, size: int) -> float:
    """Return what up to three parts save at most, less what their order costs."""
    after = [0.0] * (size + 1)
    """What the best part from here on saves."""

    best = 0.0
    for start in range(size - 1, -1, -1):
        after[start] = after[start + 1]
        for end, saved in parts[start].items():
            after[start] = max(after[start], saved)
            best = max(best, saved + after[end] - ORDERS_OF_THREE)
    best = max(best, after[0] - ORDERS_OF_TWO)
    for end, saved in parts[0].items():
        for second, more in parts[end].items():
            if second == size:
                best = max(best, saved + more - ORDERS_OF_TWO)
            elif size in parts[second]:
                best = max(best, saved + more + parts[second][size] - ORDERS_OF_THREE)
    return best


def add_words(folded: str, parts: Parts) -> None:
    """Add what a dictionary contains, forwards or backwards."""
    longest, saved = dictionary()
    size = len(folded)
    for text, is_reversed in ((folded, False), (folded[::-1], True)):
        for start in range(size - 2):
            last = start + longest.get(text[start : start + 4], 3)
            for end in range(start + 3, min(last, size) + 1):
                found = saved.get(text[start:end])
                if found is not None:
                    first, after = (size - end, size - start) if is_reversed else (start, end)
                    parts[first][after] = max(found, parts[first].get(after, 0.0))


def add_given(folded: str, words: Collection[str], parts: Parts) -> None:
    """Add these words, forwards or backwards: to zxcvbn, they are the most frequent ones."""
    for word in words:
        given, size = word.translate(SAME), len(word)
        for text in (given, given[::-1]) if size > 2 else ():
            start = folded.find(text)
            while start >= 0:
                parts[start][start + size] = size - AT_LEAST
                start = folded.find(text, start + 1)


def add_runs(password: str, parts: Parts) -> None:
    """Add neighbours on a keyboard, and steps of the same size such as abc."""
    beside = neighbours()
    keys, steps, last = 1, 1, 0
    for start in range(len(password) - 2, -1, -1):
        pair = password[start : start + 2]
        step = ord(pair[1]) - ord(pair[0])
        keys = keys + 1 if pair in beside else 1
        steps = steps + 1 if step == last else 2
        last = step
        longest = max(keys, steps if abs(step) <= LARGEST_STEP else 0)
        for length in range(3, longest + 1):
            parts[start][start + length] = length - AT_LEAST


def add_dates(password: str, parts: Parts) -> None:
    for found in YEAR.finditer(password):
        parts[found.start()][found.start() + 4] = 4 - AT_LEAST
    for found in DATE.finditer(password):
        for start in range(found.start(), found.end() - 3):
            for end in range(start + 4, min(found.end(), start + LONGEST_DATE) + 1):
                saved = end - start - DATES
                parts[start][end] = max(saved, parts[start].get(end, 0.0))


def add_repeats(password: str, parts: Parts) -> None:
    for start in range(len(password)):
        for length in range(1, (len(password) - start) // 2 + 1):
            block, end = password[start : start + length], start + 2 * length
            while password[end - length : end] == block:
                parts[start][end] = end - start - AT_LEAST
                end += length


@cache
def neighbours() -> frozenset[str]:
    """Return the pairs of characters that are beside each other on one of zxcvbn's keyboards."""
    return frozenset(
        key + each
        for graph in matching.GRAPHS.values()
        for key, around in graph.items()
        for keys in around
        for each in keys or ""
    )


@cache
def close_pairs() -> frozenset[str]:
    """Return the pairs of ASCII characters that may be in a run, and those with a sign in words."""
    codes = range(128)
    steps = {
        chr(one) + chr(two) for one in codes for two in codes if abs(one - two) <= LARGEST_STEP
    }
    signs = {
        pair
        for ranked in matching.RANKED_DICTIONARIES.values()
        for word in ranked
        if not word.isalnum()
        for pair in windows(word, 2) + windows(word[::-1], 2)
        if not pair.isalnum()
    }
    return neighbours() | steps | signs


@cache
def starts_of_words(length: int, frequent: bool) -> frozenset[str]:
    """Return how words of this length or more start, or of these only the frequent ones.

    Those save as much as the most frequent words of this length.
    """
    least = length - AT_LEAST if frequent else 0.0
    return frozenset(
        word[:length]
        for word, found in dictionary()[1].items()
        if found >= least and len(word) >= length
    )


@cache
def dictionary() -> tuple[dict[str, int], dict[str, float]]:
    """Return the longest of zxcvbn's words by how they start, and what each of them saves."""
    saved: dict[str, float] = {}
    for name, ranked in matching.RANKED_DICTIONARIES.items():
        for word, rank in ranked.items() if name != "user_inputs" else ():
            folded = word.translate(SAME)
            found = len(word) - log10(max(rank, 50))
            if len(word) > 2 and found > saved.get(folded, -99.0):
                saved[folded] = found
    longest = {word[:4]: len(word) for word in sorted(saved, key=len)}
    return longest, saved
