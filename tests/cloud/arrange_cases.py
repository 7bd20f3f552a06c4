"""Cases whose cause lies outside of what was recorded: a stopped service, a dead host agent, a race."""

from collections.abc import Callable
from datetime import timedelta

from sandbox.cloud.defaults import ACCESS_KEY, LAB_PROJECT
from sandbox.cloud.disks import Disk
from tests.cloud.fixtures import Scene
from tests.cloud.recorded import Exchange


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
