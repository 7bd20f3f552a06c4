"""The recorded exchanges with the real services, read from ``tests/data/transcripts``."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.cloud.defaults import HOST, LAB_PROJECT, SYSTEM_PROJECT, ZONE
from sandbox.cloud.disks import STORAGE

FOLDER = Path(__file__).parent.parent / "data" / "transcripts"
MANDATORY = frozenset(
    {
        "auth",
        "list",
        "get",
        "create",
        "update",
        "delete",
        "power",
        "change-config",
        "metadata",
        "events",
        "recycle-bin",
        "day2-resources",
    }
)


# The later recordings come from a second installation: what every cloud has is named here as in the first.
SAME = {
    "7366bf0e0fb942828a104d5f5a799d06": LAB_PROJECT,
    "44eb9963cad64bc18c15f0c6d9727628": SYSTEM_PROJECT,
    "745c7b5248a84673878168f3bf9e40bc": "0c50540313a34f8a861090cbb925708d",  # labuser
    "d150a1cf-b5d3-4862-8783-52c73235a3e6": ZONE,
    "b6e7f37b-a0db-4db3-83b4-b5696f7ec8b3": STORAGE,
    "babf275f-35f2-40f4-850b-8deb59c6e5db": HOST,
    "cadde94f-72f8-4520-81e5-78ad13fa5f5e": "3f2e1d0c-9b8a-4756-8493-2d1c0b9a8f7e",  # key pair ops
    "2b77513d-ba13-445f-823b-1db0da4a7aff": "8d2f4c61-7b3e-4f90-a5d8-1c6e9b0f2a37",  # image ubuntu-22.04
    "ef0edf2a-3158-4069-8fb3-a761775dc3b9": "e4a1b2c3-d4e5-4f60-8172-93a4b5c6d7e8",  # image debian-12
}


PARTS = frozenset(
    {
        *("disks", "eips", "instance_snapshots", "instancegroups", "keypairs", "networks", "secgroups"),
        *("serverskus", "snapshots", "storages", "zones"),
    }
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One request and what the real service said. *status* is 0 where no answer came; *walk* are the states that
    the server was then polled through, as (status, pending_deleted).
    """

    case: str
    group: str
    note: str
    recorded_at: datetime
    service: str
    method: str
    target: str
    headers: dict[str, str]
    body: Any
    status: int
    json: Any

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def parts(self) -> list[str]:
        return [part for part in self.path.split("/") if part]

    @property
    def server_path(self) -> str:
        """Return the id or name of the server in the path, or nothing."""
        return self.parts[1] if len(self.parts) > 1 and self.parts[0] == "servers" else ""

    @property
    def about_a_part(self) -> bool:
        """Return whether the request is for something that is no server: a disk, an image, a network …"""
        return self.service == "glance" or bool(self.parts and self.parts[0] in PARTS)

    @property
    def token(self) -> str:
        return self.headers.get("X-Auth-Token", "")

    @property
    def details(self) -> str:
        return str(self.json.get("details", "")) if isinstance(self.json, dict) else ""

    @property
    def kind(self) -> str:
        return str(self.json.get("class", "")) if isinstance(self.json, dict) else ""

    @property
    def server(self) -> dict[str, Any]:
        """Return the server that the answer shows, or nothing."""
        found = self.json.get("server") if isinstance(self.json, dict) else None
        return found if isinstance(found, dict) and "id" in found else {}

    @property
    def rows(self) -> list[dict[str, Any]]:
        found = self.json.get("servers") if isinstance(self.json, dict) else None
        return found if isinstance(found, list) else []

    @property
    def shown(self) -> list[dict[str, Any]]:
        """Return the rows that the answer shows of anything that is no server: of a list, or the only one."""
        if not isinstance(self.json, dict) or self.status != 200:
            return []
        found = next((value for value in self.json.values() if isinstance(value, dict | list)), [])
        return found if isinstance(found, list) else [found]

    @property
    def cut(self) -> bool:
        """Return whether only the beginning of a long answer was kept."""
        limit = self.json.get("limit", 0) if isinstance(self.json, dict) else 0
        total = self.json.get("total", 0) if isinstance(self.json, dict) else 0
        return "(cut to" in self.note or len(self.rows) < min(limit, total - self.json.get("offset", 0))

    @property
    def walk(self) -> list[tuple[str, bool]]:
        match = re.search(r"\[\[.*\]\]", self.note)
        if match is None:
            return []
        states = [(str(step[1]), bool(step[4])) for step in json.loads(match[0])]
        return [state for index, state in enumerate(states) if index == 0 or states[index - 1] != state]


@cache
def exchanges() -> tuple[Exchange, ...]:
    """Return every exchange in the order in which it was recorded."""
    found: list[Exchange] = []
    for file in sorted(FOLDER.glob("*.jsonl")):
        text = file.read_text()
        for second, first in SAME.items():
            text = text.replace(second, first)
        found += [_exchange(json.loads(line), file.stem) for line in text.splitlines()]
    return tuple(
        sorted(found, key=lambda exchange: (exchange.recorded_at, _number(exchange.case), exchange.case))
    )


@cache
def left_out() -> dict[str, str]:
    """Return the exchanges that are not replayed, each with its reason."""
    loaded: dict[str, str] = json.loads((FOLDER / "left_out.json").read_text())
    return loaded


def by_case(case: str) -> Exchange:
    return next(exchange for exchange in exchanges() if exchange.case == case)


def _exchange(raw: dict[str, Any], group: str) -> Exchange:
    request, response = raw["request"], raw.get("response") or {}
    at = raw["recorded_at"] or "2026-11-23T00:00:00Z"
    return Exchange(
        case=raw["case"],
        group=group,
        note=raw["note"],
        recorded_at=datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC),
        service=raw["service"],
        method=request["method"],
        target=request["target"],
        headers=request["headers"],
        body=request["body"],
        status=response.get("status", 0),
        json=response.get("json"),
    )


def _number(case: str) -> int:
    match = re.match(r"\d+", case)
    return int(match[0]) if match else 0
