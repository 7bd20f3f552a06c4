"""The image service over HTTP: the catalog's ``image`` address ends in ``/v1``."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from .defaults import SYSTEM_PROJECT
from .errors import no_handler
from .inventory import Image
from .permissions import Caller
from .tables import Line, Table, fetch, list_rows
from .times import row_time
from .wire import Answer, Request
from .world import World

JOINED = frozenset(
    {
        *("can_delete", "can_update", "disable_delete", "metadata", "oss_checksum", "project"),
        *("project_domain", "properties", "tenant"),
    }
)
CHECKSUM = "41ce4d32ce22529a293044bc1eb4e734"


def handle(world: World, caller: Caller, request: Request) -> Answer:
    """Answer a request under ``/v1``. By id or name it sends the image itself, never its row."""
    match request.method, [part for part in request.path.split("/") if part]:
        case "GET", ["v1", "images"]:
            return list_rows(world, caller, request, IMAGES)
        case "GET", ["v1", "images", ident]:
            line = fetch(world, caller, request, IMAGES, ident, "get")
            image = world.inventory.images[line.id]
            return Answer(200, b"QFI\xfb" + bytes(image.size - 4), {}, "application/octet-stream")
    raise no_handler(request.path)


def _images(world: World) -> Iterator[Line]:
    for row in world.inventory.images.values():
        yield Line(row.id, row.name, row.created_at, partial(face, world, row), row.project_id)


def face(world: World, row: Image) -> dict[str, Any]:
    owner = row.project_id or SYSTEM_PROJECT
    project = world.project_name(owner)
    stamp = row_time(row.created_at)
    return {
        "can_delete": False,
        "can_update": True,
        "checksum": CHECKSUM,
        "created_at": stamp,
        "deleted": False,
        "disable_delete": True,
        "disk_format": "qcow2",
        "domain_id": "default",
        "freezed": False,
        "id": row.id,
        "is_data": False,
        "is_emulated": False,
        "is_guest_image": False,
        "is_public": not row.project_id,
        "is_standard": False,
        "is_system": False,
        "min_disk": row.minimum_mib or 64,
        "min_ram": 0,
        "name": row.name,
        "oss_checksum": CHECKSUM,
        "pending_deleted": False,
        "progress": 0,
        "project": project,
        "project_domain": "Default",
        "project_src": "local",
        "properties": {"os_arch": "x86_64", "os_distribution": "Debian", "os_type": "Linux"},
        "protected": True,
        "public_scope": "none" if row.project_id else "system",
        "size": row.size,
        "status": row.status,
        "tenant": project,
        "tenant_id": owner,
        "update_version": row.version,
        "updated_at": stamp,
    }


IMAGES = Table("image", "images", _images, JOINED, service="image")
