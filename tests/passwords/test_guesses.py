"""The quick bound is never above what zxcvbn estimates, and mostly spares it."""

import math
import random
import string
from collections.abc import Callable

import pytest
from zxcvbn import matching, zxcvbn

from mailboxes.passwords.guesses import SAME, has_short_parts, least_guesses
from mailboxes.passwords.strength import ENOUGH

CHANCE = random.Random(12)
SIGNS = string.ascii_lowercase + string.digits + "!$%&/()=?+-_ ."
WORDS: dict[str, list[str]] = {
    name: list(words)
    for name, words in matching.RANKED_DICTIONARIES.items()
    if name != "user_inputs"
}


def word() -> str:
    """Return a word, a frequent one more often, perhaps disguised or backwards."""
    words = WORDS[CHANCE.choice(list(WORDS))]
    found = words[min(len(words) - 1, int(CHANCE.expovariate(1 / CHANCE.choice([5, 200, 8000]))))]
    letter = CHANCE.choice(list(matching.L33T_TABLE))
    found = found.replace(letter, CHANCE.choice([letter, *matching.L33T_TABLE[letter]]))
    return CHANCE.choice([found, found, found[::-1]])


def steps() -> str:
    start, step = CHANCE.randrange(60, 110), CHANCE.choice([-5, -2, -1, 1, 1, 2, 5])
    return "".join(chr(start + place * step) for place in range(CHANCE.randrange(2, 8))).lower()


def keys() -> str:
    graph = CHANCE.choice(list(matching.GRAPHS.values()))
    found = [CHANCE.choice(list(graph))]
    for _ in range(CHANCE.randrange(2, 8)):
        found.append(CHANCE.choice([key for around in graph[found[-1]] for key in around or ""]))
    return "".join(found).lower()


def date() -> str:
    day, month, year = (CHANCE.randrange(*each) for each in ((1, 32), (1, 13), (1900, 2050)))
    sign = CHANCE.choice(["", ".", "-", "/", " "])
    forms = [f"{day}{sign}{month}{sign}{year}", f"{year}{sign}{month:02}{sign}{day:02}", f"{year}"]
    return CHANCE.choice(forms)


def signs(least: int = 1, most: int = 5) -> str:
    return "".join(CHANCE.choices(SIGNS, k=CHANCE.randrange(least, most + 1)))


def repeated() -> str:
    return signs() * CHANCE.randrange(2, 4)


KINDS: list[Callable[[], str]] = [word, word, word, steps, keys, date, signs, signs, repeated]


def test_the_bound_is_never_above_the_estimate() -> None:
    for _ in range(150):
        parts = [CHANCE.choice(KINDS)() for _ in range(CHANCE.randrange(1, 5))]
        password = CHANCE.choice(["", "", " ", "-"]).join(parts)[:32]
        words = [word(), password[2:7]][: CHANCE.randrange(3)]
        estimate = zxcvbn(password, user_inputs=words)["guesses"]
        assert least_guesses(password, words) <= math.log10(estimate) + 1e-9, (password, words)


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("incomprehensible", []),
        ("p4$$w0rdp455word", []),
        ("elbisneherpmocni", []),
        ("qwertyuiopasdfgh", []),
        ("abcdefghijklmnop", []),
        ("anderson14.07.1985", []),
        ("xqv7kxqv7kxqv7k", []),
        ("sunshine princess", []),
        ("xq7v kuckucksheim", ["kuckucksheim"]),
        ("xq7v m1ehskcukcuk", ["kuckucksheim"]),
        ("kv3xq9wz2m", []),
        ("bigdog kv dakota", []),
        ("password-elizabeth", []),
        ("msilatnemadnuf-rus", []),
        ("sunshinesamanthavictoria", []),
        ("travoltasampling", []),
        ("close-uptacobellstarwars", []),
        ("zechariah ssenilnael", ["enilnael"]),
        ("zechariah ssenilnael", ["leanline"]),
        ("qrstuv?diefghij", []),
        ("абвгдеж-опрстуф", []),
        ("1997.05.191966/04/07", []),
        ("2cgkq=2cgkq=.5v", []),
        ("x-x-x-x-professionalorganization", []),
        ("x", []),
    ],
)
def test_what_zxcvbn_knows_is_not_taken_for_certain(password: str, words: list[str]) -> None:
    assert least_guesses(password, words) < ENOUGH


@pytest.mark.parametrize(
    "password",
    [
        lambda: signs(12, 12),
        lambda: signs(16, 16),
        lambda: " ".join(CHANCE.sample(WORDS["english_wikipedia"], 4))[:32],
    ],
)
def test_most_good_passwords_are_certain(password: Callable[[], str]) -> None:
    certain = [least_guesses(password(), ["anna", "berg"]) > ENOUGH for _ in range(100)]
    assert sum(certain) > 75


@pytest.mark.parametrize(
    "password",
    [lambda: signs(16, 16), lambda: " ".join(CHANCE.sample(WORDS["english_wikipedia"], 4))[:32]],
)
def test_most_long_passwords_have_short_parts(password: Callable[[], str]) -> None:
    made = [found for found in (password() for _ in range(150)) if len(found) > 15]
    quick = [has_short_parts(found, found.translate(SAME), ["anna", "berg"]) for found in made]
    assert sum(quick) > len(made) / 2


def test_a_word_about_the_owner_costs_its_characters_only() -> None:
    assert least_guesses("four unrelated detail", ["d31"]) > ENOUGH


def test_characters_that_zxcvbn_exchanges_are_the_same_here() -> None:
    for letter, others in matching.L33T_TABLE.items():
        assert {other.translate(SAME) for other in others} == {letter.translate(SAME)}
