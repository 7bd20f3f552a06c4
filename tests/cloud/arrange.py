"""
What must have been true of the cloud before each recorded request, found from the recording itself.

The rules read the answer and the other recordings of the same server; ``SPECIAL`` holds the cases whose cause
lies outside of what was recorded: a stopped service, a dead host agent, a race.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from sandbox.cloud.defaults import ACCESS_KEY, ACCESS_PHRASE, LAB_PROJECT, PASSWORDS
from sandbox.cloud.disks import Disk
from sandbox.cloud.events import Actor, Event
from sandbox.cloud.inventory import Sku
from sandbox.cloud.times import parse_time
from tests.cloud import second_lab
from tests.cloud.arrange_resources import arrange_resource
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
FILLED = frozenset(
    {"limit", "offset", "details", "field", "order_by", "order", "paging_marker", "summary_stats"}
)


def arrange(exchange: Exchange) -> Scene:
    """Return a cloud in which *exchange* should be answered as it was."""
    scene = Scene.recorded(exchange.recorded_at)
    scene.world.inventory.add_sku(Sku("lab.c1m1", 1, 1024))
    scene.world.inventory.security_groups["47dbab7c-f7fa-4d6b-8126-973b6f162406"].rules = ""
    if special := SPECIAL.get(exchange.case):
        special(scene, exchange)
    if exchange.service == "keystone":
        return scene
    if exchange.recorded_at >= second_lab.BEGAN and exchange.parts[0] == "servers":
        second_lab.furnish(scene)
        if exchange.server_path:
            second_lab.target(scene, exchange)
            return scene
    if exchange.about_a_part:
        arrange_resource(scene, exchange)
    elif exchange.group == "events":
        _events(scene, exchange)
    elif exchange.server_path and exchange.server_path != "check-create-data":
        _target(scene, exchange)
    elif exchange.group == "list":
        _list(scene, exchange)
    elif exchange.group == "create":
        _create(scene, exchange)
    if "host-offline" in exchange.case:
        scene.cloud.set_host(online=False)
    if match := re.search(r"Duplicate name name (\S+?)\\?\"", exchange.details):
        scene.cloud.add_server(match[1], status="ready")
    return scene


def request_of(scene: Scene, exchange: Exchange) -> tuple[dict[str, str], Any]:
    """Return the headers and the body to send, live tokens and passwords in place of the placeholders."""
    headers = {}
    for name, value in exchange.headers.items():
        headers[name] = _revealed(scene, value)
    body = exchange.body
    if body is not None and not isinstance(body, str):
        text = json.dumps(body)
        text = text.replace("<USER_PASSWORD>", PASSWORDS["labuser"]).replace(
            "<ADMIN_PASSWORD>", PASSWORDS["sysadmin"]
        )
        body = json.loads(re.sub("<TOKEN(?::[^>]*)?>", lambda m: _revealed(scene, m[0]), text))
        if "access_key_secret" in text:
            _sign(body["auth"]["identity"], exchange)
    return headers, body


def _revealed(scene: Scene, value: str) -> str:
    match = re.search(r"<TOKEN(?::([^>]*))?>", value)
    return value.replace(match[0], scene.token(match[1] or "labuser")) if match else value


def _sign(identity: dict[str, Any], exchange: Exchange) -> None:
    """Sign the recorded text with a secret that is known here, where the recorded signature was good."""
    sent = json.loads(identity["access_key_secret"])
    if sent["access_key"] != ACCESS_KEY or "wrong" in exchange.case:
        return
    digest = b"AWS4" + ACCESS_PHRASE.encode()
    for part in (sent["request"].split("\n")[2].split("/")[0], sent["location"], "s3", "aws4_request"):
        digest = hmac.new(digest, part.encode(), hashlib.sha256).digest()
    sent["signature"] = hmac.new(digest, sent["request"].encode(), hashlib.sha256).hexdigest()
    identity["access_key_secret"] = json.dumps(sent)


# --- servers


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


def _target(scene: Scene, exchange: Exchange) -> None:
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


# --- lists


def _list(scene: Scene, exchange: Exchange) -> None:
    query = parse_qs(exchange.query, keep_blank_values=True)
    for number, row in enumerate(exchange.rows):
        full = {
            "id": f"{number:036x}",
            "name": f"row-{number}",
            "tenant_id": LAB_PROJECT,
            "status": "ready",
        } | row
        # Rows without a time of their own keep their order by being younger the earlier they come.
        full.setdefault("created_at", _stamp(exchange.recorded_at - timedelta(minutes=number + 1)))
        guest = scene.seed(full)
        guest.metadata |= _tags(query)
        if row.get("deleted"):
            scene.world.store.erase(guest)
            guest.row.update(row)
    _unseen(scene, exchange, query)
    if exchange.status == 200:
        _rest(scene, exchange, query)


def _unseen(scene: Scene, exchange: Exchange, query: dict[str, list[str]]) -> None:
    """Seed the servers that the query names although the answer does not show them."""
    if "deleted" in exchange.case or "delete-true" in exchange.case:
        return
    recycled = "recycled" in exchange.case or "after-delete" in exchange.case
    for ident in [*query.get("id", []), *([] if exchange.rows else query.get("name", []))]:
        row = sighting(ident, exchange, bare="updated_at" in exchange.query) or sighting(ident, exchange)
        if row:
            scene.seed(row, **({"pending_deleted": True} if recycled else {}))


def _rest(scene: Scene, exchange: Exchange, query: dict[str, list[str]]) -> None:
    """Seed as many servers around those shown as ``total`` and ``offset`` say."""
    total, offset = exchange.json.get("total", 0), exchange.json.get("offset", 0)
    if set(query) <= FILLED | {"scope", "admin", "project", "pending_delete_all"}:
        behind = "0-behind" if query.get("order") == ["desc"] else "zzz-behind"
        missing = total - min(offset, total) - len(scene.world.store)
        scene.fill(min(offset, total), "2037-01-01T00:00:00.000000Z", "ahead")
        scene.fill(max(missing, 0), "2020-01-01T00:00:00.000000Z", behind)
        return
    for number in range(total - len(exchange.rows)):
        like = exchange.rows[-1] | {"created_at": "2020-01-01T00:00:00.000000Z"}
        guest = scene.seed(like | {"id": f"behind-{number}", "name": f"behind-{number}"})
        guest.metadata |= _tags(query)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def _tags(query: dict[str, list[str]]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for name, values in query.items():
        if match := re.fullmatch(r"tags\.(\d+)\.key", name):
            tags.setdefault(values[0], query.get(f"tags.{match[1]}.value", ["any"])[0])
    return tags


# --- creates


def _create(scene: Scene, exchange: Exchange) -> None:
    details = exchange.details
    body = exchange.body if isinstance(exchange.body, dict) else {}
    wanted = body.get("server", body)
    if match := re.search(r"Duplicate name server (.+)$", details):
        scene.cloud.add_server(match[1].lower(), status="ready")
    elif "1062" in details and body.get("count", 1) == 1:
        ident = str(wanted["id"])
        if "after" not in exchange.case:
            scene.cloud.add_server("holder-of-the-id", ident=ident, status="ready")
        scene.world.store.burnt.add(ident.casefold())
    elif match := re.search(r"Address (\S+) has been used", details):
        for network in scene.world.inventory.networks.values():
            network.used.add(match[1])
    elif exchange.kind == "OutOfQuotaError":
        scene.cloud.settings.quota = 0
    elif exchange.status == 200 and isinstance(exchange.json.get("server"), dict):
        shown = exchange.json["server"]
        if wanted.get("eip"):
            second_lab.free_address(scene, wanted["eip"])
        if wanted.get("generate_name") and shown["name"] != wanted["generate_name"]:
            scene.cloud.add_server(wanted["generate_name"])
        if wanted.get("dry_run") and "disks_info" in shown:
            scene.seed(sighting(str(shown["id"]), exchange) or shown)


# --- events


def _events(scene: Scene, exchange: Exchange) -> None:
    if exchange.status != 200:
        return
    shown = exchange.json["events"] or _some_events(exchange)
    log = scene.world.events
    extra = []
    if (marker := exchange.json.get("next_marker")) and not exchange.cut:
        like = next(iter(shown))
        extra = [{**like, "id": int(marker)}]
    for event in sorted([*shown, *extra], key=lambda event: int(event["id"])):
        owner = str(event.get("owner_tenant_id", LAB_PROJECT))
        actor = Actor(
            str(event.get("user_id", scene.cloud.user("labuser").id)),
            str(event.get("user", "labuser")),
            str(event.get("roles", "project_owner")),
            str(event.get("tenant_id", LAB_PROJECT)),
            str(event.get("tenant", "lab")),
        )
        if event.get("user") == "regionadmin":
            actor = Actor("platform", "regionadmin", "admin", "", "system")
        moment = parse_time(str(event.get("ops_time", ""))) or exchange.recorded_at - timedelta(minutes=1)
        log.events.append(
            Event(
                int(event["id"]),
                str(event.get("obj_id", "some-server")),
                str(event.get("obj_name", "some")),
                str(event.get("obj_type", "server")),
                str(event["action"]),
                str(event.get("notes", "")),
                moment,
                actor,
                owner,
                scene.world.project_name(owner) or "lab",
            )
        )


def _some_events(exchange: Exchange) -> list[dict[str, Any]]:
    """Return events that the answer does not show although they exist."""
    source = next(e for e in exchanges() if e.case == "1032-events-labuser-scope-project")
    found: list[dict[str, Any]] = source.json["events"]
    before = exchange.recorded_at - timedelta(minutes=5)
    return [{**event, "ops_time": before.strftime("%Y-%m-%dT%H:%M:%SZ")} for event in found[:5]]


# --- what no answer tells


def _keystone_down(scene: Scene, exchange: Exchange) -> None:
    token = scene.token("labuser")
    scene.app.region.seen[token] = scene.world.identity.tokens[token]
    scene.cloud.settings.keystone_down = True


def _database_down(scene: Scene, exchange: Exchange) -> None:
    scene.cloud.settings.database_down = True


def _disabled_user(scene: Scene, exchange: Exchange) -> None:
    scene.cloud.user("labuser").enabled = False


def _revoked(name: str) -> Callable[[Scene, Exchange], None]:
    def special(scene: Scene, exchange: Exchange) -> None:
        scene.world.identity.revoke(scene.world.identity.tokens[scene.token(name)], scene.time.now())

    return special


def _lately_revoked(scene: Scene, exchange: Exchange) -> None:
    """A token that region knows and keystone has just forgotten."""
    token = scene.world.identity.tokens[scene.token("labuser-revoked")]
    scene.app.region.seen[token.text] = token
    scene.world.identity.revoke(token, scene.time.now() - timedelta(seconds=1))
    scene.cloud.settings.revocation_lag_seconds = 24.0


def _expired(scene: Scene, exchange: Exchange) -> None:
    """A token of 40 seconds that region has known for a minute: it notices the end late."""
    token = scene.world.identity.tokens[scene.token("labuser-40s")]
    scene.app.region.seen[token.text] = token
    token.expires_at = scene.time.now() - timedelta(seconds=20)
    scene.cloud.settings.revocation_lag_seconds = 80.0


def _no_access_key(scene: Scene, exchange: Exchange) -> None:
    del scene.world.identity.access_keys[ACCESS_KEY]


def _disabled_access_key(scene: Scene, exchange: Exchange) -> None:
    scene.world.identity.access_keys[ACCESS_KEY].enabled = False


def _glance_down(scene: Scene, exchange: Exchange) -> None:
    scene.cloud.settings.glance_down = True


def _agent_gone(scene: Scene, exchange: Exchange) -> None:
    scene.cloud.set_host(agent=False)


def _loose_disk(scene: Scene, exchange: Exchange) -> None:
    ident = exchange.body["disk_id"]
    scene.world.disks.add(Disk(ident, "loose", 1, 10_240))


def _no_network(scene: Scene, exchange: Exchange) -> None:
    for network in scene.world.inventory.networks.values():
        network.attachable = False


def _three_statuses(scene: Scene, exchange: Exchange) -> None:
    for number, status in enumerate(("sched_fail", "unknown")):
        row = {"id": f"odd-{number}", "name": f"odd-{number}", "tenant_id": LAB_PROJECT, "status": status}
        scene.seed(row | {"created_at": "2020-01-01T00:00:00.000000Z"})


SPECIAL: dict[str, Callable[[Scene, Exchange], None]] = {
    "243-list-summary-stats": _three_statuses,
    "138-server-create-bad-image": _glance_down,
    "1002-act-attachdisk": _loose_disk,
    "1002-act-attachnetwork": _no_network,
    "019c-auth-user-disabled": _disabled_user,
    "022b-token-invalid-after-user-disable-enable": _revoked("labuser"),
    "031-token-verify-after-revoke": _revoked("to-revoke"),
    "032-token-revoke-again": _revoked("to-revoke"),
    "034-use-revoked-token": _revoked("to-revoke-2"),
    "048-auth-aksk-disabled": _disabled_access_key,
    "049b-auth-aksk-deleted": _no_access_key,
    "601-region-right-after-revoke": _lately_revoked,
    "602-region-after-revoke-noticed": _revoked("labuser-revoked"),
    "611-keystone-down-cached-token": _keystone_down,
    "612-keystone-down-fresh-token": _keystone_down,
    "613-keystone-down-create": _keystone_down,
    "622-db-down-list": _database_down,
    "623-db-down-get": _database_down,
    "624-db-down-create": _database_down,
    "661-expired-token-on-region": _expired,
    "662-expired-token-verify": _expired,
    "663-expired-token-on-create": _expired,
    "664-expired-token-get-one": _expired,
    "665-expired-token-delete": _expired,
    "666-expired-token-put": _expired,
    "667-expired-token-get-missing": _expired,
    "668-expired-token-keystone-list": _expired,
    "669-reauth-with-expired-token": _expired,
    "700-agent-gone-stop": _agent_gone,
    "702-agent-gone-start": _agent_gone,
    "706-agent-gone-delete": _agent_gone,
}
