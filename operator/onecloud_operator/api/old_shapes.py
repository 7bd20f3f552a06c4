"""Parts of the spec that had another shape in an earlier version, and may stand in objects stored then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def without_old_shapes(spec: Mapping[str, Any]) -> dict[str, Any] | None:
    """
    Return *spec* without the parts that have the shape of an earlier version; None if there are none.

    What is left of it tells what is to become of the server when the object is deleted.
    """
    server = spec.get("server") if isinstance(spec, Mapping) else None  # whatever stands there
    if not isinstance(server, Mapping):
        return None
    old = {name for name, is_old in _OLD.items() if is_old(server.get(name))}
    if not old:
        return None
    return {**spec, "server": {name: value for name, value in server.items() if name not in old}}


def _unnamed_disks(value: object) -> bool:
    """Say whether data disks had an index, of which the API server leaves nothing to see."""
    return isinstance(value, list) and any(isinstance(d, Mapping) and not d.get("name") for d in value)


def _eip_by_text(value: object) -> bool:
    """Say whether the elastic IP was given as one text, its id or name."""
    return isinstance(value, str)


_OLD = {"dataDisks": _unnamed_disks, "eip": _eip_by_text}
