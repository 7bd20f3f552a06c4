"""Argo CD drives the operator: what is in git is what runs, and neither works against the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.cluster.argo import NAMESPACE
from tests.argocd.shop import FOLDER, LONG, SERVERS, is_ready
from tests.e2e.user import condition

if TYPE_CHECKING:
    from sandbox.cluster.kube import Object
    from tests.argocd.shop import Shop


def set_server(**fields: Any) -> Any:
    """Return a change of fields of spec.server."""

    def change(manifest: Object) -> None:
        manifest["spec"]["server"] |= fields

    return change


def test_it_is_progressing_until_the_servers_are_ready_and_then_healthy(shop: Shop) -> None:
    """The second wave begins when the first is Healthy, so no web server is made before its database runs."""
    shop.cloud.call("hang_at", statuses=["deploying"])
    shop.open()
    shop.until(lambda: shop.in_cloud("db-1"), "the first server is being made")
    shop.wait_health("Progressing")
    assert not is_ready(shop.server("db-1"))
    assert shop.server("web-1") is None
    shop.cloud.call("hang_at", statuses=[])
    shop.cloud.call("release")
    shop.wait_well()
    db, web = shop.server("db-1"), shop.server("web-1")
    assert db is not None
    assert web is not None
    assert is_ready(db)
    assert is_ready(web)
    assert condition(db["status"], "Ready")["lastTransitionTime"] <= web["metadata"]["creationTimestamp"]


def test_a_change_that_stalls_is_degraded_and_one_that_may_be_made_is_made(shop: Shop) -> None:
    shop.cloud.call("settings", hot_plug="disable")  # so that a running server cannot grow
    shop.open()
    shop.wait_well()
    shop.push("web-1.yaml", set_server(cpu=2))
    shop.wait_health("Degraded")
    resources = shop.application()["status"]["resources"]
    web = next(each for each in resources if each["name"] == "web-1")
    assert web["health"]["status"] == "Degraded"
    assert web["status"] == "Synced"
    shop.push("web-1.yaml", lambda manifest: manifest["spec"].update(disruption={"allow": "Restart"}))
    shop.wait_well()
    server = shop.in_cloud("web-1")
    assert server is not None
    assert server["vcpu_count"] == 2


def test_what_leaves_git_is_pruned_and_its_server_is_in_the_recycle_bin(shop: Shop) -> None:
    shop.open()
    shop.wait_well()
    shop.drop("web-1.yaml")
    shop.until(lambda: shop.server("web-1") is None, "the object is gone")
    server = shop.in_cloud("web-1")
    assert server is not None
    assert server["pending_deleted"]
    kept = shop.in_cloud("db-1")
    assert kept is not None
    assert not kept["pending_deleted"]
    shop.wait_well()


def test_a_folder_that_vanishes_from_git_deletes_nothing(shop: Shop) -> None:
    name = shop.open()
    shop.wait_well()
    before = [shop.server(each) for each in ("db-1", "web-1")]
    shop.repository.write(f"{FOLDER}/README.md", "There are no servers here.")
    shop.drop("db-1.yaml", "web-1.yaml")
    shop.until(
        lambda: [
            each
            for each in shop.application(name)["status"].get("conditions", [])
            if "wipe out all resources" in each["message"]
        ],
        "Argo CD refuses",
    )
    assert [shop.server(each) for each in ("db-1", "web-1")] == before


def test_a_manual_edit_is_healed(shop: Shop) -> None:
    shop.open()
    shop.wait_well()
    generation = shop.server("web-1")["metadata"]["generation"]  # type: ignore[index]  # it is Healthy
    shop.kube.patch(SERVERS, "web-1", shop.namespace, {"spec": {"server": {"tags": {"team": "mine"}}}})
    shop.until(
        lambda: (shop.server("web-1") or {})["metadata"]["generation"] == generation + 2,
        "it is as in git again",
    )
    shop.wait_well()
    server = shop.in_cloud("web-1")
    assert server is not None
    assert server["metadata"]["user:team"] == "shop"


def test_a_paused_object_is_suspended_until_it_goes_on(shop: Shop) -> None:
    """The annotation is not in git, and stays nevertheless: nobody applied it but the person who paused."""
    shop.open()
    shop.wait_well()
    for value, health in (("true", "Suspended"), (None, "Healthy")):
        patch = {"metadata": {"annotations": {"onecloud.io/paused": value}}}
        shop.kube.patch(SERVERS, "web-1", shop.namespace, patch)
        shop.wait_health(health)


def test_the_end_of_the_application_is_the_end_of_its_servers_in_reverse_order(shop: Shop) -> None:
    """Also with --cascade=orphan: Argo CD looks at its own finalizer only. See test_keeping.py."""
    name = shop.open()
    shop.wait_well()
    protect = {"spec": {"deletionProtection": True}}
    shop.kube.patch("applications", name, NAMESPACE, {"spec": {"syncPolicy": {"automated": None}}})
    shop.kube.patch(SERVERS, "web-1", shop.namespace, protect)
    shop.kube.delete("applications", name, NAMESPACE, propagation="Orphan")
    shop.kube.wait_for(
        SERVERS, "web-1", shop.namespace, lambda found: "deletionTimestamp" in found["metadata"], LONG
    )
    db = shop.server("db-1")
    assert db is not None
    assert "deletionTimestamp" not in db["metadata"], "the database goes only when the web server is gone"
    shop.kube.patch(SERVERS, "web-1", shop.namespace, {"spec": {"deletionProtection": False}})
    shop.kube.wait_gone("applications", name, NAMESPACE, LONG)
    assert shop.kube.list(SERVERS, shop.namespace) == []
    for each in ("web-1", "db-1"):
        server = shop.in_cloud(each)
        assert server is not None
        assert server["pending_deleted"]


def test_a_misspelt_field_is_told_and_nothing_is_changed(shop: Shop) -> None:
    shop.open()
    shop.wait_well()
    before = shop.server("web-1")
    shop.push("web-1.yaml", set_server(cpuCount=4))
    conditions = shop.until(
        lambda: [
            each
            for each in shop.application()["status"].get("conditions", [])
            if "cpuCount" in each["message"]
        ],
        "the field is named",
    )
    assert {each["type"] for each in conditions} <= {"ComparisonError", "SyncError"}
    assert (shop.server("web-1") or {})["metadata"]["generation"] == (before or {})["metadata"]["generation"]
