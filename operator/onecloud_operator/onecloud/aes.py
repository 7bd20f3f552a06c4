"""
AES-256 in the mode CFB-8, decryption only, by FIPS 197 and NIST SP 800-38A.

The platform hides the password of a server with it, under a key that is no secret (see `login_key`). So this
need neither be fast nor run in constant time, and it must not be used to protect anything.
"""

from __future__ import annotations

from typing import Final

KEY_BYTES: Final = 32
BLOCK: Final = 16
ROUNDS: Final = 14
_WORDS: Final = KEY_BYTES // 4


def decrypt_cfb8(key: bytes, start: bytes, hidden: bytes) -> bytes:
    """Return what *hidden* is under *key*, of 32 bytes; *start*: the initialization vector, of 16."""
    schedule, register, plain = _schedule(key), start, bytearray()
    for byte in hidden:
        plain.append(byte ^ _encrypt(schedule, register)[0])
        register = register[1:] + bytes((byte,))
    return bytes(plain)


def _double(value: int) -> int:
    """Multiply by x in GF(2⁸), modulo x⁸ + x⁴ + x³ + x + 1."""
    return (value << 1) ^ (0x11B if value & 0x80 else 0)


def _boxes() -> bytes:
    """Return the S-box: of each value its inverse in GF(2⁸), then an affine transformation."""
    powers = [1]  # of x + 1, which are all values but 0
    while len(powers) < 255:  # noqa: PLR2004 - the order of the group
        powers.append(_double(powers[-1]) ^ powers[-1])
    inverses = dict(zip(powers, [powers[0], *reversed(powers[1:])], strict=True))
    return bytes(_turned(inverses.get(value, 0)) ^ 0x63 for value in range(256))


def _turned(value: int) -> int:
    found = value
    for by in range(1, 5):
        found ^= ((value << by) | (value >> (8 - by))) & 0xFF
    return found


SBOX: Final = _boxes()
_DOUBLE: Final = bytes(_double(value) & 0xFF for value in range(256))


def _schedule(key: bytes) -> list[bytes]:
    """Return the key of each round."""
    words = [key[at : at + 4] for at in range(0, KEY_BYTES, 4)]
    constant = 1
    while len(words) < 4 * (ROUNDS + 1):
        word = words[-1]
        if len(words) % _WORDS == 0:
            word = bytes(SBOX[byte] for byte in word[1:] + word[:1])
            word = bytes((word[0] ^ constant, *word[1:]))
            constant = _DOUBLE[constant]
        elif len(words) % _WORDS == _WORDS // 2:
            word = bytes(SBOX[byte] for byte in word)
        words.append(bytes(a ^ b for a, b in zip(words[-_WORDS], word, strict=True)))
    return [b"".join(words[at : at + 4]) for at in range(0, len(words), 4)]


def _encrypt(schedule: list[bytes], block: bytes) -> bytes:
    """Encrypt one block; its 16 bytes are the columns of the state, one after the other."""
    state = _add(block, schedule[0])
    for number in range(1, ROUNDS + 1):
        state = bytes(SBOX[state[(at + 4 * (at % 4)) % BLOCK]] for at in range(BLOCK))  # and rows shifted
        if number < ROUNDS:
            state = b"".join(_mixed(state[at : at + 4]) for at in range(0, BLOCK, 4))
        state = _add(state, schedule[number])
    return state


def _mixed(column: bytes) -> bytes:
    every = column[0] ^ column[1] ^ column[2] ^ column[3]
    return bytes(byte ^ every ^ _DOUBLE[byte ^ column[(at + 1) % 4]] for at, byte in enumerate(column))


def _add(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
