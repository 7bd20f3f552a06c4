"""
What must not be believed.

A status that others may edit, a cloud that lost its servers, a recycle bin that is off, a list that lies, a
memory that a restart has wiped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.user import KIND, said
from tests.e2e.warm import Cloud

if TYPE_CHECKING:
    from tests.e2e.user import Play

SHORT = 20.0


def edit_status(play: Play, status: dict[str, Any], name: str = "web-1") -> None:
    """Do what whoever may write the status can do."""
    play.kube.patch(KIND, name, play.namespace, {"status": status}, subresource="status")


def reasons(play: Play, names: list[str]) -> dict[str, str]:
    return {name: said(play.status(name), "Synced").get("reason", "") for name in names}


def passed_by(play: Play, polls: int = 6) -> None:
    """Wait until the operator has asked the cloud so often again: time in which it could have acted."""
    before = play.cloud.counts().get("GET /servers", 0)
    play.until(lambda: play.cloud.counts().get("GET /servers", 0) >= before + polls, "more polls")


def fleet(play: Play, count: int) -> list[str]:
    """Have so many servers that are made again when they vanish."""
    names = [f"web-{number}" for number in range(count)]
    for name in names:
        play.apply(name, onExternalDeletion="Recreate")
    for name in names:
        play.wait_ready(name)
    return names


def lose_all(play: Play, names: list[str]) -> list[str]:
    """Lose the whole fleet; return those that are held back for it."""
    play.cloud.call("erase_all")
    done = {"TooManyGone", "UpToDate"}
    fresh = {name: play.status(name)["id"] for name in names}

    def all_told() -> bool:
        return all(
            reason == "TooManyGone" or (reason == "UpToDate" and play.status(name)["id"] != fresh[name])
            for name, reason in reasons(play, names).items()
        )

    play.until(all_told, f"each one of {done}")
    held = [name for name, reason in reasons(play, names).items() if reason == "TooManyGone"]
    assert held
    return held


def test_a_restart_does_not_forget_that_too_many_are_gone(play: Play) -> None:
    held = lose_all(play, fleet(play, 9))
    posts = play.posts()
    play.operator.kill()
    play.operator.start()
    passed_by(play)
    assert set(reasons(play, held).values()) == {"TooManyGone"}
    assert play.posts() == posts


def test_failed_creations_that_we_cleaned_up_are_no_loss(play: Play) -> None:
    play.apply("good", onExternalDeletion="Recreate")
    lost = play.wait_ready("good")["id"]
    names = [f"poor-{number}" for number in range(6)]
    for name in names:
        play.cloud.call("fail_next", operation="create", status="sched_fail", text="insufficient memory")
        play.apply(name)
    for name in names:
        play.wait_ready(name)
    play.cloud.call("erase", idents=[lost])
    play.wait(lambda status: status["id"] != lost, "good")
    play.wait_ready("good")


def test_an_object_that_was_only_observed_for_a_while_gets_its_finalizer_back(play: Play) -> None:
    """Without it a deleted object would leave its server running, and unowned."""
    play.apply()
    identity = play.wait_ready()["id"]
    play.apply(server={}, managementPolicy="Observe", adoption={"id": identity})
    play.until(lambda: "finalizers" not in play.get()["metadata"], "it only watches")
    play.apply()
    play.until(lambda: "finalizers" in play.get()["metadata"], "the finalizer is back")
    play.delete()
    play.wait_gone()
    assert play.only_server()["pending_deleted"]


def test_adopt_or_create_makes_what_was_recycled_anew(play: Play) -> None:
    play.apply("pet", {"name": "pet"}, adoption={"policy": "AdoptOrCreate"})
    first = play.wait_ready("pet")["id"]
    play.delete("pet")
    play.wait_gone("pet")
    play.cloud.call("erase", idents=[first])
    play.apply("pet", {"name": "pet"}, adoption={"policy": "AdoptOrCreate"})
    assert play.wait_ready("pet")["id"] != first


def test_an_adoption_that_a_lying_list_prevented_is_made_up_for(play: Play) -> None:
    """An empty list made it a creation; the name that is taken then tells that the list lied."""
    identity = play.cloud.call("add_server", name="pet")
    play.cloud.call("settings", lists_empty=True)
    play.apply("pet", {"name": "pet", "cpu": 1, "memory": "1Gi"}, adoption={"policy": "AdoptOrCreate"})
    play.wait_reason("NameConflict", "pet")
    play.cloud.call("settings", lists_empty=False)
    play.annotate("onecloud.io/reconcile-requested-at", "1", "pet")
    assert play.wait(lambda status: status.get("adoptedAt"), "pet")["id"] == identity
    assert len(play.cloud.servers()) == 1


def test_a_name_that_is_taken_may_be_adopted_instead(play: Play) -> None:
    identity = play.cloud.call("add_server", name="pet")
    play.apply(server={"name": "pet"})
    play.wait_reason("NameConflict")
    play.apply(adoption={"policy": "Adopt", "name": "pet"})
    assert play.wait(lambda status: status.get("adoptedAt"))["id"] == identity


def test_a_clean_up_whose_answer_was_an_error_goes_on(play: Play) -> None:
    """The DELETE did its work; the record of the failure must outlive what is said of the error."""
    fault = {"effect": "answer", "method": "DELETE", "path": "^/servers/", "status": 500, "work": True}
    play.cloud.call("fault", **fault, count=1)
    play.cloud.call("fail_next", operation="create", status="sched_fail", text="no luck")
    play.apply()
    assert play.wait_ready()["creation"]["attempt"] == 2


def test_an_observed_name_follows_the_server_that_has_it_now(play: Play) -> None:
    old = play.cloud.call("add_server", name="pet")
    play.apply(managementPolicy="Observe", adoption={"name": "pet"})
    play.wait_ready()
    play.cloud.call("erase", idents=[old])
    new = play.cloud.call("add_server", name="pet")
    play.wait(lambda status: status["id"] == new)
    calls = play.cloud.counts().get("GET /servers", 0)
    passed_by(play)
    assert play.cloud.counts().get("GET /servers", 0) - calls < 40


def test_a_restart_does_not_forget_that_the_recycle_bin_is_off(play: Play) -> None:
    for number in range(2):
        play.apply(f"w-{number}")
    for number in range(2):
        play.wait_ready(f"w-{number}")
    play.cloud.call("settings", recycle_bin=False)
    play.delete("w-0")
    play.wait_gone("w-0")
    play.delete("w-1")
    play.wait_reason("RecycleBinOff", "w-1", kind="Deleting")
    play.operator.kill()
    play.operator.start()
    passed_by(play)
    assert said(play.status("w-1"), "Deleting")["reason"] == "RecycleBinOff"
    assert len(play.cloud.servers()) == 1
    play.annotate("onecloud.io/confirm-delete", play.status("w-1")["id"], "w-1")
    play.wait_gone("w-1")


def test_a_failed_creation_that_its_user_gives_up_does_not_tell_of_the_recycle_bin(play: Play) -> None:
    play.apply("other")
    play.wait_ready("other")
    play.cloud.call("fail_next", operation="create", status="sched_fail", text="insufficient")
    refusal = {"effect": "answer", "method": "DELETE", "path": "^/servers/", "status": 403}
    play.cloud.call("fault", **refusal, kind="ForbiddenError", count=2)
    play.apply("bad")
    play.wait(lambda status: (status.get("lastError") or {}).get("reason") == "Forbidden", "bad")
    play.delete("bad")
    play.cloud.call("clear_faults")
    play.wait_gone("bad")
    play.delete("other")
    play.wait_gone("other")


def test_an_annotation_that_is_too_long_for_the_status_freezes_nothing(play: Play) -> None:
    play.apply()
    play.wait_ready()
    play.annotate("onecloud.io/reconcile-requested-at", "x" * 300)
    play.wait(lambda status: status.get("lastHandledReconcileAt", "").startswith("x"))
    play.delete()
    play.wait_gone()
    assert play.only_server()["pending_deleted"]


def test_a_lost_record_of_the_place_lets_no_living_server_go(play: Play) -> None:
    """Another cloud's 404 says nothing of this server."""
    play.apply()
    identity = play.wait_ready()["id"]
    play.operator.kill()
    edit_status(play, {"cloud": None})
    with Cloud() as second:
        play.kube.apply(second.secret(play.namespace), force=True)
        play.operator.start()
        play.wait_reason("CredentialsMismatch")
        play.delete()
        play.wait_reason("CredentialsMismatch", kind="Deleting")
        play.kube.apply(play.cloud.secret(play.namespace), force=True)
        play.annotate("onecloud.io/reconcile-requested-at", "now")
        play.wait_gone()
    server = play.only_server()
    assert server["id"] == identity
    assert server["pending_deleted"]


