"""
What cannot change once the server is made, as CEL rules on the root of the object.

Only there are ``status`` and ``spec`` both in sight. Until ``status.creation.completedAt`` everything may be
corrected; an adopted server has no ``creation``, so what differs from it is reported, and not refused.

A field may be taken out at any time: then it is not looked after. It may come back, with any value, if the
server was made with one: where that is not so, it is told as drift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.fixed import DATA_DISKS
from onecloud_operator.api.part import CHANGE, FIXED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_UNMADE = (
    "!has(oldSelf.status) || !has(oldSelf.status.creation) || !has(oldSelf.status.creation.completedAt)"
    " || !has(oldSelf.spec.server)"
)
_FREE = f"{_UNMADE} || !has(self.spec.server)"


def transition_rules(server: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rules for the schema of ``spec.server``, those of fixed fields from their marks."""
    properties = server["properties"]
    disk = properties["dataDisks"]["items"]
    return [
        _rule(
            f"{_UNMADE} || has(self.spec.server)", "server cannot be taken away once the server is made", ""
        ),
        *_fixed(properties),
        _root_disk(),
        _disks([name for name, field in disk["properties"].items() if _is_fixed(field) and name != "index"]),
    ]


def _fixed(properties: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for name, field in properties.items():
        if _is_fixed(field):
            yield _same(name, f"has({{0}}.spec.server.{name})")
        elif field["type"] == "object":
            for inner, below in field.get("properties", {}).items():
                if _is_fixed(below):
                    there = f"(has({{0}}.spec.server.{name}) && has({{0}}.spec.server.{name}.{inner}))"
                    yield _same(f"{name}.{inner}", there)


def _is_fixed(field: Mapping[str, Any]) -> bool:
    return bool(field.get(CHANGE) == FIXED[CHANGE])


def _same(path: str, there: str) -> dict[str, str]:
    # The shorter form with optionals loses the bounds of the field, and is refused as too costly.
    now, before = there.format("self"), there.format("oldSelf")
    equal = f"self.spec.server.{path} == oldSelf.spec.server.{path}"
    return _rule(
        f"{_FREE} || !{now} || ({before} ? {equal} : {_sent(path)})",
        f"server.{path} cannot change once the server is made: take it out, or make a new object",
        f".{path}",
    )


def _sent(path: str) -> str:
    """Say whether the server was made with a value of *path*."""
    return f"(has(oldSelf.status.creation.sent) && '{path}' in oldSelf.status.creation.sent)"


def _root_disk() -> dict[str, str]:
    now, before = (f"(has({it}.rootDisk) && has({it}.rootDisk.size))" for it in _BOTH)
    return _rule(
        f"{_FREE} || !{before} || !{now} || quantity(self.spec.server.rootDisk.size)"
        ".compareTo(quantity(oldSelf.spec.server.rootDisk.size)) >= 0",
        "server.rootDisk.size can only grow",
        ".rootDisk.size",
    )


def _disks(fixed: list[str]) -> dict[str, str]:
    same = " && ".join(f"(!has(n.{name}) || (has(o.{name}) && n.{name} == o.{name}))" for name in fixed)
    return _rule(
        f"{_FREE} || !has(self.spec.server.dataDisks) || (has(oldSelf.spec.server.dataDisks)"
        " ? self.spec.server.dataDisks.all(n, oldSelf.spec.server.dataDisks.exists(o, n.index == o.index"
        f" && quantity(n.size).compareTo(quantity(o.size)) >= 0 && {same})) : {_sent(DATA_DISKS)})",
        "once the server is made no data disk can be added, and each can only grow; its other fields cannot "
        "change. Take one out to have it no longer looked after",
        ".dataDisks",
    )


_BOTH = ("self.spec.server", "oldSelf.spec.server")


def _rule(cel: str, message: str, path: str) -> dict[str, str]:
    return {
        "rule": cel,
        "message": message,
        "fieldPath": f".spec.server{path}",
        "reason": "FieldValueForbidden",
    }
