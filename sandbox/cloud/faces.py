"""How the rows beside servers look: networks, groups, key pairs, zones, instance types, disks, EIPs."""

from typing import Any

from .addresses import ElasticAddress
from .defaults import SYSTEM_PROJECT
from .disks import Disk
from .guests import auto_delete_at
from .inventory import FOUNDED, Keypair, Network, SecurityGroup, Sku, Zone
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
OF_NETWORKS = OF_ITS_PLACE | {
    *("bm_reused_vnics", "bm_vnics", "eip_vnics", "exit", "group_vnics", "is_default_vpc", "lb_vnics"),
    *("nat_vnics", "networkinterface_vnics", "ports", "ports6_used", "ports_used", "rds_vnics"),
    *("reserve_vnics4", "reserve_vnics6", "total", "total6", "vnics", "vnics4", "vnics6", "vpc", "vpc_id"),
    *("wire", "zone_id", "cloudregion_id"),
}
OF_GROUPS = OF_ITS_PLACE | {
    *("admin_guest_cnt", "guest_cnt", "guest_nic_cnt", "is_default_vpc", "loadbalancer_cnt", "rds_cnt"),
    *("redis_cnt", "system_guest_cnt", "total_cnt"),
}
OF_KEYPAIRS = frozenset({"can_delete", "can_update", "linked_guest_count", "owner_name", "private_key_len"})
OF_ZONES = OF_ITS_PLACE | {
    *("_i18n", "baremetals", "baremetals_enabled", "hosts", "hosts_enabled", "networks", "storages", "wires"),
}
OF_SKUS = OF_ITS_PLACE | {"total_guest_count", "regional_availability"}


def _row(ident: str, name: str, version: int, *, made: Any = FOUNDED, changed: Any = None) -> dict[str, Any]:
    return {
        "created_at": row_time(made),
        "deleted": False,
        "id": ident,
        "is_emulated": False,
        "name": name,
        "update_version": version,
        "updated_at": row_time(changed or made),
    }


def _region(world: World) -> dict[str, Any]:
    return {
        "cloudregion": world.inventory.region,
        "cloudregion_id": world.inventory.region_id,
        "region": world.inventory.region,
        "region_id": world.inventory.region_id,
    }


def _here(world: World) -> dict[str, Any]:
    return _region(world) | {
        "account_read_only": False,
        "brand": "OneCloud",
        "cloud_env": "onpremise",
        "provider": "OneCloud",
    }


def _owner(world: World, project_id: str) -> dict[str, Any]:
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
    shown = _row(row.id, row.name, row.version, made=row.created_at, changed=row.updated_at)
    shown |= _here(world) | _owner(world, row.project_id)
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
    return _set(shown)


def address(world: World, row: ElasticAddress) -> dict[str, Any]:
    """Return an EIP as GET by id shows it; a list does not say whether it goes with its server."""
    guest = world.store.get(row.guest_id) if row.guest_id else None
    shown = _row(
        row.id, row.name, row.version, made=row.created_at or FOUNDED, changed=row.updated_at or FOUNDED
    )
    shown |= _here(world) | _owner(world, row.project_id)
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
    return _set(shown)


def network(world: World, row: Network) -> dict[str, Any]:
    zone = next(iter(world.inventory.zones.values()))
    shown = _row(row.id, row.name, row.version)
    shown |= _here(world) | _owner(world, row.project_id)
    counted = (
        *("bm_reused_vnics", "bm_vnics", "eip_vnics", "group_vnics", "guest_ip6_mask", "lb_vnics"),
        *("nat_vnics", "networkinterface_vnics", "ports6_used", "rds_vnics", "reserve_vnics4"),
        *("reserve_vnics6", "total6", "vnics6", "alloc_timout_seconds"),
    )
    shown |= dict.fromkeys(counted, 0)
    shown |= dict.fromkeys(("total", "vnics", "vnics4", "ports_used"), len(row.used))
    shown |= {
        "can_delete": not row.used,
        "can_update": True,
        "dns": "127.0.0.1",
        "exit": False,
        "guest_gateway": row.first.rsplit(".", 1)[0] + ".1",
        "guest_ip_end": row.last,
        "guest_ip_mask": row.mask,
        "guest_ip_start": row.first,
        "ifname_hint": row.name,
        "imported_at": shown["created_at"],
        "is_auto_alloc": None if row.server_type == "eip" else True,
        "is_classic": row.classic,
        "is_default_vpc": row.classic,
        "is_public": not row.project_id,
        "ports": row.size,
        "progress": 0,
        "project_src": "local",
        "public_scope": "none" if row.project_id else "system",
        "server_type": row.server_type,
        "source": "local",
        "status": "available",
        "vlan_id": 1,
        "vpc": row.vpc,
        "vpc_id": row.vpc_id,
        "wire": "bcast0",
        "wire_id": "d9dfe971-1405-4642-8474-d3ff5345c76c",
        "zone": zone.name,
        "zone_id": zone.id,
    }
    return _set(shown)


