"""What stands in a status: read with suspicion, since anybody may have edited it; written without gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text(value: object) -> str | None:
    """Return *value* if it is a text and not empty."""
    return value if isinstance(value, str) and value else None


def texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def whole(value: object, least: int | None = None) -> int | None:
    """Return *value* if it is a whole number, and no smaller than *least*."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if least is None or value >= least else None


def mapping(value: object) -> Mapping[str, Any]:
    """Return *value* if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values* without those that are None."""
    return {name: value for name, value in values.items() if value is not None}