def test_a_lost_record_of_the_place_is_written_again_where_the_server_is(play: Play) -> None:
    play.apply()
    status = play.wait_ready()
    play.operator.kill()
    edit_status(play, {"cloud": None})
    play.operator.start()
    assert play.wait(lambda now: now.get("cloud"))["cloud"] == status["cloud"]


def test_a_forged_adoption_neither_tags_nor_deletes_somebodys_server(play: Play) -> None:
    victim = play.cloud.call("add_server", name="victim")
    play.apply("pet", {"name": "pet"}, adoption={"policy": "AdoptOrCreate"}, deletionPolicy="Delete")
    play.wait_ready("pet")
    play.operator.kill()
    edit_status(play, {"id": victim, "adoptedAt": "2026-11-23T00:00:00Z", "creation": None}, "pet")
    play.operator.start()
    play.wait_reason("OwnedByAnother", "pet")
    play.delete("pet")
    play.wait_reason("OwnedByAnother", "pet", kind="Deleting")
    (server,) = (s for s in play.cloud.servers() if s["id"] == victim)
    assert "user:onecloud.io/uid" not in server["metadata"]
    play.annotate("onecloud.io/force-detach", "true", "pet")
    play.wait_gone("pet")


def test_credentials_that_lead_elsewhere_are_used_no_more(play: Play) -> None:
    play.apply()
    play.wait_ready()
    play.cloud.call("add_project", name="other")
    play.cloud.call("add_user", name="somebody", password="Sesam-0ffne-dich", roles={"other": "owner"})
    elsewhere = {"OS_USERNAME": "somebody", "OS_PASSWORD": "Sesam-0ffne-dich", "OS_PROJECT_NAME": "other"}
    play.kube.apply(play.cloud.secret(play.namespace, **elsewhere), force=True)
    play.annotate("onecloud.io/reconcile-requested-at", "now")
    play.wait_reason("CredentialsMismatch")
    play.cloud.call("reset_calls")
    play.annotate("onecloud.io/reconcile-requested-at", "again")
    play.wait(lambda status: status.get("lastHandledReconcileAt") == "again")
    assert play.cloud.counts().get("GET /servers", 0) == 0


@pytest.mark.parametrize("status", [400, 403])
def test_a_refused_growth_stops_the_server_once_only(play: Play, status: int) -> None:
    play.apply(server={"rootDisk": {"size": "20Gi"}})
    play.wait_ready()
    refusal = {"effect": "answer", "method": "POST", "path": "resize-disk", "status": status, "count": None}
    play.cloud.call("fault", **refusal, kind="InputParameterError", details="no")
    play.apply(server={"rootDisk": {"size": "40Gi"}}, disruption={"allow": "Restart"})
    play.until(lambda: play.cloud.counts().get("POST /servers/{id}/start", 0) == 1, "it is started again")
    play.wait(lambda now: now.get("state") == "Running" and said(now, "Synced").get("status") == "False")
    passed_by(play, 12)
    assert play.cloud.counts()["POST /servers/{id}/stop"] == 1
    assert play.only_server()["status"] == "running"
