"""After a sync there is silence: no difference seen, nothing healed, nothing written, in every mode."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from sandbox.cluster.kube import POLL_SECONDS
from tests.argocd.shop import LONG, SERVERS, Shop, is_ready

if TYPE_CHECKING:
    from sandbox.cluster.kube import Object

QUIET_SECONDS = 30.0
# name: (the Application compares on the server's side, it applies there)
MODES = {
    "local-diff-local-apply": (False, False),
    "local-diff-server-apply": (False, True),
    "server-diff-local-apply": (True, False),
    "server-diff-server-apply": (True, True),
}
SIGN_IN = "POST /v3/auth/tokens"


@dataclass
class Watched:
    """What was seen of one Application and its server."""

    application: str
    synced: bool = False
    healthy: bool = False
    compared: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def look(self, shop: Shop) -> None:
        """Look once: what was once Synced or Healthy must stay so."""
        status = shop.application(self.application).get("status", {})
        sync, health = status.get("sync", {}).get("status"), status.get("health", {}).get("status")
        if self.synced and sync != "Synced":
            self.faults.append(f"{sync} after it was Synced")
        if self.healthy and health != "Healthy":
            self.faults.append(f"{health} after it was Healthy")
        self.synced, self.healthy = self.synced or sync == "Synced", self.healthy or health == "Healthy"
        self.compared.add(status.get("reconciledAt", ""))


def test_nothing_happens_after_a_sync_in_any_mode(shop: Shop) -> None:
    """All modes in the same 30 s, watched from their birth: a server's creation is no difference."""
    seen = {mode: Watched(_open(shop, mode)) for mode in MODES}
    deadline = time.monotonic() + LONG
    while not all(watched.synced and watched.healthy for watched in seen.values()):
        assert time.monotonic() < deadline, seen
        _look(shop, seen)
    assert all(is_ready(shop.server(mode)) for mode in MODES)
    before = _traces(shop)
    for watched in seen.values():
        watched.compared.clear()
    shop.cloud.call("reset_calls")
    deadline = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < deadline:
        _look(shop, seen)
    assert {mode: watched.faults for mode, watched in seen.items()} == {mode: [] for mode in MODES}
    assert _traces(shop) == before
    assert {call for call in shop.cloud.counts() if not call.startswith("GET ")} <= {SIGN_IN}
    assert all(len(watched.compared) >= QUIET_SECONDS / 10 for watched in seen.values()), "they were compared"


def test_a_change_in_the_cloud_is_mended_by_the_operator_and_is_none_of_argo_cds_business(shop: Shop) -> None:
    name = shop.open()
    shop.wait_well()
    watched = Watched(name, synced=True)
    operation = shop.application()["status"]["operationState"]
    generation = (shop.server("web-1") or {})["metadata"]["generation"]
    server = shop.in_cloud("web-1")
    assert server is not None
    shop.cloud.call("power", ident=server["id"], on=False)

    def mended() -> bool:
        watched.look(shop)
        return (shop.in_cloud("web-1") or {})["status"] == "running" and is_ready(shop.server("web-1"))

    shop.until(mended, "it runs again")
    shop.wait_well()
    assert watched.faults == []
    assert shop.application()["status"]["operationState"] == operation
    assert (shop.server("web-1") or {})["metadata"]["generation"] == generation


def _open(shop: Shop, mode: str) -> str:
    compares, applies = MODES[mode]
    server = yaml.safe_load((shop.repository.directory / "argocd/servers/web-1.yaml").read_text())
    server["metadata"] = {"name": mode}
    shop.repository.write(f"{mode}/server.yaml", yaml.safe_dump(server))
    shop.repository.commit(f"Add {mode}")

    def change(application: Object) -> None:
        options = f"ServerSideDiff={str(compares).lower()}"
        application["metadata"]["annotations"]["argocd.argoproj.io/compare-options"] = options
        application["spec"]["syncPolicy"]["syncOptions"] = [f"ServerSideApply={str(applies).lower()}"]

    return shop.open(change, folder=mode)


def _look(shop: Shop, seen: dict[str, Watched]) -> None:
    for watched in seen.values():
        watched.look(shop)
    time.sleep(POLL_SECONDS)


def _traces(shop: Shop) -> dict[str, object]:
    """Return what any write or sync would change."""
    objects = {
        found["metadata"]["name"]: (found["metadata"]["resourceVersion"], found["metadata"]["generation"])
        for found in shop.kube.list(SERVERS, shop.namespace)
    }
    syncs = {
        name: shop.application(name)["status"].get("operationState", {}).get("finishedAt")
        for name in shop.applications
    }
    return {"objects": objects, "syncs": syncs}
