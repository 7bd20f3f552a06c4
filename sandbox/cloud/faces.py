"""How rows beside servers look: what all have in common, disks, and elastic addresses."""

from typing import Any

from .addresses import ElasticAddress
from .defaults import SYSTEM_PROJECT
from .disks import Disk
from .guests import auto_delete_at
from .inventory import FOUNDED
from .times import row_time
from .world import World

# Keys that are joined from other tables: a list without details leaves them out.
OF_ITS_PLACE = frozenset(
    {
        *("account_read_only", "brand", "can_delete", "can_update", "cloud_env", "cloudregion"),
        *("metadata", "project", "project_domain", "provider", "region", "region_id", "tenant", "zone"),
    }
)
OF_DISKS = OF_ITS_PLACE | {
    *("auto_delete_at", "cloudregion_id", "guest", "guest_billing_type", "guest_count"),
    *("guest_snapshotpolicy_count", "guest_status", "guests", "storage", "storage_status", "storage_type"),
    "zone_id",
}
OF_ADDRESSES = OF_ITS_PLACE | {"associate_name", "server_private_ip"}


def new_face(ident: str, name: str, version: int, *, made: Any, changed: Any = None) -> dict[str, Any]:
    return {
        "created_at": row_time(made),
        "deleted": False,
        "id": ident,
        "is_emulated": False,
        "name": name,
        "update_version": version,
        "updated_at": row_time(changed or made),
    }


def region(world: World) -> dict[str, Any]:
    return {
        "cloudregion": world.inventory.region,
        "cloudregion_id": world.inventory.region_id,
        "region": world.inventory.region,
        "region_id": world.inventory.region_id,
    }


def here(world: World) -> dict[str, Any]:
    return region(world) | {
        "account_read_only": False,
        "brand": "OneCloud",
        "cloud_env": "onpremise",
        "provider": "OneCloud",
    }


def owner(world: World, project_id: str) -> dict[str, Any]:
    """Return whose a row is; what belongs to everybody is the system project's."""
    ident = project_id or SYSTEM_PROJECT
    project = world.identity.projects.get(ident)
    name = project.name if project else ""
    domain = project.domain.name if project else "Default"
    shown = {"domain_id": "default", "freezed": False, "is_system": False, "pending_deleted": False}
    return shown | {"project": name, "project_domain": domain, "tenant": name, "tenant_id": ident}


def disk(world: World, row: Disk) -> dict[str, Any]:
    """Return a disk as GET by id shows it; a list has neither ``auto_delete`` nor the path."""
    storage = world.inventory.storages.get(row.storage_id)
    zone = storage.zone if storage else next(iter(world.inventory.zones.values()))
    guest = world.store.get(row.guest_id) if row.guest_id else None
    shown = new_face(row.id, row.name, row.version, made=row.created_at, changed=row.updated_at)
    shown |= here(world) | owner(world, row.project_id)
    shown |= {
        "access_path": "" if row.status == "init" else f"/opt/cloud/workspace/disks/{row.id}",
        "auto_delete": row.auto_delete,
        "auto_renew": False,
        "auto_reset": False,
        "billing_type": "postpaid",
        "can_delete": guest is None,
        "can_update": True,
        "description": row.description,
        "disk_format": "qcow2",
        "disk_size": row.size_mib,
        "disk_type": row.disk_type,
        "guest_count": int(guest is not None),
        "guest_snapshotpolicy_count": 0,
        "imported_at": shown["created_at"],
        "iops": 0,
        "is_ssd": not row.alone,
        "medium_type": row.medium,
        "metadata": dict(sorted(row.metadata.items())),
        "nonpersistent": False,
        "os_arch": "x86_64" if row.image_id else "",
        "preallocation": "off",
        "progress": 100 if row.status == "init" else 0,
        "project_src": "local",
        "source": "local",
        "status": row.status,
        "storage": storage.name if storage else "",
        "storage_id": row.storage_id,
        "storage_status": "online",
        "storage_type": row.backend,
        "template_id": row.image_id,
        "throughput": 0,
        "zone": zone.name,
        "zone_id": zone.id,
    }
    if row.recycled_at is not None:
        shown |= {"pending_deleted": True, "pending_deleted_at": row_time(row.recycled_at)}
        shown["auto_delete_at"] = auto_delete_at(row.recycled_at)
    if guest is not None:
        state = {"billing_type": guest.row["billing_type"], "name": guest.name, "status": guest.status}
        place = {"bps": 0, "cache_mode": row.cache, "driver": row.driver, "index": row.index, "iops": 0}
        shown["guests"] = [{"id": guest.id, **state, **place}]
        shown |= {"guest": guest.name, "guest_billing_type": guest.row["billing_type"]}
        shown["guest_status"] = guest.status
    return present(shown)


def address(world: World, row: ElasticAddress) -> dict[str, Any]:
    """Return an EIP as GET by id shows it; a list does not say whether it goes with its server."""
    guest = world.store.get(row.guest_id) if row.guest_id else None
    shown = new_face(
        row.id, row.name, row.version, made=row.created_at or FOUNDED, changed=row.updated_at or FOUNDED
    )
    shown |= here(world) | owner(world, row.project_id)
    shown |= {
        "auto_dellocate": row.auto_dellocate,
        "auto_renew": False,
        "bandwidth": row.bandwidth,
        "billing_type": "postpaid",
        "can_delete": guest is None,
        "can_update": True,
        "charge_type": row.charge_type,
        "description": row.description,
        "imported_at": shown["created_at"],
        "ip_addr": row.address,
        "metadata": dict(sorted(row.metadata.items())),
        "mode": "elastic_ip",
        "network_id": row.network_id,
        "progress": 0,
        "project_src": "local",
        "rx_bw_limit": 0,
        "source": "local",
        "status": row.status,
        "tx_bw_limit": 0,
    }
    if guest is not None:
        shown |= {"associate_id": guest.id, "associate_name": guest.name, "associate_type": "server"}
        shown["server_private_ip"] = guest.nics[0].address if guest.nics else ""
    return present(shown)


def present(shown: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what is not set, as the cloud leaves it out."""
    return {key: value for key, value in shown.items() if value not in ("", None, {})}
