"""Many objects, summed up: who takes how much, and what keeps them from being ready."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from onecloud_operator.api.quantity import is_size, mib_of
from onecloud_operator.cli.chain import verdict
from onecloud_operator.cli.statuses import name_of, namespace_of, part, text_at

UNITS: Final = ((2**20, "Ti"), (2**10, "Gi"), (1, "Mi"))
SIZES: Final = {"memory": "memoryMiB", "cpu": "cpu", "disk": "diskMiB"}


def row_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return one object as a row; sizes in MiB, 0 where nothing is known."""
    server = part(found, "status", "server")
    ready, reason = verdict(found)
    cpu = server.get("cpu")
    return {
        "namespace": namespace_of(found),
        "name": name_of(found),
        "ready": ready,
        "reason": reason,
        "state": text_at(found, "status", "state") or "Unknown",
        "cpu": cpu if isinstance(cpu, int) and not isinstance(cpu, bool) else 0,
        "memoryMiB": _mib(server.get("memory")),
        "diskMiB": _mib(server.get("diskTotal")),
        "ip": text_at(found, "status", "ip"),
        "host": text_at(found, "status", "server", "placement", "host"),
        "provider": text_at(found, "spec", "providerRef", "name"),
        "created": text_at(found, "metadata", "creationTimestamp"),
    }


def arranged(rows: Iterable[Mapping[str, Any]], order: str) -> list[Mapping[str, Any]]:
    """Return the rows by memory, cpu or disk, the greatest first, by age, the oldest first, or by name."""
    named = sorted(rows, key=lambda row: (row["namespace"], row["name"]))
    if (size := SIZES.get(order)) is not None:
        return sorted(named, key=lambda row: -row[size])
    return sorted(named, key=lambda row: str(row["created"])) if order == "age" else named


def totals(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums of all rows, the states, and the reasons of those that are not as wanted."""
    counted = list(rows)
    return {
        "servers": len(counted),
        "ready": sum(row["ready"] for row in counted),
        **{name: sum(row[name] for row in counted) for name in SIZES.values()},
        "states": dict(Counter(row["state"] for row in counted).most_common()),
        "reasons": dict(Counter(row["reason"] for row in counted if not row["ready"]).most_common()),
    }


def size_text(mib: int) -> str:
    """Return a size in the unit that fits, with one digit after the point where it is not whole."""
    for factor, unit in UNITS:
        if mib >= factor:
            return f"{mib / factor:.1f}".removesuffix(".0") + unit
    return "0"


def _mib(text: object) -> int:
    return mib_of(text) if isinstance(text, str) and is_size(text) else 0
