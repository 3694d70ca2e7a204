"""The key that Dovecot stores for CRAM-MD5: the two MD5 states that start a password's HMAC."""

import hashlib
import math
import struct

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


def state_after(block: bytes) -> bytes:
    """Return MD5's state after one block, which hashlib doesn't reveal."""
    words = struct.unpack("<16I", block)
    a, b, c, d = START
    for constant, index, left, right in ROUNDS[0]:
        turned = (a + (d ^ (b & (c ^ d))) + constant + words[index]) & WORD
        a, d, c, b = d, c, b, (b + (turned << left | turned >> right)) & WORD
    for constant, index, left, right in ROUNDS[1]:
        turned = (a + (c ^ (d & (b ^ c))) + constant + words[index]) & WORD
        a, d, c, b = d, c, b, (b + (turned << left | turned >> right)) & WORD
    for constant, index, left, right in ROUNDS[2]:
        turned = (a + (b ^ c ^ d) + constant + words[index]) & WORD
        a, d, c, b = d, c, b, (b + (turned << left | turned >> right)) & WORD
    for constant, index, left, right in ROUNDS[3]:
        turned = (a + (c ^ (b | (d ^ WORD))) + constant + words[index]) & WORD
        a, d, c, b = d, c, b, (b + (turned << left | turned >> right)) & WORD
    ends = zip(START, (a, b, c, d), strict=True)
    return struct.pack("<4I", *((start + end) & WORD for start, end in ends))


def key(password: bytes) -> bytes:
    """Return the 32 bytes that Dovecot stores in hex after {CRAM-MD5}: outer state, then inner."""
    if len(password) > BLOCK:
        password = hashlib.md5(password, usedforsecurity=False).digest()
    block = password.ljust(BLOCK, b"\0")
    return state_after(block.translate(OUTER)) + state_after(block.translate(INNER))
