"""``/instancegroups``: groups that keep their servers on different hosts."""

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

from . import references
from .errors import CloudError, missing_parameter
from .faces import OF_ITS_PLACE, new_face, owner
from .inventory import InstanceGroup
from .permissions import Caller, check_create
from .tables import Line, Table
from .wire import Answer, Request, answer
from .world import World


def create(world: World, caller: Caller, request: Request) -> Answer:
    """Make a group; it is there at once."""
    check_create(caller, None)
    wanted = request.inner("instancegroup")
    name = references.text(wanted, "name").strip()
    if not name:
        raise missing_parameter("name")
    groups = world.inventory.groups
    if any(
        g.name.casefold() == name.casefold() and g.project_id == caller.project_id for g in groups.values()
    ):
        raise CloudError(409, "DuplicateNameError", f"Duplicate name instancegroup {name}")
    granularity = references.integer(wanted, "granularity", into="InstanceGroupCreateInput") or 1
    group = InstanceGroup(str(uuid.uuid4()), name, granularity, caller.project_id, world.store.now())
    groups[group.id] = group
    return answer({"instancegroup": _face(world, group)})


def _face(world: World, row: InstanceGroup) -> dict[str, Any]:
    shown = new_face(row.id, row.name, 0, made=row.created_at) | owner(world, row.project_id)
    return shown | {
        "can_delete": not row.guests,
        "can_update": True,
        "enabled": True,
        "force_dispersion": True,
        "granularity": row.granularity,
        "guest_count": len(row.guests),
        "progress": 100,
        "project_src": "local",
        "status": "init",
    }


def _groups(world: World) -> Iterator[Line]:
    for row in world.inventory.groups.values():
        yield Line(row.id, row.name, row.created_at, partial(_face, world, row), row.project_id)


GROUPS = Table("instancegroup", "instancegroups", _groups, OF_ITS_PLACE | {"guest_count"})
