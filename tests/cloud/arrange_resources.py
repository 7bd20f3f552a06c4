"""The cloud before each recorded request for something that is no server, found from the recording itself."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.cloud.addresses import ElasticAddress
from sandbox.cloud.defaults import LAB_PROJECT
from sandbox.cloud.disks import STORAGE, Disk
from sandbox.cloud.guests import Guest, Nic
from sandbox.cloud.inventory import FOUNDED, Image, Keypair, Network, SecurityGroup, Sku, Zone
from sandbox.cloud.snapshots import begin
from sandbox.cloud.times import parse_time
from sandbox.cloud.wire import Query
from tests.cloud.fixtures import Scene
from tests.cloud.recorded import Exchange, exchanges


def arrange_resource(scene: Scene, exchange: Exchange) -> None:
    """Put the rows that the answer shows into the cloud, each as it was before the request."""
    kind = next(part for part in exchange.parts if part != "v1")
    _empty(scene, kind)
    put = PUT.get(kind)
    if kind == "eips" and (network := _eip_network(exchange)):
        scene.world.inventory.networks.clear()
        _network(scene, {"id": network, "name": "eipnet"})
        scene.world.inventory.networks[network].name = str(_wanted(exchange).get("network", "eipnet"))
    if exchange.kind == "duplicate entry":
        for number, name in enumerate(("zone0", "zone1")):
            scene.world.inventory.zones[name] = Zone(name, name)
            scene.world.inventory.add_sku(Sku("ecs.g1.c2m2", 2, 2048, f"zone{number}"))
    elif exchange.kind == "DuplicateNameError" or "1062" in exchange.details:
        _earlier(scene, exchange, kind)
    elif exchange.case.startswith("1301-"):
        snapshot_of_busy_server(scene, exchange)
    elif exchange.status == 200 and put is not None:
        for row in exchange.shown:
            before = _before(exchange, row | _asked_for(exchange))
            if before is not None:
                put(scene, before)
        _behind(scene, exchange, kind)


def _empty(scene: Scene, kind: str) -> None:
    """Take away what a fresh cloud has of this kind: the answers show every row that there was."""
    inventory = scene.world.inventory
    tables: dict[str, dict[str, Any]] = {
        "eips": inventory.addresses,
        "images": inventory.images,
        "keypairs": inventory.keypairs,
        "secgroups": inventory.security_groups,
        "serverskus": inventory.skus,
    }
    if kind == "networks":
        inventory.networks.clear()
    tables.get(kind, {}).clear()


def _eip_network(exchange: Exchange) -> str:
    """Return the network that an address is taken from, as the request or the answer tells it."""
    return str(next((row["network_id"] for row in exchange.shown), _wanted(exchange).get("network", "")))


def _wanted(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = next(iter((exchange.body or {"": {}}).values()))
    return found


def _earlier(scene: Scene, exchange: Exchange, kind: str) -> None:
    """Seed the row that the request collides with; if it was deleted since, only its id is taken."""
    wanted = _wanted(exchange)
    for other in exchanges():
        if other is exchange:
            return
        for row in other.shown:
            if row.get("id") == wanted["id"] and other.parts[0] == kind:
                PUT[kind](scene, row)
        if other.method == "DELETE" and other.parts[1:] == [wanted["id"]]:
            scene.world.inventory.addresses.pop(wanted["id"], None)


def _before(exchange: Exchange, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the row before the request, or None for one that the request made."""
    version = int(row.get("update_version", 1))
    match exchange.method, exchange.parts:
        case "POST", [_]:
            return None
        case "POST", [_, _, "cancel-delete"]:
            stamp = row["created_at"]
            return row | {"pending_deleted": True, "pending_deleted_at": stamp, "update_version": version - 1}
        case "POST", [_, _, "user-metadata"]:
            return {k: v for k, v in row.items() if k != "metadata"} | {"update_version": version - 1}
        case "PUT", _:
            changed = {key: not value for key, value in exchange.body["disk"].items() if value is True}
            named = {"name": "before"} if "name" in exchange.body["disk"] else {}
            return row | {"update_version": version - 1} | changed | named
        case (("POST" | "DELETE"), [kind, *_]) if row["status"] not in {"ready", "init"} or kind == "eips":
            return row | {"status": "ready", "update_version": version - 1}
    return row


