"""From a manifest to a running server, its changes and its end: what a user does, and sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.user import said

if TYPE_CHECKING:
    from tests.e2e.user import Play


def test_an_applied_object_makes_one_server_and_shows_it(play: Play) -> None:
    play.apply()
    status = play.wait_ready()
    server = play.only_server()
    assert play.posts() == 1
    assert status["id"] == server["id"]
    assert status["state"] == "Running"
    assert status["ip"] == server["ips"]
    assert status["server"]["cpu"] == 2
    assert status["server"]["memory"] == "4Gi"
    assert status["deletionPolicy"] == "RecycleBin"
    assert status["creation"]["completedAt"]
    assert status["cloud"]["authURL"] == play.cloud.auth_url
    assert server["name"] == f"{play.namespace}.web-1"
    assert server["disable_delete"] is True
    tags = server["metadata"]
    assert tags["user:onecloud.io/namespace"] == play.namespace
    assert tags["user:onecloud.io/uid"] == play.get()["metadata"]["uid"]

    def both_are_told() -> bool:
        return {"Creating", "Created"} <= {e["reason"] for e in play.kube.list("events", play.namespace)}

    play.until(both_are_told, "the Events, which come after the status")


def test_a_whole_creation_takes_five_writes_to_kubernetes_at_most(play: Play) -> None:
    play.apply()
    play.wait_ready()
    found = play.get()
    # Every write of ours moves the version; what else writes to this API server's objects would, too.
    managed = [
        entry for entry in found["metadata"]["managedFields"] if entry["manager"] == "onecloud-operator"
    ]
    assert managed
    settled_version = found["metadata"]["resourceVersion"]
    play.until(lambda: play.cloud.counts().get("GET /servers", 0) > 20, "some polls later")
    assert play.get()["metadata"]["resourceVersion"] == settled_version


def test_live_fields_follow_at_once(play: Play) -> None:
    play.apply()
    play.wait_ready()
    play.apply(server={"description": "front", "tags": {"team": "shop"}, "securityGroups": ["default", "db"]})
    status = play.wait_ready()
    server = play.only_server()
    assert server["description"] == "front"
    assert server["metadata"]["user:team"] == "shop"
    assert {g["name"].lower() for g in server["secgroups"]} == {"default", "db"}
    assert status["managedTags"] == ["team"]
    play.apply(server={"description": "front", "securityGroups": ["default", "db"]})
    play.until(lambda: "user:team" not in play.only_server()["metadata"], "the tag is taken off")
    assert play.posts() == 1


def test_a_rename_reaches_the_cloud(play: Play) -> None:
    play.apply()
    play.wait_ready()
    play.apply(server={"name": f"{play.namespace}-db"})
    play.until(lambda: play.only_server()["name"] == f"{play.namespace}-db", "renamed")
    assert play.wait_ready()["server"]["name"] == f"{play.namespace}-db"


def test_the_power_state_is_kept_and_changed(play: Play) -> None:
    play.apply()
    identity = play.wait_ready()["id"]
    play.apply(server={"powerState": "Stopped"})
    status = play.wait_ready()
    assert (status["state"], said(status, "Ready")["reason"]) == ("Stopped", "PoweredOff")
    play.cloud.call("power", ident=identity, on=True)
    play.until(lambda: "starting" in play.cloud.call("statuses", ident=identity), "somebody started it")
    play.until(lambda: play.only_server()["status"] == "ready", "and it is stopped again")
    assert play.wait_ready()["state"] == "Stopped"


def test_a_root_disk_grows_with_a_stop_and_a_start(play: Play) -> None:
    play.apply(server={"rootDisk": {"size": "20Gi"}})
    play.wait_ready()
    play.apply(server={"rootDisk": {"size": "40Gi"}}, disruption={"allow": "Restart"})
    status = play.wait_ready()
    assert (status["server"]["rootDisk"]["size"], status["state"]) == ("40Gi", "Running")


def test_drift_is_corrected_or_only_reported(play: Play) -> None:
    play.apply(server={"description": "mine"})
    identity = play.wait_ready()["id"]
    play.cloud.call("change", ident=identity, description="theirs")
    play.until(lambda: play.only_server()["description"] == "mine", "corrected")
    play.apply(server={"description": "mine"}, drift={"mode": "Report"})
    play.wait_ready()
    play.cloud.call("change", ident=identity, description="theirs")
    status = play.wait_reason("DriftReported")
    (entry,) = status["drift"]
    assert (entry["field"], entry["desired"], entry["actual"]) == ("description", "mine", "theirs")
    assert said(status, "Drifted")["status"] == "True"
    assert play.only_server()["description"] == "theirs"


def test_a_deleted_object_leaves_its_server_in_the_recycle_bin(play: Play) -> None:
    play.apply()
    play.wait_ready()
    play.delete()
    play.wait_gone()
    assert play.only_server()["pending_deleted"] is True


def test_the_policy_delete_deletes_for_good(play: Play) -> None:
    play.apply(deletionPolicy="Delete")
    play.wait_ready()
    play.delete()
    play.wait_gone()
    assert play.cloud.servers() == []


def test_the_policy_retain_leaves_the_server_and_takes_the_owner_tags_off(play: Play) -> None:
    play.apply(deletionPolicy="Retain")
    play.wait_ready()
    play.delete()
    play.wait_gone()
    server = play.only_server()
    assert server["status"] == "running"
    assert not any("onecloud.io" in key for key in server["metadata"])


def test_protection_holds_the_removal_until_it_is_switched_off(play: Play) -> None:
    play.apply(deletionProtection=True)
    play.wait_ready()
    play.delete()
    status = play.wait_reason("DeletionProtected", kind="Deleting")
    assert status["state"] == "Running"
    play.apply(deletionProtection=False)
    play.wait_gone()
    assert play.only_server()["pending_deleted"] is True


def test_an_external_deletion_is_reported_and_made_good_when_asked(play: Play) -> None:
    play.apply()
    identity = play.wait_ready()["id"]
    play.cloud.call("erase", idents=[identity])
    status = play.wait_reason("ExternallyDeleted")
    assert (status["state"], said(status, "Stalled")["status"]) == ("Missing", "True")
    assert play.posts() == 1
    play.apply(onExternalDeletion="Recreate")
    status = play.wait_ready()
    assert status["creation"]["attempt"] == 2
    assert status["id"] == play.only_server()["id"] != identity


def test_a_server_recycled_by_others_is_shown_and_left_there(play: Play) -> None:
    play.apply()
    identity = play.wait_ready()["id"]
    play.cloud.call("recycle", ident=identity)
    assert play.wait_reason("InRecycleBin")["state"] == "InRecycleBin"
    play.cloud.call("restore", ident=identity)
    assert play.wait_ready()["state"] == "Running"
    assert play.posts() == 1


def test_an_adopted_server_is_taken_over_and_kept_at_the_end(play: Play) -> None:
    identity = play.cloud.call("add_server", name="legacy", status="ready")
    play.apply(adoption={"policy": "Adopt", "name": "legacy"})
    status = play.wait_ready()
    assert (status["id"], status["state"], status["deletionPolicy"]) == (identity, "Stopped", "Retain")
    assert "creation" not in status
    assert play.only_server()["metadata"]["user:onecloud.io/name"] == "web-1"
    play.delete()
    play.wait_gone()
    server = play.only_server()
    assert not server["pending_deleted"]
    assert not any("onecloud.io" in key for key in server["metadata"])
    assert play.posts() == 0


def test_what_another_object_owns_is_not_adopted(play: Play) -> None:
    play.apply("web-1")
    identity = play.wait_ready("web-1")["id"]
    play.apply("thief", adoption={"policy": "Adopt", "id": identity})
    play.wait_reason("OwnedByAnother", "thief")
    assert play.only_server()["metadata"]["user:onecloud.io/name"] == "web-1"


def test_adopt_or_create_takes_over_what_is_there_and_makes_what_is_not(play: Play) -> None:
    identity = play.cloud.call("add_server", name="pet")
    play.apply("pet", {"name": "pet", "cpu": 1, "memory": "1Gi"}, adoption={"policy": "AdoptOrCreate"})
    play.apply("new", {"name": "new"}, adoption={"policy": "AdoptOrCreate"})
    assert play.wait(lambda status: status.get("id"), "pet")["id"] == identity
    assert play.wait_ready("new")["creation"]["name"] == "new"
    assert play.posts() == 1


def test_an_observed_server_is_shown_and_nothing_is_ever_sent(play: Play) -> None:
    identity = play.cloud.call("add_server", name="legacy", status="ready")
    play.apply(managementPolicy="Observe", adoption={"id": identity})
    status = play.wait_ready()
    assert (status["id"], said(status, "Ready")["reason"]) == (identity, "Observed")
    assert "finalizers" not in play.get()["metadata"]
    play.cloud.call("power", ident=identity, on=True)
    play.wait(lambda status: status["state"] == "Running")
    play.delete()
    play.wait_gone()
    writes = {call for call in play.cloud.counts() if not call.startswith("GET")} - {"POST /v3/auth/tokens"}
    assert not writes
    assert not any("onecloud.io" in key for key in play.only_server()["metadata"])


def test_a_paused_object_is_left_alone_and_goes_on_afterwards(play: Play) -> None:
    play.apply()
    play.wait_ready()
    play.annotate("onecloud.io/paused", "true")
    play.wait_reason("Paused")
    play.apply(server={"description": "later"})
    play.wait(lambda status: status["observedGeneration"] == 2)
    assert not play.only_server().get("description")
    play.annotate("onecloud.io/paused", None)
    play.until(lambda: play.only_server().get("description") == "later", "it goes on")


def test_an_object_is_let_go_by_force_whatever_is_wrong(play: Play) -> None:
    play.apply()
    play.wait_ready()
    play.kube.delete("secrets", "onecloud", play.namespace)
    play.operator.kill()
    play.operator.start()
    play.delete()
    play.wait_reason("SecretNotFound", kind="Deleting")
    play.annotate("onecloud.io/force-detach", "true")
    play.wait_gone()
    assert play.only_server()["status"] == "running"


def test_a_requested_reconcile_is_echoed(play: Play) -> None:
    play.apply()
    play.wait_ready()
    play.annotate("onecloud.io/reconcile-requested-at", "now")
    play.wait(lambda status: status.get("lastHandledReconcileAt") == "now")
