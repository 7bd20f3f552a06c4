"""
What can be looked up by its name: networks, images, key pairs and the like.

Always by a list: to GET one by a name is a 500 where two have it, and at the image service it is the image.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .protocol import Request, Traffic
from .replies import json_object, rows_in

if TYPE_CHECKING:
    from .models import Row
    from .protocol import Reply

NAME_CHARACTERS = 256


class Collection(enum.Enum):
    """One of the cloud's lists, by its word in path and answer."""

    NETWORKS = "networks"
    IMAGES = "images"  # the image service's, all others are the compute service's
    KEYPAIRS = "keypairs"
    ELASTIC_IPS = "eips"
    SECURITY_GROUPS = "secgroups"
    ZONES = "zones"
    INSTANCE_TYPES = "serverskus"


_FIELDS = {Collection.INSTANCE_TYPES: ("id", "name", "cpu_core_count", "memory_size_mb")}


@dataclass(frozen=True, slots=True)
class NamedRows:
    """
    The rows of exactly the name that was asked for.

    *complete*: there are no more of them. False where the cloud sent a part of the list, or nothing but
    others, be it that it did not heed the name or that it finds names equal that we do not.
    """

    rows: tuple[Row, ...]
    complete: bool


def list_named(collection: Collection, name: str) -> Request:
    """Ask for everything in *collection* that is called *name*."""
    fields = _FIELDS.get(collection, ("id", "name"))
    query = [("name", name[:NAME_CHARACTERS]), ("details", "false")]
    if collection is not Collection.IMAGES:
        query += [("field", field) for field in fields]
    path = f"/{collection.value}"
    return Request(f"list_{collection.value}", "GET", path, path, Traffic.LIST, tuple(query))


def parse_named(request: Request, reply: Reply, collection: Collection, name: str) -> NamedRows:
    """Return the rows in *reply* that are called *name*, in whatever case: so the cloud compares names."""
    body = json_object(request, reply)
    rows = [row for row in rows_in(request, reply, body, collection.value) if isinstance(row, dict)]
    wanted = tuple(
        row
        for row in rows
        if isinstance(row.get("id"), str)
        and row["id"]
        and isinstance(row.get("name"), str)
        and row["name"].casefold() == name.casefold()
    )
    total = body.get("total")
    whole = isinstance(total, int) and total == len(rows)
    return NamedRows(wanted, complete=whole if wanted else not rows)
