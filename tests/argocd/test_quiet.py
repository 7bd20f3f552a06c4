"""After a sync there is silence: no difference seen, nothing healed, nothing written, in every mode."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from sandbox.cluster.argo import NAMESPACE
from sandbox.cluster.kube import POLL_SECONDS
from sandbox.stage import ROOT
from tests.argocd.installed import RELEASE, SYSTEM
from tests.argocd.shop import LONG, SERVERS, Shop, is_ready, well

if TYPE_CHECKING:
    from sandbox.cluster.kube import Object

QUIET_SECONDS = 30.0
BRIEFLY_SECONDS = 12.0  # Argo CD compares every 3 s here
# name: (the Application compares on the server's side, it applies there)
MODES = {
    "local-diff-local-apply": (False, False),
    "local-diff-server-apply": (False, True),
    "server-diff-local-apply": (True, False),
    "server-diff-server-apply": (True, True),
}
SIGN_IN = "POST /v3/auth/tokens"
PASSWORD = "db-1-login"  # of examples/servers/full.yaml
# What of it is there once in a cloud, or is not in the simulated one.
ELSEWHERE = ("name", "placement", "instanceGroups")
# Quantities and orders as people write them; the cloud says 2 GiB, and lists groups and disks its own way.
WRITTEN = {
    "cpu": 1,
    "memory": "2048Mi",
    "image": "ubuntu-22.04",
    "rootDisk": {"size": "32768Mi"},
    "dataDisks": [{"name": "data-2", "size": "10240Mi"}, {"name": "data-1", "size": "10Gi"}],
    "networks": [{"network": "vnet-db"}, {"network": "vnet-1"}],
    "securityGroups": ["web", "default"],
    "tags": {"team": "shop", "cost-center": "0815", "spare": "yes"},
}


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
    """
    All modes in the same 30 s, watched from their birth: a server's creation is no difference.

    Each has two servers with every kind of field between them. The operator's Application is watched, too.
    """
    login = {"metadata": {"name": PASSWORD}, "stringData": {"password": "Sesam-0ffne-dich"}}
    shop.kube.create({"apiVersion": "v1", "kind": "Secret", **login}, namespace=shop.namespace)
    seen = {mode: Watched(_open(shop, mode)) for mode in MODES}
    seen["operator"] = Watched(RELEASE)
    deadline = time.monotonic() + LONG
    while not all(watched.synced and watched.healthy for watched in seen.values()):
        assert time.monotonic() < deadline, seen
        _look(shop, seen)
    assert all(is_ready(shop.server(f"{mode}-{kind}")) for mode in MODES for kind in ("full", "written"))
    _see_nothing_happen(shop, seen, QUIET_SECONDS)


def test_the_operators_own_application_is_as_quiet_with_argo_cds_defaults(shop: Shop) -> None:
    """Compared and applied on its side; the new annotation has everything applied so, and starts no Pod."""
    made = shop.operator.manifest()
    del made["metadata"]["annotations"]["argocd.argoproj.io/compare-options"]
    made["spec"]["syncPolicy"]["syncOptions"].remove("ServerSideApply=true")
    account = {"annotations": {"example.com/applied": "on-the-client-side"}}
    made["spec"]["source"]["helm"]["valuesObject"]["serviceAccount"] = account
    before = shop.application(RELEASE)["status"]["operationState"]["finishedAt"]
    shop.kube.apply(made, force=True)
    try:
        shop.until(lambda: _applied_on_the_client_side(shop), "it is applied so")
        shop.kube.wait_for(
            "applications",
            RELEASE,
            NAMESPACE,
            lambda found: well(found) and _compared_since(found, before),
            LONG,
        )
        _see_nothing_happen(shop, {"operator": Watched(RELEASE, synced=True, healthy=True)}, BRIEFLY_SECONDS)
    finally:
        shop.operator.install()


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


def _see_nothing_happen(shop: Shop, seen: dict[str, Watched], seconds: float) -> None:
    """Look for *seconds*: no difference, no sync, no write to Kubernetes or the cloud."""
    before = _traces(shop)
    for watched in seen.values():
        watched.compared.clear()
    shop.cloud.call("reset_calls")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        _look(shop, seen)
    assert {mode: watched.faults for mode, watched in seen.items()} == {mode: [] for mode in seen}
    assert _traces(shop) == before
    assert {call for call in shop.cloud.counts() if not call.startswith("GET ")} <= {SIGN_IN}
    assert all(len(watched.compared) >= seconds / 10 for watched in seen.values()), "they were compared"


def _compared_since(application: Object, before: str) -> bool:
    """Say whether a later sync than that of *before* has ended, and what it left was looked at."""
    status = application["status"]
    operation = status["operationState"]
    ended = operation["phase"] == "Succeeded" and operation["finishedAt"] != before
    return ended and bool(status["reconciledAt"] > operation["finishedAt"])


def _applied_on_the_client_side(shop: Shop) -> bool:
    found = shop.kube.get("serviceaccounts", RELEASE, SYSTEM)
    return "example.com/applied" in (found or {})["metadata"].get("annotations", {})


def _open(shop: Shop, mode: str) -> str:
    compares, applies = MODES[mode]
    full = yaml.safe_load((ROOT / "examples/servers/full.yaml").read_text())
    full["spec"]["deletionProtection"] = False  # the default, written out
    for field_name in ELSEWHERE:
        del full["spec"]["server"][field_name]
    del full["spec"]["server"]["networks"][0]["address"]
    written = {**full, "spec": {"credentialsRef": {"name": "onecloud"}, "server": WRITTEN}}
    for kind, server in (("full", full), ("written", written)):
        manifest = {**server, "metadata": {"name": f"{mode}-{kind}"}}
        shop.repository.write(f"{mode}/{kind}.json", json.dumps(manifest))
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
        for name in (*shop.applications, RELEASE)
    }
    return {"objects": objects, "syncs": syncs, "operator": _parts(shop)}


def _parts(shop: Shop) -> dict[str, str]:
    """Return the version of everything that the operator's Application has made: CRD, rights, Deployment."""
    found = {}
    for part in shop.application(RELEASE)["status"]["resources"]:
        kind, name = part["kind"], part["name"]
        made = shop.kube.get(kind, name, part.get("namespace"))
        assert made is not None, part
        found[f"{kind} {name}"] = made["metadata"]["resourceVersion"]
    assert {"CustomResourceDefinition", "ClusterRole", "Deployment"} <= {each.split()[0] for each in found}
    return found
