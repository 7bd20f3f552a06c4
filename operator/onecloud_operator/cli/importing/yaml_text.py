"""
Documents as YAML: always the same text, read alike by every parser, and without a letter that is not seen.

A text stands without quotes only where no version of YAML takes it for anything but a text: 1e3 is a number
to some, and on a truth value to others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN: Final = re.compile(
    r"[A-Za-z][-A-Za-z0-9._/]*(?: [A-Za-z0-9][-A-Za-z0-9._/]*)*"
    r"|[0-9]+[MGT]i|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # sizes, and the ids of the cloud
)
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_ESCAPED: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_BYTE, _SHORT = 0xFF, 0xFFFF


def text_of(document: Mapping[str, Any], beside: Mapping[tuple[str, str], str]) -> str:
    """Return *document* as YAML. *beside*: what is said beside a text, by its field and itself."""
    return "".join(f"{line}\n" for line in _mapping(document, beside))


def commented(remark: str) -> str:
    """Return *remark* as a line that says nothing to a parser."""
    return "# " + "".join(letter for letter in remark if letter.isprintable())


def _mapping(value: Mapping[str, Any], beside: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for key, each in value.items():
        if isinstance(each, Mapping) and each:
            yield f"{_text(key)}:"
            yield from (f"  {line}" for line in _mapping(each, beside))
        elif isinstance(each, list | tuple) and each:
            yield f"{_text(key)}:"
            yield from _items(key, each, beside)
        else:
            yield f"{_text(key)}: {_scalar(key, each, beside)}"


def _items(
    key: str, values: list[Any] | tuple[Any, ...], beside: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    for each in values:
        lines = _mapping(each, beside) if isinstance(each, Mapping) else iter((_scalar(key, each, beside),))
        yield f"- {next(lines)}"
        yield from (f"  {line}" for line in lines)


def _scalar(key: str, value: object, beside: Mapping[tuple[str, str], str]) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            said = beside.get((key, value))
            return _text(value) + (f"  {commented(said)}" if said else "")
        case _ if not value:
            return "{}" if isinstance(value, Mapping) else "[]"
        case _:
            raise AssertionError(f"no value of a manifest: {type(value).__name__}")


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return '"' + "".join(map(_letter, value)) + '"'


def _letter(letter: str) -> str:
    if letter in _ESCAPED:
        return _ESCAPED[letter]
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code <= _BYTE else f"\\u{code:04x}" if code <= _SHORT else f"\\U{code:08x}"
