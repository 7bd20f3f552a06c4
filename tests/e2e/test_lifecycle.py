"""From a manifest to a running server, its changes and its end: what a user does, and sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.user import User


def test_an_applied_object_makes_one_server_and_shows_it(user: User) -> None:
    user.apply()
    status = user.wait_ready()
    server = user.only_server()
    assert user.posts() == 1
    assert status["id"] == server["id"]
    assert status["state"] == "Running"
    assert status["ip"] == server["ips"]
    assert status["server"]["cpu"] == 2
    assert status["server"]["memory"] == "4Gi"
    assert status["deletionPolicy"] == "RecycleBin"
    assert status["creation"]["completedAt"]
    assert status["cloud"]["authURL"] == user.cloud.auth_url
    assert server["name"] == f"{user.namespace}.web-1"
    assert server["disable_delete"] is True
    tags = server["metadata"]
    assert tags["user:onecloud.io/namespace"] == user.namespace
    assert tags["user:onecloud.io/uid"] == user.get()["metadata"]["uid"]

    def both_are_told() -> bool:
        return {"Creating", "Created"} <= {e["reason"] for e in user.kube.list("events", user.namespace)}

    user.until(both_are_told, "the Events, which come after the status")


def test_a_whole_creation_takes_five_writes_to_kubernetes_at_most(user: User) -> None:
    user.apply()
    user.wait_ready()
    found = user.get()
    # Every write of ours moves the version; what else writes to this API server's objects would, too.
    managed = [
        entry for entry in found["metadata"]["managedFields"] if entry["manager"] == "onecloud-operator"
    ]
    assert managed
    settled_version = found["metadata"]["resourceVersion"]
    user.until(lambda: user.cloud.counts().get("GET /servers", 0) > 20, "some polls later")
    assert user.get()["metadata"]["resourceVersion"] == settled_version


def test_live_fields_follow_at_once(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.apply(server={"description": "front", "tags": {"team": "shop"}, "securityGroups": ["default", "db"]})
    status = user.wait_ready()
    server = user.only_server()
    assert server["description"] == "front"
    assert server["metadata"]["user:team"] == "shop"
    assert {g["name"].lower() for g in server["secgroups"]} == {"default", "db"}
    assert status["managedTags"] == ["team"]
    user.apply(server={"description": "front", "securityGroups": ["default", "db"]})
    user.until(lambda: "user:team" not in user.only_server()["metadata"], "the tag is taken off")
    assert user.posts() == 1


def test_a_rename_reaches_the_cloud(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.apply(server={"name": f"{user.namespace}-db"})
    user.until(lambda: user.only_server()["name"] == f"{user.namespace}-db", "renamed")
    assert user.wait_ready()["server"]["name"] == f"{user.namespace}-db"


def test_the_power_state_is_kept_and_changed(user: User) -> None:
    user.apply()
    identity = user.wait_ready()["id"]
    user.apply(server={"powerState": "Stopped"})
    status = user.wait_ready()
    assert (status["state"], condition(status, "Ready")["reason"]) == ("Stopped", "PoweredOff")
    user.cloud.call("power", ident=identity, on=True)
    user.until(lambda: "starting" in user.cloud.call("statuses", ident=identity), "somebody started it")
    user.until(lambda: user.only_server()["status"] == "ready", "and it is stopped again")
    assert user.wait_ready()["state"] == "Stopped"
    says = "The server differs from the spec; correcting powerState from Running to Stopped."
    told = [e for e in user.kube.list("events", user.namespace) if e["reason"] == "DriftCorrected"]
    assert [e["message"] for e in told] == [says]
    user.until(lambda: says in user.operator.text(), "the log says so, too")


def test_a_root_disk_grows_with_a_stop_and_a_start(user: User) -> None:
    user.apply(server={"rootDisk": {"size": "20Gi"}})
    user.wait_ready()
    user.apply(server={"rootDisk": {"size": "40Gi"}}, disruption={"allow": "Restart"})
    status = user.wait_ready()
    assert (status["server"]["rootDisk"]["size"], status["state"]) == ("40Gi", "Running")


def test_drift_is_corrected_or_only_reported(user: User) -> None:
    user.apply(server={"description": "mine"})
    identity = user.wait_ready()["id"]
    user.cloud.call("change", ident=identity, description="theirs")
    user.until(lambda: user.only_server()["description"] == "mine", "corrected")

    def told() -> bool:
        events = user.kube.list("events", user.namespace)
        texts = {e["message"] for e in events if e["reason"] == "DriftCorrected"}
        return texts == {"The server differs from the spec; correcting description from theirs to mine."}

    user.until(told, "an Event says from what to what")
    user.apply(server={"description": "mine"}, drift={"mode": "Report"})
    user.wait_ready()
    user.cloud.call("change", ident=identity, description="theirs")
    status = user.wait_reason("DriftReported")
    (entry,) = status["drift"]
    assert (entry["field"], entry["desired"], entry["actual"]) == ("description", "mine", "theirs")
    assert condition(status, "Drifted")["status"] == "True"
    assert user.only_server()["description"] == "theirs"


def test_the_log_tells_a_life_from_the_creation_to_the_deletion(user: User) -> None:
    user.cloud.call("settings", hot_plug="disable")
    for state in ("Running", "Stopped", "Running"):
        user.apply(server={"powerState": state})
        user.wait_ready()
    user.apply(server={"cpu": 4}, disruption={"allow": "Restart"}, deletionProtection=True)
    user.wait(lambda status: status["server"]["cpu"] == 4 and "restart" not in status)
    user.wait_ready()
    user.delete()
    user.wait_reason("DeletionProtected", kind="Deleting")
    user.apply(deletionProtection=False)
    user.wait_gone()
    life = (
        "server created",
        "server ready",
        "server is off, as spec.server.powerState asks",
        "server is on, as spec.server.powerState asks",
        "server resized",
        "server is on again, after a change of cpu",
        "reason=DeletionProtected",
        "server deleted: it is in the cloud's recycle bin",
    )

    user.until(lambda: all(each in user.operator.text() for each in life), "the log has all of it")
    assert "accepted" not in user.operator.text()
    assert "from nothing" not in user.operator.text(), "what a new server shows is no change"


def test_a_deleted_object_leaves_its_server_in_the_recycle_bin(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.delete()
    user.wait_gone()
    assert user.only_server()["pending_deleted"] is True


def test_the_policy_delete_deletes_for_good(user: User) -> None:
    user.apply(deletionPolicy="Delete")
    user.wait_ready()
    user.delete()
    user.wait_gone()
    assert user.cloud.servers() == []


def test_the_policy_retain_leaves_the_server_and_takes_the_owner_tags_off(user: User) -> None:
    user.apply(deletionPolicy="Retain")
    user.wait_ready()
    user.delete()
    user.wait_gone()
    server = user.only_server()
    assert server["status"] == "running"
    assert not any("onecloud.io" in key for key in server["metadata"])


def test_protection_holds_the_removal_until_it_is_switched_off(user: User) -> None:
    user.apply(deletionProtection=True)
    user.wait_ready()
    user.delete()
    status = user.wait_reason("DeletionProtected", kind="Deleting")
    assert status["state"] == "Running"
    assert condition(status, "Ready")["status"] == condition(status, "Synced")["status"] == "False"
    assert condition(status, "Synced")["reason"] == "DeletionProtected"
    user.apply(deletionProtection=False)
    user.wait_gone()
    assert user.only_server()["pending_deleted"] is True


def test_an_external_deletion_is_reported_and_made_good_when_asked(user: User) -> None:
    user.apply()
    identity = user.wait_ready()["id"]
    user.cloud.call("erase", idents=[identity])
    status = user.wait_reason("ExternallyDeleted")
    assert (status["state"], condition(status, "Stalled")["status"]) == ("Missing", "True")
    assert user.posts() == 1
    user.apply(onExternalDeletion="Recreate")
    status = user.wait_ready()
    assert status["creation"]["attempt"] == 2
    assert status["id"] == user.only_server()["id"] != identity


def test_a_server_recycled_by_others_is_shown_and_left_there(user: User) -> None:
    user.apply()
    identity = user.wait_ready()["id"]
    user.cloud.call("recycle", ident=identity)
    assert user.wait_reason("InRecycleBin")["state"] == "InRecycleBin"
    user.cloud.call("restore", ident=identity)
    assert user.wait_ready()["state"] == "Running"
    assert user.posts() == 1


def test_an_adopted_server_is_taken_over_and_kept_at_the_end(user: User) -> None:
    identity = user.cloud.call("add_server", name="legacy", status="ready")
    user.apply(adoption={"policy": "Adopt", "name": "legacy"})
    status = user.wait_ready()
    assert (status["id"], status["state"], status["deletionPolicy"]) == (identity, "Stopped", "Retain")
    assert "creation" not in status
    assert user.only_server()["metadata"]["user:onecloud.io/name"] == "web-1"
    user.delete()
    user.wait_gone()
    server = user.only_server()
    assert not server["pending_deleted"]
    assert not any("onecloud.io" in key for key in server["metadata"])
    assert user.posts() == 0


def test_of_two_objects_that_adopt_one_server_only_one_says_so(user: User) -> None:
    identity = user.cloud.call("add_server", name="legacy", status="ready")
    names = ("web-1", "web-2")
    for name in names:
        user.apply(name, adoption={"policy": "Adopt", "id": identity})

    def reasons() -> list[str]:
        return sorted(condition(user.status(name), "Synced").get("reason", "") for name in names)

    def adopted() -> list[str]:
        events = user.kube.list("events", user.namespace)
        return [e["message"] for e in events if e["reason"] == "Adopted"]

    user.until(lambda: reasons() == ["OwnedByAnother", "UpToDate"], "one has it")
    user.until(adopted, "an Event says so")
    assert adopted() == [f"Adopted server legacy ({identity})."]


def test_what_another_object_owns_is_not_adopted(user: User) -> None:
    user.apply("web-1")
    identity = user.wait_ready("web-1")["id"]
    user.apply("thief", adoption={"policy": "Adopt", "id": identity})
    user.wait_reason("OwnedByAnother", "thief")
    assert user.only_server()["metadata"]["user:onecloud.io/name"] == "web-1"


def test_adopt_or_create_takes_over_what_is_there_and_makes_what_is_not(user: User) -> None:
    identity = user.cloud.call("add_server", name="pet")
    user.apply("pet", {"name": "pet", "cpu": 1, "memory": "1Gi"}, adoption={"policy": "AdoptOrCreate"})
    user.apply("new", {"name": "new"}, adoption={"policy": "AdoptOrCreate"})
    assert user.wait(lambda status: status.get("id"), "pet")["id"] == identity
    assert user.wait_ready("new")["creation"]["name"] == "new"
    assert user.posts() == 1


def test_an_observed_server_is_shown_and_nothing_is_ever_sent(user: User) -> None:
    identity = user.cloud.call("add_server", name="legacy", status="ready")
    user.apply(managementPolicy="Observe", adoption={"id": identity})
    status = user.wait_ready()
    assert (status["id"], condition(status, "Ready")["reason"]) == (identity, "Observed")
    assert "finalizers" not in user.get()["metadata"]
    user.cloud.call("power", ident=identity, on=True)
    user.wait(lambda status: status["state"] == "Running")
    user.delete()
    user.wait_gone()
    writes = {call for call in user.cloud.counts() if not call.startswith("GET")} - {"POST /v3/auth/tokens"}
    assert not writes
    assert not any("onecloud.io" in key for key in user.only_server()["metadata"])


def test_a_paused_object_is_left_alone_and_goes_on_afterwards(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.annotate("onecloud.io/paused", "true")
    user.wait_reason("Paused")
    user.apply(server={"description": "later"})
    user.wait(lambda status: status["observedGeneration"] == 2)
    assert not user.only_server().get("description")
    user.annotate("onecloud.io/paused", None)
    user.until(lambda: user.only_server().get("description") == "later", "it goes on")


def test_an_object_is_let_go_by_force_whatever_is_wrong(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.kube.delete("secrets", "onecloud", user.namespace)
    user.operator.kill()
    user.operator.start()
    user.delete()
    user.wait_reason("SecretNotFound", kind="Deleting")
    user.annotate("onecloud.io/force-detach", "true")
    user.wait_gone()
    assert user.only_server()["status"] == "running"


def test_a_requested_reconcile_is_echoed(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.annotate("onecloud.io/reconcile-requested-at", "now")
    user.wait(lambda status: status.get("lastHandledReconcileAt") == "now")
