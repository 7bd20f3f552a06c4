"""A kubectl delete that is undone by applying the manifest again, with the id of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User


def undoing(server_id: str) -> dict[str, Any]:
    return {"policy": "Adopt", "id": server_id, "restore": True}


def recycled(user: User) -> str:
    """Have a server in the bin whose object was deleted; return its id."""
    user.apply(server={"tags": {"team": "shop"}})
    identity: str = user.wait_ready()["id"]
    user.delete()
    user.wait_gone()
    assert user.only_server()["pending_deleted"]
    return identity


def test_a_deletion_is_undone_and_the_server_is_the_same_and_runs(user: User) -> None:
    identity = recycled(user)
    user.apply(server={"tags": {"team": "shop"}}, adoption=undoing(identity))
    status = user.wait_ready()
    server = user.only_server()
    assert (status["id"], server["id"], status["state"]) == (identity, identity, "Running")
    assert (server["pending_deleted"], server["status"]) == (False, "running")
    assert server["metadata"]["user:onecloud.io/uid"] == user.get()["metadata"]["uid"]
    assert user.posts() == 1
    reasons = [each["reason"] for each in user.kube.list("events", user.namespace)]
    assert reasons.count("Restored") == 1
    user.apply(server={"tags": {"team": "shop"}}, adoption=undoing(identity), deletionPolicy="RecycleBin")
    user.wait_ready()
    user.delete()
    user.wait_gone()
    user.apply(server={"tags": {"team": "shop"}}, adoption=undoing(identity))
    assert user.wait_ready()["state"] == "Running", "and once more"


def test_a_name_that_is_taken_by_now_is_told_and_put_right(user: User) -> None:
    identity = recycled(user)
    name = f"{user.namespace}.web-1"
    other = user.cloud.call("add_server", name=name)
    user.apply(server={}, adoption=undoing(identity))
    user.wait_reason("NameConflict")
    (event,) = [e for e in user.kube.list("events", user.namespace) if e["reason"] == "Restored"]
    assert event["type"] == "Warning"
    assert f"{name}-1" in event["message"]
    user.cloud.call("erase", idents=[other])
    user.annotate("onecloud.io/reconcile-requested-at", "now")
    assert user.wait_ready()["server"]["name"] == name


def test_another_objects_server_stays_in_the_bin(user: User) -> None:
    identity = recycled(user)
    user.apply("web-2", server={}, adoption=undoing(identity))
    status = user.wait_reason("OwnedByAnother", "web-2")
    assert f"{user.namespace}/web-1" in condition(status, "Synced")["message"]
    assert user.only_server()["pending_deleted"]


def disks_of(user: User) -> dict[str, str]:
    """Return the data disks of the object by their names."""
    return {disk["name"]: disk["id"] for disk in user.status()["dataDisks"] if disk["stage"] == "Bound"}


def test_its_data_disks_come_back_with_it_those_that_were_kept_too(user: User) -> None:
    entries = [{"name": "log", "size": "5Gi"}, {"name": "data", "size": "10Gi", "reclaimPolicy": "Retain"}]
    user.apply(server={"dataDisks": entries})
    identity = user.wait_ready()["id"]
    user.wait(lambda s: [disk.get("tagged") for disk in s.get("dataDisks", ())] == [True, True])
    before = disks_of(user)
    assert set(before) == {"log", "data"}
    user.delete()
    user.wait_gone()
    assert [disk["id"] for disk in user.cloud.call("disks") if not disk["pending_deleted"]] == [
        before["data"]
    ]
    user.apply(server={"dataDisks": [*entries, {"name": "new", "size": "1Gi"}]}, adoption=undoing(identity))
    user.wait_ready()
    after = disks_of(user)
    assert {name: after[name] for name in before} == before
    attached = {disk["id"] for disk in user.only_server()["disks_info"]}
    assert set(after.values()) <= attached
    assert user.cloud.counts().get("POST /disks", 0) == 1, "only what never was there is made"
