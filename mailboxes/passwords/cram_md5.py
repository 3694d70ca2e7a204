"""The key that Dovecot stores for CRAM-MD5: the two MD5 states that start a password's HMAC."""

import hashlib
import math
import struct
from collections.abc import Callable, Iterable, Sequence

WORD = 0xFFFFFFFF
BLOCK = 64
START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
INNER = bytes(byte ^ 0x36 for byte in range(256))
OUTER = bytes(byte ^ 0x5C for byte in range(256))

# RFC 1321: a step adds a constant and one of the block's 16 words, then rotates left. Each round of
# 16 steps uses the words in its own order. One table for each of the four rounds.
TURNS = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
ORDERS = ((1, 0), (5, 1), (3, 5), (7, 0))
ROUNDS = tuple(
    tuple(
        (
            int(abs(math.sin(16 * number + step + 1)) * 2**32),
            (factor * step + offset) % 16,
            TURNS[number][step % 4],
            32 - TURNS[number][step % 4],
        )
        for step in range(16)
    )
    for number, (factor, offset) in enumerate(ORDERS)
)


# How each round mixes three of the four numbers; `w` has all bits set.
MIXES: tuple[Callable[[int, int, int, int], int], ...] = (
    lambda b, c, d, w: d ^ (b & (c ^ d)),
    lambda b, c, d, w: c ^ (d & (b ^ c)),
    lambda b, c, d, w: b ^ c ^ d,
    lambda b, c, d, w: c ^ (b | (d ^ w)),
)


def states_after(blocks: Sequence[bytes]) -> list[bytes]:
    """Return MD5's state after each of the blocks, which hashlib doesn't reveal.

    All of them are computed at once, in numbers with 64 bits for each block: a word has 32, and
    what 64 steps carry beyond it is less than the rest.
    """
    lanes = len(blocks)
    ones = sum(1 << 64 * lane for lane in range(lanes))
    every = ones * WORD
    found = struct.unpack(f"<{16 * lanes}I", b"".join(blocks))
    words = [
        int.from_bytes(struct.pack(f"<{lanes}Q", *found[place::16]), "little")
        for place in range(16)
    ]
    a, b, c, d = start = [ones * word for word in START]
    for mix, steps in zip(MIXES, ROUNDS, strict=True):
        for constant, index, left, right in steps:
            turned = (a + mix(b, c, d, every) + constant * ones + words[index]) & every
            a, d, c, b = d, c, b, b + ((turned << left | turned >> right) & every)
    ends = [
        struct.unpack(f"<{lanes}Q", ((first + last) & every).to_bytes(8 * lanes, "little"))
        for first, last in zip(start, (a, b, c, d), strict=True)
    ]
    return [struct.pack("<4I", *words) for words in zip(*ends, strict=True)]


def keys(passwords: Iterable[bytes]) -> list[bytes]:
    """Return the 32 bytes that Dovecot stores in hex after {CRAM-MD5}: outer state, then inner."""
    short = [
        hashlib.md5(each, usedforsecurity=False).digest() if len(each) > BLOCK else each
        for each in passwords
    ]
    blocks = [each.ljust(BLOCK, b"\0").translate(side) for each in short for side in (OUTER, INNER)]
    states = states_after(blocks)
    return [outer + inner for outer, inner in zip(states[::2], states[1::2], strict=True)]


def key(password: bytes) -> bytes:
    return keys([password])[0]
