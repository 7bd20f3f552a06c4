"""Reads an object of the API server, whose form nothing guarantees: another version may have written it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

CONDITIONS: Final = ("Deleting", "Synced", "Ready")  # in the order in which they say why


def part(found: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """Return the mapping at *path*, an empty one where there is none."""
    node: object = found
    for name in path:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def text_at(found: Mapping[str, Any], *path: str) -> str:
    """Return the text at *path*, "" where there is none."""
    value = part(found, *path[:-1]).get(path[-1])
    return value if isinstance(value, str) else ""


def items_at(found: Mapping[str, Any], *path: str) -> list[Mapping[str, Any]]:
    """Return the mappings in the list at *path*."""
    value = part(found, *path[:-1]).get(path[-1])
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def condition(found: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return a condition of the object, an empty one where it has none of this type."""
    rows = items_at(found, "status", "conditions")
    return next((row for row in rows if row.get("type") == kind), {})


def reasons(found: Mapping[str, Any]) -> list[str]:
    """Return the reasons of the conditions that say why, the most telling first."""
    said = (text_at(condition(found, kind), "reason") for kind in CONDITIONS)
    return [reason for reason in said if reason]


def plan_steps(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the steps of the object's plan, each as a person reads it."""
    for row in items_at(found, "status", "plan", "steps"):
        before, after = row.get("from"), row.get("to")
        change = after if before is None else f"{before} → {'none' if after is None else after}"
        yield f"{row.get('field')}: {change} ({row.get('effect')})"


def counted(number: object, thing: str, things: str = "") -> str:
    """Return how many *things*, as a person says it."""
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"


def name_of(found: Mapping[str, Any]) -> str:
    """Return the object's name."""
    return text_at(found, "metadata", "name")


def namespace_of(found: Mapping[str, Any]) -> str:
    """Return the object's namespace."""
    return text_at(found, "metadata", "namespace")
