"""Data disks that are added to a server that runs, grow, leave it and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User

LOG = {"name": "log", "size": "10Gi"}


def want(user: User, *disks: dict[str, Any], **policies: Any) -> Any:
    """Apply these data disks; return the status once they are there."""
    user.apply(server={"dataDisks": list(disks)}, **policies)
    return user.wait_ready()


def by_name(status: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {disk["name"]: disk for disk in status["dataDisks"]}


def found(user: User, ident: str) -> Any:
    return user.cloud.call("find_disk", ident=ident)


def test_a_disk_is_added_grown_taken_out_and_back_while_the_server_runs(user: User) -> None:
    want(user, LOG)
    status = want(user, LOG, {"name": "data", "size": "20Gi", "reclaimPolicy": "Retain"})
    added = by_name(status)["data"]["id"]
    made = found(user, added)
    assert (made["disk_size"], made["auto_delete"]) == (20480, False)
    assert made["metadata"]["user:onecloud.io/disk"] == "data"
    assert made["metadata"]["user:onecloud.io/name"] == "web-1"
    assert [guest["id"] for guest in made["guests"]] == [status["id"]]
    want(user, LOG, {"name": "data", "size": "30Gi", "reclaimPolicy": "Retain"})
    assert found(user, added)["disk_size"] == 30720
    status = want(user, LOG)
    kept = found(user, added)
    assert (kept["pending_deleted"], kept["guest_count"]) == (False, 0)
    assert "metadata" not in kept, "its owner tags are off"
    assert by_name(status)["data"]["stage"] == "Kept"
    status = want(user, LOG, {"name": "data", "size": "30Gi"})
    assert by_name(status)["data"]["id"] == added
    want(user, LOG)
    assert found(user, added)["pending_deleted"]
    events = {(each["reason"], each["message"]) for each in user.kube.list("events", user.namespace)}
    of_disk = sorted(message for reason, message in events if reason in {"DiskAttached", "DiskDetached"})
    server = f"web-1 ({status['id']})"
    assert [text.replace(f"{user.namespace}.", "") for text in of_disk] == [
        f"Attached data disk data ({added}) to server {server}.",
        f"Data disk data ({added}) is not server {server}'s any more: it is in the recycle bin.",
        f"Data disk data ({added}) is not server {server}'s any more: it stays in the cloud.",
    ]
    counts = user.cloud.counts()
    assert counts["POST /disks"] == 1
    assert "POST /servers/{id}/stop" not in counts


def test_a_disk_that_exists_is_attached_by_its_id_and_kept_when_the_server_goes(user: User) -> None:
    status = want(user, {"name": "data", "size": "10Gi", "reclaimPolicy": "Retain"})
    disk = by_name(status)["data"]["id"]
    want(user)
    status = want(user, {"name": "mine", "diskID": disk})
    assert by_name(status)["mine"]["given"]
    assert [guest["id"] for guest in found(user, disk)["guests"]] == [status["id"]]
    user.delete()
    user.wait_gone()
    user.cloud.call("clean_bin")
    assert found(user, disk)["guest_count"] == 0


def test_a_disk_of_another_object_is_told_and_left_alone(user: User) -> None:
    user.apply("web-2", {"dataDisks": [LOG]})
    theirs = by_name(user.wait_ready("web-2"))["log"]["id"]
    user.apply(server={"dataDisks": [{"name": "data", "diskID": theirs}]})
    status = user.wait_reason("OwnedByAnother")
    assert theirs in condition(status, "Synced")["message"]
    user.apply(server={"dataDisks": []})
    user.wait_ready()
    assert "POST /servers/{id}/attachdisk" not in user.cloud.counts()


def test_a_storage_without_room_is_told_and_a_smaller_disk_is_made(user: User) -> None:
    want(user)
    user.apply(server={"dataDisks": [{"name": "data", "size": "60Ti"}]})
    status = user.wait_reason("NoCapacity")
    assert "dataDisks" in condition(status, "Synced")["message"]
    want(user)
    status = want(user, {"name": "data", "size": "10Gi"})
    assert found(user, by_name(status)["data"]["id"])["disk_size"] == 10240


def test_a_disk_on_another_storage_is_made_by_the_server_once(user: User) -> None:
    want(user)
    status = want(user, {"name": "data", "size": "10Gi", "medium": "Rotational"})
    (added,) = status["server"]["dataDisks"]
    assert (added["id"], added["medium"]) == (by_name(status)["data"]["id"], "Rotational")
    assert found(user, added["id"])["metadata"]["user:onecloud.io/disk"] == "data"
    counts = user.cloud.counts()
    assert counts["POST /servers/{id}/createdisk"] == 1
    assert "POST /disks" not in counts
