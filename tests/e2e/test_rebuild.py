"""Another image in the manifest makes the root disk anew, of the same server, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User

REBUILD: dict[str, Any] = {"disruption": {"allow": "Rebuild"}}
DEBIAN: dict[str, Any] = {"image": "debian-12"}
KEYED: dict[str, Any] = {"keypair": "ops"}


def asked(user: User, action: str) -> int:
    return user.cloud.counts().get(f"POST /servers/{{id}}/{action}", 0)


def events(user: User) -> dict[str, str]:
    """Return the Events by their reasons, and whether they warn."""
    return {event["reason"]: event["type"] for event in user.kube.list("events", user.namespace)}


def root_of(server: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(disk for disk in server["disks_info"] if disk["index"] == 0)
    return found


def test_another_image_rebuilds_the_root_disk_and_keeps_all_else(user: User) -> None:
    disks = {"dataDisks": [{"name": "data", "size": "10Gi"}]}
    user.apply(server={**KEYED, **disks})
    status = user.wait_ready()
    before = user.only_server()
    assert status["image"]["text"] == "ubuntu-22.04"
    assert status["image"]["id"] == root_of(before)["image_id"]
    user.apply(server={**KEYED, **disks, **DEBIAN})
    status = user.wait_reason("RestartNeeded")
    assert "disruption.allow: Rebuild" in condition(status, "Synced")["message"]
    assert asked(user, "stop") == 0
    user.apply(server={**KEYED, **disks, **DEBIAN, "cpu": 4, "memory": "8Gi"}, **REBUILD)
    status = user.wait_ready()
    after = user.only_server()
    assert (after["id"], after["ips"], after["keypair"]) == (before["id"], before["ips"], "ops")
    assert [disk["id"] for disk in after["disks_info"]] == [disk["id"] for disk in before["disks_info"]]
    assert root_of(after)["image_id"] != root_of(before)["image_id"]
    assert status["image"] == {"text": "debian-12", "id": root_of(after)["image_id"]}
    assert after["vcpu_count"] == 4
    assert "restart" not in status
    counted = {action: asked(user, action) for action in ("stop", "change-config", "rebuild-root", "start")}
    assert counted == {"stop": 1, "change-config": 1, "rebuild-root": 1, "start": 1}
    user.until(lambda: {"Rebuilding", "Rebuilt"} <= set(events(user)), "the Events, which come later")
    assert (events(user)["Rebuilding"], events(user)["Rebuilt"]) == ("Warning", "Normal")


def test_a_root_disk_that_grew_with_its_new_image_is_no_difference(user: User) -> None:
    """The cloud makes it as large as the image needs; the spec asks for less, and may go on doing so."""
    user.cloud.call("add_image", name="large", minimum_mib=20 * 1024)
    wanted: dict[str, Any] = {"rootDisk": {"size": "12Gi"}}
    user.apply(server=wanted, **REBUILD)
    assert user.wait_ready()["server"]["rootDisk"]["size"] == "12Gi"
    user.apply(server={**wanted, "image": "large"}, **REBUILD)
    status = user.wait_ready()
    assert root_of(user.only_server())["size"] == 20 * 1024
    assert status["server"]["rootDisk"]["size"] == "20Gi"
    assert "drift" not in status
    user.apply(server={"rootDisk": {"size": "16Gi"}, "image": "large"}, **REBUILD)
    assert user.wait_ready()["server"]["rootDisk"]["size"] == "20Gi"
    assert (asked(user, "rebuild-root"), asked(user, "stop"), asked(user, "start")) == (1, 1, 1)


def test_a_password_goes_along_and_is_shown_nowhere(user: User) -> None:
    source = {"passwordFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}
    secret = {"password": "Orders-2026.x9"}
    metadata = {"name": "login", "namespace": user.namespace}
    user.kube.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": secret}, force=True
    )
    user.apply(server={**source, "powerState": "Stopped"})
    user.wait_ready()
    user.apply(server={**source, **DEBIAN, "powerState": "Stopped"}, **REBUILD)
    status = user.wait_ready()
    assert (status["state"], status["image"]["text"]) == ("Stopped", "debian-12")
    assert (asked(user, "rebuild-root"), asked(user, "start")) == (1, 0)
    assert secret["password"] not in repr(user.get())


def test_a_rebuild_that_fails_is_told_and_tried_again_when_it_is_asked_for(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.cloud.call("fail_next", operation="rebuild-root", status="rebuild_root_fail", text="no space left")
    user.apply(server=DEBIAN, **REBUILD)
    status = user.wait(
        lambda now: (
            condition(now, "Synced").get("reason") == "OperationFailed"
            and now.get("state") == "Running"
            and "restart" not in now
        )
    )
    assert "tried again" in condition(status, "Synced")["message"]
    assert asked(user, "rebuild-root") == 1
    user.annotate("onecloud.io/reconcile-requested-at", "now")
    status = user.wait_ready()
    assert status["image"]["text"] == "debian-12"
    assert asked(user, "rebuild-root") == 2


def test_an_image_that_is_not_there_stops_nothing(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.apply(server={"image": "no-such-image"}, **REBUILD)
    user.wait_reason("ReferenceNotFound")
    assert (asked(user, "stop"), asked(user, "rebuild-root")) == (0, 0)
