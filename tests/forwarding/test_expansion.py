"""What Postfix makes of an address; tests/stack/test_forwarding.py asks the real one."""

import pytest

from mailboxes.forwarding.expansion import End, Expansion, Found

Rows = dict[str, str]

CHAIN = {f"c{number}": f"c{number + 1}" for number in range(1000)} | {"c1000": "c1000"}


def expand(rows: Rows, start: str) -> Expansion:
    """Follow an address through aliases; what is none is a mailbox."""

    def look_up(addresses: object) -> dict[str, Found]:
        return {
            address: Found(End.MAILBOX, tuple(rows.get(address, "").split()))
            for address in addresses  # type: ignore[attr-defined]
        }

    return Expansion([start], look_up)


@pytest.mark.parametrize(
    ("rows", "way"),
    [
        ({"a": "b", "b": "a"}, ["a", "b", "a"]),
        ({"a": "box b", "b": "c", "c": "b"}, ["b", "c", "b"]),
        ({"a": "x b", "b": "A"}, ["a", "b", "a"]),
        ({"a": "a b", "b": "c", "c": "b"}, ["b", "c", "b"]),
        ({"a": "a b", "b": "a"}, []),
        ({"a": "b", "b": "b a"}, []),
        ({"a": "a b", "b": "b a"}, []),
        ({"a": "b c", "b": "d", "c": "d"}, []),
        ({"a": "b", "b": "box"}, []),
    ],
)
def test_a_loop_never_passes_an_address_that_keeps_a_copy(rows: Rows, way: list[str]) -> None:
    expansion = expand(rows, "a")
    assert expansion.is_deferred("a") == bool(way)
    assert expansion.loop("a")[-len(way) or None :] == way


@pytest.mark.parametrize(
    ("rows", "start", "deferred"),
    [
        ({"a": " ".join(f"x{n}" for n in range(1000))}, "a", False),
        ({"a": " ".join(f"x{n}" for n in range(1001))}, "a", True),
        ({"a": "b c", "b": "x " * 600, "c": "x " * 400}, "a", False),
        ({"a": "b c", "b": "x " * 600, "c": "x " * 401}, "a", True),
        (CHAIN, "c1", False),
        (CHAIN, "c0", True),
    ],
)
def test_more_than_a_thousand_recipients_or_steps_are_deferred(
    rows: Rows, start: str, deferred: bool
) -> None:
    expansion = expand(rows, start)
    assert expansion.is_deferred(start) == deferred
    assert not expansion.loop(start)


def test_many_paths_to_the_same_addresses_are_followed_once() -> None:
    rows = {f"a{number}": f"a{number + 1} a{number + 1}" for number in range(40)}
    expansion = expand(rows, "a0")
    assert expansion.is_deferred("a0")
    assert not expansion.loop("a0")
    assert expansion.arrives("a0")
