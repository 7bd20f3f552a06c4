"""
Lookups by name: networks, images, key pairs and the like.

They use lists: a GET by name is a 500 if two objects have it, and the image service returns the image itself.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .protocol import ID_CHARACTERS, Request, Traffic
from .replies import json_object, rows_in

if TYPE_CHECKING:
    from .models import Row
    from .protocol import Reply

NAME_CHARACTERS = 256


class Collection(enum.Enum):
    """One of the cloud's lists, by its name in the path and the answer."""

    NETWORKS = "networks"
    IMAGES = "images"  # of the image service; all others are the compute service's
    KEYPAIRS = "keypairs"
    ELASTIC_IPS = "eips"
    SECURITY_GROUPS = "secgroups"
    ZONES = "zones"
    INSTANCE_TYPES = "serverskus"


_FIELDS = {Collection.INSTANCE_TYPES: ("id", "name", "cpu_core_count", "memory_size_mb")}


@dataclass(frozen=True, slots=True)
class NamedRows:
    """
    The rows that have exactly the requested name.

    *complete* is False if there may be more: the cloud sent a part of the list, or only rows of other names,
    because it ignored the name or compares names in another way.
    """

    rows: tuple[Row, ...]
    complete: bool


def list_named(collection: Collection, name: str) -> Request:
    """List everything in *collection* that has *name*."""
    fields = _FIELDS.get(collection, ("id", "name"))
    query = [("name", name[:NAME_CHARACTERS]), ("details", "false")]
    if collection is not Collection.IMAGES:
        query += [("field", field) for field in fields]
    path = f"/{collection.value}"
    return Request(f"list_{collection.value}", "GET", path, path, Traffic.LIST, tuple(query))


def parse_named(request: Request, reply: Reply, collection: Collection, name: str) -> NamedRows:
    """Return the rows in *reply* that have *name*, ignoring case as the cloud does."""
    body = json_object(request, reply)
    rows = [row for row in rows_in(request, reply, body, collection.value) if isinstance(row, dict)]
    wanted = tuple(
        row
        for row in rows
        if isinstance(row.get("id"), str)
        and 0 < len(row["id"]) <= ID_CHARACTERS
        and isinstance(row.get("name"), str)
        and row["name"].casefold() == name.casefold()
    )
    total = body.get("total")
    whole = isinstance(total, int) and total == len(rows)
    return NamedRows(wanted, complete=whole if wanted else not rows)