def _asked_for(exchange: Exchange) -> dict[str, Any]:
    """Return the tags and the type by which a list was asked that does not show them."""
    query = Query(exchange.query)
    found: dict[str, Any] = {"metadata": dict(query.tags())} if query.tags() else {}
    return found | ({"server_type": kind} if (kind := query.one("server_type")) else {})


def _behind(scene: Scene, exchange: Exchange, kind: str) -> None:
    """Put as many older rows behind those that a cut list shows as its ``total`` says."""
    missing = exchange.json.get("total", 0) - len(exchange.shown)
    for number in range(missing):
        row = exchange.shown[-1] | {"id": f"behind-{number}", "created_at": "", "total_guest_count": 0}
        PUT[kind](scene, row)


# --- one row each

# What a list with ``field`` does not show of a disk.
ANY_DISK: dict[str, Any] = {
    "disk_size": 1024,
    "disk_type": "data",
    "is_ssd": True,
    "medium_type": "ssd",
    "status": "ready",
    "storage_id": STORAGE,
    "storage_type": "local",
    "tenant_id": LAB_PROJECT,
    "update_version": 1,
}


def _made(row: dict[str, Any], key: str = "created_at") -> datetime:
    return parse_time(str(row.get(key, ""))) or FOUNDED


def _disk(scene: Scene, row: dict[str, Any]) -> None:
    row = ANY_DISK | row
    place: dict[str, Any] = {"index": 0, "driver": "scsi", "cache_mode": "none"}
    place |= next(iter(row.get("guests", ())), {})
    disk = Disk(
        row["id"],
        row["name"],
        place["index"],
        row["disk_size"],
        row["disk_type"],
        row["storage_type"],
        row["medium_type"],
        place["driver"],
        place["cache_mode"],
        image_id=row.get("template_id", ""),
        auto_delete=row.get("auto_delete", True),
        project_id=row["tenant_id"],
        storage_id=row["storage_id"],
        status=row["status"],
        description=row.get("description", ""),
        metadata=dict(row.get("metadata", {})),
        recycled_at=parse_time(str(row.get("pending_deleted_at", ""))),
        created_at=_made(row),
        updated_at=_made(row, "updated_at"),
        version=row["update_version"],
        alone=not row["is_ssd"],
    )
    scene.world.disks.add(disk)
    if "id" in place:
        guest = scene.seed(
            {key: place[key] for key in ("id", "name", "status", "billing_type")}
            | {"tenant_id": row["tenant_id"]}
        )
        disk.guest_id = guest.id
        guest.disks.append(disk)


def _address(scene: Scene, row: dict[str, Any]) -> None:
    if ident := row.get("associate_id"):
        server = {"id": ident, "name": row["associate_name"], "status": "running"}
        nic = {"network_id": "n", "ifname": "n-1", "mac": "00:22:00:00:00:01", "index": 0}
        nic |= {"ip_addr": row["server_private_ip"], "bw_limit_mbps": 0, "is_default": True}
        scene.seed(server | {"tenant_id": row["tenant_id"], "nics": [nic]})
    found = ElasticAddress(
        row["id"],
        row["name"],
        row.get("ip_addr", ""),
        row.get("associate_id"),
        row["network_id"],
        row["tenant_id"],
        # The answer to a change shows the bandwidth as it still is.
        row["bandwidth"],
        status=row["status"],
        auto_dellocate=row.get("auto_dellocate", False),
        metadata=dict(row.get("metadata", {})),
        created_at=_made(row),
        updated_at=_made(row, "updated_at"),
        version=row["update_version"],
    )
    scene.world.inventory.addresses[found.id] = found
    scene.world.inventory.burnt_addresses.add(found.id)


def _network(scene: Scene, row: dict[str, Any]) -> None:
    first, last = row.get("guest_ip_start", "10.99.0.2"), row.get("guest_ip_end", "10.99.0.250")
    found = Network(row["id"], row["name"], first, last, created_at=_made(row))
    found.server_type = row.get("server_type", "eip" if row["name"] == "eipnet" else "guest")
    found.version = row.get("update_version", 1)
    found.used = {f"used-{number}" for number in range(row.get("ports_used", 0))}
    scene.world.inventory.networks[found.id] = found


