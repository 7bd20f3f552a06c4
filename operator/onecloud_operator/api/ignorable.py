"""
Which fields of ``spec.server`` can be left out of the comparison: all that can change once a server is made.

The words are made of the marks of change, so a field that becomes changeable gets its word by itself. One
word stands for a field with all that is below it; the parts of ``hardware`` have words of their own.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StrictStr, WithJsonSchema

from onecloud_operator.api.model import CHANGE, FIXED, wire_name
from onecloud_operator.api.server import PLAIN_FIELDS, ServerSpec

# Parts whose fields are compared one by one: each is as good as a field of the server itself.
_OPENED = frozenset(field.path.partition(".")[0] for field in PLAIN_FIELDS if "." in field.path)


def _words() -> tuple[str, ...]:
    found: list[str] = []
    for name, field in ServerSpec.model_fields.items():
        word, extra = wire_name(name), field.json_schema_extra
        if isinstance(extra, dict) and extra.get(CHANGE) == FIXED[CHANGE]:
            continue
        if word not in _OPENED:
            found.append(word)
            continue
        inner = (each for each in PLAIN_FIELDS if each.attributes[0] == name and not each.fixed)
        found += [each.path.rpartition(".")[2] for each in inner]
    return tuple(found)


IGNORABLE = _words()


def word_of(path: str) -> str:
    """Return the word for the field at *path* below ``spec.server``, as differences name it."""
    part, _, rest = path.partition(".")
    return rest if part in _OPENED else part.partition("[")[0]


def _known(word: str) -> str:
    if word not in IGNORABLE:
        raise ValueError(f"must be one of {', '.join(IGNORABLE)}")
    return word


IgnorableField = Annotated[
    StrictStr, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(IGNORABLE)})
]
