"""The server that a recorded request names, as it was before."""

import re
from typing import Any

from sandbox.cloud.defaults import LAB_PROJECT
from tests.cloud.fixtures import Scene
from tests.cloud.recorded import Exchange, exchanges

BEFORE_ACTION = {
    "start": "ready",
    "stop": "running",
    "restart": "running",
    "change-config": "ready",
    "resize-disk": "ready",
    "attachdisk": "ready",
    "dissociate-eip": "ready",
    "syncstatus": "ready",
}


def sighting(ident: str, exchange: Exchange, *, bare: bool = False) -> dict[str, Any]:
    """Return the nearest look at a server (by id or name) in the recordings, best before the exchange."""
    key = ident.casefold()
    earlier: dict[str, Any] = {}
    later: dict[str, Any] = {}
    past = True
    for other in exchanges():
        if other is exchange:
            past = False
            continue
        for row in other.rows if bare else [other.server]:
            known = "hostname" in row and ("secgroups" in row or bare)
            if not known or key not in (str(row["id"]).casefold(), str(row["name"]).casefold()):
                continue
            if past:
                earlier = row
            else:
                later = later or row
    return dict(earlier or later)


def seed_target(scene: Scene, exchange: Exchange) -> None:
    """Seed the server that the path names."""
    row = dict(exchange.server)
    if "secgroups" not in row:
        row = {}  # an answer that shows only a part of the server
    if exchange.path.endswith("/detachnetwork"):
        row = {}  # the answer no longer shows the NIC
    row = row or sighting(exchange.server_path, exchange)
    if exchange.status == 404 and f"server {exchange.server_path} not found" in exchange.details:
        if row.get("pending_deleted") and "gone" not in exchange.case and not _erased(row, exchange):
            scene.seed(row)
        return
    if exchange.status == 404 and exchange.method == "HEAD":
        return
    if not row:
        raise AssertionError(f"{exchange.case}: nothing is known of {exchange.server_path}")
    scene.seed(row, **_before(scene, exchange, row))


def _erased(row: dict[str, Any], exchange: Exchange) -> bool:
    """Return whether a 404 of a recycled server means that it was really deleted meanwhile."""
    return (
        "HTTP 404" in exchange.note
        or exchange.method == "DELETE"
        or (not exchange.query and exchange.server_path == row["id"])
    )


def _before(scene: Scene, exchange: Exchange, row: dict[str, Any]) -> dict[str, Any]:
    """Return what differed in the row before the request."""
    changes: dict[str, Any] = {}
    action = exchange.parts[2] if len(exchange.parts) > 2 else ""
    if exchange.status == 400 and (match := re.search(r"in status ([a-z_]+)", exchange.details)):
        changes["status"] = match[1]
    elif "locked" in exchange.details:
        changes["disable_delete"] = True
    elif "in power status on" in exchange.details:
        changes |= {"status": "running", "power_states": "on"}
    elif exchange.method == "DELETE" and exchange.status == 200:
        before = sighting(exchange.server_path, exchange).get("status", "")
        failed = before.endswith("_fail") and before
        changes["status"] = failed or ("running" if row.get("power_states") == "on" else "ready")
    elif "freeze" in action:
        changes["freezed"] = action == "unfreeze"
    elif exchange.method == "POST" and exchange.status == 200 and action in BEFORE_ACTION:
        known = "disk_fail" if exchange.case.startswith("633-") else ""
        running = action == "syncstatus" and row.get("power_states") == "on"
        changes["status"] = known or ("running" if running else BEFORE_ACTION[action])
    elif exchange.method in {"PUT", "PATCH"} and exchange.status == 200:
        changes |= _before_put(exchange, row)
    elif action == "cancel-delete":
        changes |= _before_restore(scene, exchange, row)
    return changes


def _before_put(exchange: Exchange, row: dict[str, Any]) -> dict[str, Any]:
    wanted = exchange.body.get("server", exchange.body)
    changes: dict[str, Any] = {}
    if "name" in wanted and row["status"] == "sync_config":
        changes["status"] = "running" if row["power_states"] == "on" else "ready"
        changes["name"] = "before-" + str(row["name"])
    if "disable_delete" in wanted:
        changes["disable_delete"] = not wanted["disable_delete"]
    if "description" in wanted:
        changes["description"] = "before"
    return changes


def _before_restore(scene: Scene, exchange: Exchange, row: dict[str, Any]) -> dict[str, Any]:
    if "not-in-bin" in exchange.case:
        return {}
    changes: dict[str, Any] = {"pending_deleted": True, "pending_deleted_at": row["updated_at"]}
    if str(row["name"]).endswith("-1"):
        changes["name"] = str(row["name"]).removesuffix("-1")
        scene.seed(
            {"id": "0401d01a-6f7f-4b49-8824-ca37f262ee0d", "name": changes["name"], "tenant_id": LAB_PROJECT}
        )
    return changes