def _image(scene: Scene, row: dict[str, Any]) -> None:
    found = Image(row["id"], row["name"], row["min_disk"], size=row["size"], status=row["status"])
    found.created_at, found.version = _made(row), row["update_version"]
    scene.world.inventory.images[found.id] = found


def _keypair(scene: Scene, row: dict[str, Any]) -> None:
    found = Keypair(row["id"], row["name"], row["owner_id"], created_at=_made(row))
    scene.world.inventory.keypairs[found.id] = found
    for guest in _users(scene, row["linked_guest_count"]):
        guest.keypair_id = found.id


def _group(scene: Scene, row: dict[str, Any]) -> None:
    project = "" if row["is_public"] else row["tenant_id"]
    found = SecurityGroup(row["id"], row["name"], project_id=project, created_at=_made(row))
    found.version = row["update_version"]
    scene.world.inventory.security_groups[found.id] = found
    for guest in _users(scene, row["total_cnt"]):
        guest.secgroups = [found.id]


def _sku(scene: Scene, row: dict[str, Any]) -> None:
    found = Sku(row["name"], row["cpu_core_count"], row["memory_size_mb"], row["zone_id"], row["id"])
    found.created_at = _made(row)
    scene.world.inventory.add_sku(found)
    for guest in _users(scene, row["total_guest_count"]):
        guest.row["instance_type"] = found.name


def _zone(scene: Scene, row: dict[str, Any]) -> None:
    scene.world.inventory.zones[row["id"]].created_at = _made(row)


def _instance_snapshot(scene: Scene, row: dict[str, Any]) -> None:
    """Begin a snapshot of a server like the one that the row describes, and give it the recorded id."""
    guest = _server_of(scene, row)
    guest.row |= {"vcpu_count": row["server_config"]["vcpu_count"], "host_id": row["memory_file_host_id"]}
    for disk in row["server_config"]["disks"]:
        hung = Disk(f"disk-{disk['index']}", "vdisk", disk["index"], disk["size"], disk["disk_type"])
        hung.image_id = row["image_id"]
        scene.world.disks.hang(guest, hung)
    for net in row["server_config"]["nets"]:
        guest.nics.append(Nic(net["network"], "vnet0", "10.88.0.109", "00:22:00:00:00:01", net["index"]))
    found = begin(scene.world, guest, row["name"])
    del scene.world.inventory.instance_snapshots[found.id]
    found.id, found.created_at = row["id"], _made(row)
    scene.world.inventory.instance_snapshots[found.id] = found


def _disk_snapshot(scene: Scene, row: dict[str, Any]) -> None:
    guest = _server_of(scene, row)
    disk = Disk(row["disk_id"], row["disk_name"], 0, row["virtual_size"], row["disk_type"])
    scene.world.disks.hang(guest, disk)
    [found] = begin(scene.world, guest, str(row["name"]).rsplit("-", 1)[0]).parts
    found.id, found.created_at = row["id"], _made(row)


def _server_of(scene: Scene, row: dict[str, Any]) -> Guest:
    server = {"id": row["guest_id"], "name": row["guest"], "status": row["guest_status"]}
    return scene.seed(server | {"tenant_id": row["tenant_id"]})


def snapshot_of_busy_server(scene: Scene, exchange: Exchange) -> None:
    """The server is in the middle of a snapshot."""
    ident = scene.cloud.add_server("busy", status="snapshot")
    [disk] = scene.cloud.guest(ident).disks
    disk.id = exchange.body["snapshot"]["disk"]
    scene.world.disks.add(disk)


def _users(scene: Scene, count: int) -> list[Guest]:
    """Return so many new servers that use a row."""
    already = len(scene.world.store)
    idents = [scene.cloud.add_server(f"user-{already + number}") for number in range(count)]
    for guest in (found := [scene.cloud.guest(ident) for ident in idents]):
        guest.secgroups = []
    return found


PUT: dict[str, Callable[[Scene, dict[str, Any]], None]] = {
    "disks": _disk,
    "eips": _address,
    "networks": _network,
    "images": _image,
    "keypairs": _keypair,
    "secgroups": _group,
    "serverskus": _sku,
    "zones": _zone,
    "instance_snapshots": _instance_snapshot,
    "snapshots": _disk_snapshot,
}
