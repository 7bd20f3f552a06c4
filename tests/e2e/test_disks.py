"""Disks that outlive their server, and a root disk that is another one by now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User

STAYS = {
    "dataDisks": [{"name": "log", "size": "10Gi", "reclaimPolicy": "Retain"}, {"name": "tmp", "size": "10Gi"}]
}
GROWN = {"rootDisk": {"size": "40Gi"}}


def made(user: User, **policies: Any) -> tuple[str, str]:
    """Have a server with two data disks; return the one that is to stay, and the one that goes."""
    user.apply(server=STAYS, **policies)
    status = user.wait_ready()
    stays, goes = (disk["id"] for disk in status["server"]["dataDisks"])
    assert status["rootDiskID"] == status["server"]["rootDisk"]["id"]
    named = [(disk["name"], disk["id"], disk["reclaimPolicy"]) for disk in status["dataDisks"]]
    assert named == [("log", stays, "Retain"), ("tmp", goes, "Recycle")]
    return stays, goes


def disks(user: User) -> dict[str, bool]:
    """Return the ids of all disks, and whether each is in the recycle bin."""
    return {disk["id"]: disk["pending_deleted"] for disk in user.cloud.call("disks")}


def events_of(user: User, reason: str) -> list[str]:
    return [e["message"] for e in user.kube.list("events", user.namespace) if e["reason"] == reason]


@pytest.mark.parametrize("policy", ["RecycleBin", "Delete"])
def test_a_disk_that_is_to_outlive_its_server_outlives_the_bins_cleaner(user: User, policy: str) -> None:
    stays, _ = made(user, deletionPolicy=policy)
    user.delete()
    user.wait_gone()
    user.cloud.call("clean_bin")
    assert disks(user) == {stays: False}
    (kept,) = events_of(user, "DiskKept")
    assert stays in kept
    user.until(
        lambda: any(stays in message for message in events_of(user, "Released")), "an Event of its end"
    )


def test_a_detachment_that_is_refused_holds_the_removal_and_says_the_way_out(user: User) -> None:
    stays, goes = made(user)
    refusal = {"effect": "answer", "method": "POST", "path": "detachdisk", "status": 400, "count": None}
    user.cloud.call("fault", **refusal, kind="BadRequestError", details="Cannot detach disk in status odd")
    user.delete()
    status = user.wait(lambda now: "Cannot detach" in condition(now, "Deleting").get("message", ""))
    message = condition(status, "Deleting")["message"]
    assert stays in message
    assert "deletionPolicy: Retain" in message
    assert "force-detach" in message
    assert [disk["id"] for disk in status["keptDisks"]] == [stays]
    assert not user.only_server()["pending_deleted"]
    assert disks(user)[goes] is False
    user.cloud.call("clear_faults")
    user.annotate("onecloud.io/reconcile-requested-at", "now")
    user.wait_gone()
    assert disks(user)[stays] is False


def test_a_disk_is_taken_out_of_the_bin_when_somebody_recycles_its_server(user: User) -> None:
    stays, goes = made(user)
    user.cloud.call("recycle", ident=user.only_server()["id"])
    status = user.wait(lambda now: any("keptAt" in disk for disk in now.get("keptDisks") or ()))
    assert [(disk["id"], disk["how"]) for disk in status["keptDisks"]] == [(stays, "Restored")]
    status = user.wait_reason("InRecycleBin")
    assert stays in condition(status, "Synced")["message"]
    assert disks(user) == {stays: False, goes: True, status["rootDiskID"]: True}
    user.until(lambda: events_of(user, "DiskKept"), "an Event of it")
    user.cloud.call("clean_bin")
    assert disks(user) == {stays: False}


def test_another_root_disk_is_told_not_grown_and_accepted_by_a_person(user: User) -> None:
    stays, _ = made(user)
    root = user.status()["rootDiskID"]
    server = user.cloud.call("take_off_disk", ident=root)
    user.cloud.call("take_off_disk", ident=stays)
    user.cloud.call("hang_disk", server=server, ident=stays)
    user.wait(lambda now: root in condition(now, "Synced").get("message", ""))
    found = user.apply(server={**STAYS, **GROWN}, disruption={"allow": "Restart"})
    generation = found["metadata"]["generation"]
    status = user.wait(lambda now: now.get("observedGeneration") == generation)
    assert condition(status, "Synced")["reason"] == "OperationFailed"
    assert f"onecloud.io/accept-root-disk: {stays}" in condition(status, "Synced")["message"]
    assert "POST /servers/{id}/resize-disk" not in user.cloud.counts()
    assert "POST /servers/{id}/stop" not in user.cloud.counts()
    user.annotate("onecloud.io/accept-root-disk", stays)
    user.wait(lambda now: now.get("rootDiskID") == stays)
    grown = {"POST /servers/{id}/resize-disk", "POST /servers/{id}/stop"}
    user.until(lambda: grown <= set(user.cloud.counts()), "the accepted one is grown")