def group(world: World, row: SecurityGroup) -> dict[str, Any]:
    shown = _row(row.id, row.name, row.version)
    shown |= _here(world) | _owner(world, row.project_id)
    used = sum(row.id in guest.secgroups for guest in world.store.all())
    shown |= dict.fromkeys(sorted(key for key in OF_GROUPS if key.endswith("_cnt")), 0)
    shown |= {
        "can_delete": not used,
        "can_update": True,
        "guest_cnt": used,
        "imported_at": shown["created_at"],
        "is_default_vpc": False,
        "is_public": not row.project_id,
        "progress": 0 if row.project_id else 100,
        "public_scope": "none" if row.project_id else "system",
        "source": "local",
        "status": "ready",
        "total_cnt": used,
    }
    if row.project_id:
        shown |= {"project_src": "local", "public_src": "local"}
    return _set(shown)


def keypair(world: World, row: Keypair) -> dict[str, Any]:
    owner = world.identity.users.get(row.owner_id)
    used = sum(guest.keypair_id == row.id for guest in world.store.all())
    return _row(row.id, row.name, row.version) | {
        "can_delete": not used,
        "can_update": True,
        "fingerprint": "07:f2:b3:f3:f6:19:0a:be:3b:20:59:c6:ec:7f:a8:33",
        "is_public": False,
        "linked_guest_count": used,
        "owner_id": row.owner_id,
        "owner_name": owner.name if owner else "",
        "private_key_len": 0,
        "public_key": f"ssh-rsa made-up {row.name}",
        "public_scope": "system",
        "scheme": "RSA",
    }


def zone(world: World, row: Zone) -> dict[str, Any]:
    hosts = [host for host in world.inventory.hosts.values() if host.zone is row]
    return (
        _row(row.id, row.name, 0)
        | _region(world)
        | {
            "_i18n": {},
            "baremetals": 0,
            "baremetals_enabled": 0,
            "can_delete": not hosts,
            "can_update": True,
            "hosts": len(hosts),
            "hosts_enabled": sum(host.enabled for host in hosts),
            "imported_at": row_time(FOUNDED),
            "networks": len(world.inventory.networks),
            "progress": 100,
            "provider": "OneCloud",
            "source": "local",
            "status": "enable",
            "storages": 1,
            "wires": 2,
        }
    )


def sku(world: World, row: Sku) -> dict[str, Any]:
    found = world.inventory.zones.get(row.zone_id)
    place = {"zone": found.name if found else "", "zone_id": row.zone_id}
    offered = {"postpaid_status": "available", "prepaid_status": "available"}
    there = {key: value for key, value in _region(world).items() if key.startswith("cloudregion")}
    counted = (
        *("attached_disk_count", "attached_disk_size_gb", "data_disk_max_count", "gpu_max_count"),
        *("hour_price", "month_price", "sys_disk_max_size_gb", "sys_disk_min_size_gb"),
        "total_guest_count",
    )
    shown = _row(row.id, row.name, 0) | _region(world) | place | offered | dict.fromkeys(counted, 0)
    return shown | {
        "can_delete": True,
        "can_update": True,
        "cpu_core_count": row.cpu,
        "enabled": True,
        "gpu_attachable": True,
        "imported_at": shown["created_at"],
        "instance_type_category": "general_purpose",
        "instance_type_family": "g1",
        "local_category": "general_purpose",
        "memory_size_mb": row.memory_mib,
        "nic_max_count": 1,
        "os_name": "Any",
        "progress": 100,
        "provider": "OneCloud",
        "regional_availability": [{**there, **offered, "zones": [{**place, **offered}]}],
        "source": "local",
        "status": "ready",
        "sys_disk_resizable": True,
    }


def _set(shown: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what is not set, as the cloud leaves it out."""
    return {key: value for key, value in shown.items() if value not in ("", None, {})}
