"""How the rows that servers refer to look: networks, groups, key pairs, zones, instance types."""

from typing import Any

from .faces import OF_ITS_PLACE, here, new_face, owner, present, region
from .inventory import Keypair, Network, SecurityGroup, Sku, Zone
from .times import row_time
from .world import World

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


def network(world: World, row: Network) -> dict[str, Any]:
    zone = next(iter(world.inventory.zones.values()))
    shown = new_face(row.id, row.name, row.version, made=row.created_at)
    shown |= here(world) | owner(world, row.project_id)
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
    return present(shown)


def group(world: World, row: SecurityGroup) -> dict[str, Any]:
    shown = new_face(row.id, row.name, row.version, made=row.created_at)
    shown |= here(world) | owner(world, row.project_id)
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
    return present(shown)


def keypair(world: World, row: Keypair) -> dict[str, Any]:
    user = world.identity.users.get(row.owner_id)
    used = sum(guest.keypair_id == row.id for guest in world.store.all())
    return new_face(row.id, row.name, row.version, made=row.created_at) | {
        "can_delete": not used,
        "can_update": True,
        "fingerprint": "07:f2:b3:f3:f6:19:0a:be:3b:20:59:c6:ec:7f:a8:33",
        "is_public": False,
        "linked_guest_count": used,
        "owner_id": row.owner_id,
        "owner_name": user.name if user else "",
        "private_key_len": 0,
        "public_key": f"ssh-rsa made-up {row.name}",
        "public_scope": "system",
        "scheme": "RSA",
    }


def zone(world: World, row: Zone) -> dict[str, Any]:
    hosts = [host for host in world.inventory.hosts.values() if host.zone is row]
    return (
        new_face(row.id, row.name, 0, made=row.created_at)
        | region(world)
        | {
            "_i18n": {},
            "baremetals": 0,
            "baremetals_enabled": 0,
            "can_delete": not hosts,
            "can_update": True,
            "hosts": len(hosts),
            "hosts_enabled": sum(host.enabled for host in hosts),
            "imported_at": row_time(row.created_at),
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
    there = {key: value for key, value in region(world).items() if key.startswith("cloudregion")}
    used = sum(guest.row["instance_type"] == row.name for guest in world.store.all())
    counted = (
        *("attached_disk_count", "attached_disk_size_gb", "data_disk_max_count", "gpu_max_count"),
        *("hour_price", "month_price", "sys_disk_max_size_gb", "sys_disk_min_size_gb"),
    )
    shown = new_face(row.id, row.name, 0, made=row.created_at) | region(world) | place | offered
    shown |= dict.fromkeys(counted, 0)
    return shown | {
        "can_delete": not used,
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
        "total_guest_count": used,
    }
