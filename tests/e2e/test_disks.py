"""Disks that outlive their server, and a root disk that is another one by now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.user import said

if TYPE_CHECKING:
    from tests.e2e.user import Play

STAYS = {"dataDisks": [{"index": 1, "size": "10Gi", "autoDelete": False}, {"index": 2, "size": "10Gi"}]}
GROWN = {"rootDisk": {"size": "40Gi"}}


def made(play: Play, **policies: Any) -> tuple[str, str]:
    """Have a server with two data disks; return the one that is to stay, and the one that goes."""
    play.apply(server=STAYS, **policies)
    status = play.wait_ready()
    stays, goes = (disk["id"] for disk in status["server"]["dataDisks"])
    assert status["rootDiskID"] == status["server"]["rootDisk"]["id"]
    assert status["dataDiskIDs"] == [{"index": 1, "id": stays}, {"index": 2, "id": goes}]
    return stays, goes


def disks(play: Play) -> dict[str, bool]:
    """Return the ids of all disks, and whether each is in the recycle bin."""
    return {disk["id"]: disk["pending_deleted"] for disk in play.cloud.call("disks")}


def told(play: Play, reason: str) -> list[str]:
    return [e["message"] for e in play.kube.list("events", play.namespace) if e["reason"] == reason]


@pytest.mark.parametrize("policy", ["RecycleBin", "Delete"])
def test_a_disk_that_is_to_outlive_its_server_outlives_the_bins_cleaner(play: Play, policy: str) -> None:
    stays, _ = made(play, deletionPolicy=policy)
    play.delete()
    play.wait_gone()
    play.cloud.call("clean_bin")
    assert disks(play) == {stays: False}
    (kept,) = told(play, "DiskKept")
    assert stays in kept
    play.until(lambda: any(stays in message for message in told(play, "Released")), "the end is told")


def test_a_detachment_that_is_refused_holds_the_removal_and_says_the_way_out(play: Play) -> None:
    stays, goes = made(play)
    refusal = {"effect": "answer", "method": "POST", "path": "detachdisk", "status": 400, "count": None}
    play.cloud.call("fault", **refusal, kind="BadRequestError", details="Cannot detach disk in status odd")
    play.delete()
    status = play.wait(lambda now: "Cannot detach" in said(now, "Deleting").get("message", ""))
    message = said(status, "Deleting")["message"]
    assert stays in message
    assert "deletionPolicy: Retain" in message
    assert "force-detach" in message
    assert [disk["id"] for disk in status["keptDisks"]] == [stays]
    assert not play.only_server()["pending_deleted"]
    assert disks(play)[goes] is False
    play.cloud.call("clear_faults")
    play.annotate("onecloud.io/reconcile-requested-at", "now")
    play.wait_gone()
    assert disks(play)[stays] is False


def test_a_disk_is_taken_out_of_the_bin_when_somebody_recycles_its_server(play: Play) -> None:
    stays, goes = made(play)
    play.cloud.call("recycle", ident=play.only_server()["id"])
    status = play.wait(lambda now: any("keptAt" in disk for disk in now.get("keptDisks") or ()))
    assert [(disk["id"], disk["how"]) for disk in status["keptDisks"]] == [(stays, "Restored")]
    status = play.wait_reason("InRecycleBin")
    assert stays in said(status, "Synced")["message"]
    assert disks(play) == {stays: False, goes: True, status["rootDiskID"]: True}
    play.until(lambda: told(play, "DiskKept"), "it is told")
    play.cloud.call("clean_bin")
    assert disks(play) == {stays: False}


def test_another_root_disk_is_told_not_grown_and_accepted_by_a_person(play: Play) -> None:
    stays, _ = made(play)
    root = play.status()["rootDiskID"]
    server = play.cloud.call("take_off_disk", ident=root)
    play.cloud.call("take_off_disk", ident=stays)
    play.cloud.call("hang_disk", server=server, ident=stays)
    play.wait(lambda now: root in said(now, "Synced").get("message", ""))
    found = play.apply(server={**STAYS, **GROWN}, disruption={"allow": "Restart"})
    generation = found["metadata"]["generation"]
    status = play.wait(lambda now: now.get("observedGeneration") == generation)
    assert said(status, "Synced")["reason"] == "OperationFailed"
    assert f"onecloud.io/accept-root-disk: {stays}" in said(status, "Synced")["message"]
    assert "POST /servers/{id}/resize-disk" not in play.cloud.counts()
    assert "POST /servers/{id}/stop" not in play.cloud.counts()
    play.annotate("onecloud.io/accept-root-disk", stays)
    play.wait(lambda now: now.get("rootDiskID") == stays)
    grown = {"POST /servers/{id}/resize-disk", "POST /servers/{id}/stop"}
    play.until(lambda: grown <= set(play.cloud.counts()), "the accepted one is grown")
