"""A world in which the image of a running server is edited."""

from __future__ import annotations

from typing import Any

from onecloud_operator.core.actions import Settled
from onecloud_operator.core.image_record import ImageRecord
from onecloud_operator.core.references import Kind, Reference, Resolved
from tests.core.cloud import Cloud
from tests.core.fixtures import ID, details, resource, server, spec
from tests.core.invariants import keep
from tests.core.stops import to_rest
from tests.core.world import World

DEBIAN = Reference(Kind.IMAGE, "debian-12")
REBUILD: dict[str, Any] = {"disruption": {"allow": "Rebuild"}}
EDITED: dict[str, Any] = {"image": "debian-12"}
MADE_OF = ImageRecord("ubuntu-22.04", "image-0")


def made(wanted: dict[str, Any] | None = None, cloud: Cloud | None = None, **policies: Any) -> World:
    """Return a world in which a server runs, and its object rests; *wanted* over the base spec."""
    world = World.of(resource(spec=spec(wanted, **{**REBUILD, **policies})))
    world.cloud = cloud or Cloud(pace=4.0)
    world.cloud.named[DEBIAN] = Resolved("image-9")
    world.cloud.put(server(details=details(keypair="ops", keypair_id="key-1")), world.cluster.stored.uid)
    world.before = keep
    rest = to_rest(world)
    assert isinstance(rest, Settled), rest
    return world


def edit(world: World, wanted: dict[str, Any], **policies: Any) -> None:
    """Give the object another spec: *wanted* over the base one."""
    world.cluster.respec(spec(wanted, **{**REBUILD, **policies}))


def edited(wanted: dict[str, Any] | None = None, cloud: Cloud | None = None, **policies: Any) -> World:
    """Return a world in which the image was edited just now, with *wanted* beside it."""
    world = made(None, cloud)
    edit(world, {**EDITED, **(wanted or {})}, **policies)
    return world


def rebuilt(world: World) -> list[str]:
    """Return of which images the root disk was made anew, whoever has heard of it."""
    return world.cloud.rows[ID].rebuilt


def root_image(world: World) -> str | None:
    return world.cloud.rows[ID].details.disks[0].image_id


def record(world: World) -> Any:
    """Return what stands in the status of the image."""
    return world.cluster.stored.status.get("image")
