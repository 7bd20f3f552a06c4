"""Decodes the JSON in an answer, within bounds on the memory and time that it may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import from_json

if TYPE_CHECKING:
    from .protocol import Reply

# What parsing makes of an answer, estimated by its punctuation: a list or object, a value, a name.
# An honest row takes eight times its size, a list of empty lists forty times. The parser blocks the whole
# process (it is C code that holds the GIL): 0.05 s at this limit, 0.15 s if every name is different.
BRACKET_BYTES = VALUE_BYTES = 64
NAME_BYTES = 128
MAX_BYTES = 24 * 2**20


def decode(reply: Reply) -> object:
    """Return the JSON in *reply*. Raises ValueError for anything else, lone surrogates included."""
    content_type = reply.headers.get("content-type", "")
    if content_type and "json" not in content_type.lower():
        raise ValueError("its content type is not JSON")
    if reply.headers.get("content-encoding", "identity").lower() != "identity":
        raise ValueError("it is compressed, though identity was requested")
    if _bytes_in_memory(reply.body) > MAX_BYTES:
        raise ValueError("it has too many parts")
    try:
        # The standard library would first decode all of it to a str of up to four bytes a character.
        return from_json(reply.body, allow_inf_nan=False, cache_strings="keys")
    except ValueError:  # bad syntax, no UTF-8, lone surrogates, too deeply nested
        raise ValueError("it is not JSON") from None


def _bytes_in_memory(body: bytes) -> int:
    """Estimate the memory that *body* takes once parsed; punctuation within strings counts as well."""
    brackets = body.count(b"[") + body.count(b"{")
    return (
        len(body) + BRACKET_BYTES * brackets + VALUE_BYTES * body.count(b",") + NAME_BYTES * body.count(b":")
    )
