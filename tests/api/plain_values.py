"""Values of plain fields, made of the schema alone, so that they are there for any field that is added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from onecloud_operator.api.server import ServerSpec
from onecloud_operator.api.structural import paths, structural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.api.plain import PlainValue

SCHEMAS = dict(paths(structural(ServerSpec)))
WORDS = ("cd", "dc", "kvm", "ab-1")
# What some fields need beside them.
BESIDE: tuple[dict[str, Any], ...] = ({}, {"type": "Prepaid", "duration": "1M"})


def two_values_of(path: str) -> tuple[PlainValue, PlainValue]:
    """Return two values that the spec may give at *path*."""
    schema = SCHEMAS[path]
    words = (True, False) if schema["type"] == "boolean" else schema.get("enum", WORDS)
    one, other, *_ = (word for word in words if any(_specs(path, word)))
    return one, other


def spec_with(path: str, value: PlainValue) -> ServerSpec:
    """Return a spec that gives *value* at *path*, and little more."""
    return next(_specs(path, value))


def body_with(path: str, value: PlainValue) -> dict[str, Any]:
    """Return the JSON of `spec_with`."""
    return spec_with(path, value).model_dump(by_alias=True, exclude_none=True)


def _specs(path: str, value: PlainValue) -> Iterator[ServerSpec]:
    part, _, name = path.rpartition(".")
    for beside in BESIDE:
        given = {**beside, name: value}
        try:
            yield ServerSpec.model_validate({part: given} if part else given)
        except ValidationError:
            continue
