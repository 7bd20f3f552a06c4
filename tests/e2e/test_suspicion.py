"""
What must not be believed.

A status that others may edit, a cloud that lost its servers, a recycle bin that is off, a list that lies, a
memory that a restart has wiped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.user import KIND, condition
from tests.e2e.warm import Cloud

if TYPE_CHECKING:
    from tests.e2e.user import User

SHORT = 20.0


def edit_status(user: User, status: dict[str, Any], name: str = "web-1") -> None:
    """Do what whoever may write the status can do."""
    user.kube.patch(KIND, name, user.namespace, {"status": status}, subresource="status")


def reasons(user: User, names: list[str]) -> dict[str, str]:
    return {name: condition(user.status(name), "Synced").get("reason", "") for name in names}


def passed_by(user: User, polls: int = 6) -> None:
    """Wait until the operator has asked the cloud so often again: time in which it could have acted."""
    before = user.cloud.counts().get("GET /servers", 0)
    user.until(lambda: user.cloud.counts().get("GET /servers", 0) >= before + polls, "more polls")


def fleet(user: User, count: int) -> list[str]:
    """Have so many servers that are made again when they vanish."""
    names = [f"web-{number}" for number in range(count)]
    for name in names:
        user.apply(name, onExternalDeletion="Recreate")
    for name in names:
        user.wait_ready(name)
    return names


def lose_all(user: User, names: list[str]) -> list[str]:
    """Lose the whole fleet; return those that are held back for it."""
    user.cloud.call("erase_all")
    done = {"TooManyGone", "UpToDate"}
    fresh = {name: user.status(name)["id"] for name in names}

    def all_told() -> bool:
        return all(
            reason == "TooManyGone" or (reason == "UpToDate" and user.status(name)["id"] != fresh[name])
            for name, reason in reasons(user, names).items()
        )

    user.until(all_told, f"each one of {done}")
    held = [name for name, reason in reasons(user, names).items() if reason == "TooManyGone"]
    assert held
    return held


def test_a_restart_does_not_forget_that_too_many_are_gone(user: User) -> None:
    held = lose_all(user, fleet(user, 9))
    posts = user.posts()
    user.operator.kill()
    user.operator.start()
    passed_by(user)
    assert set(reasons(user, held).values()) == {"TooManyGone"}
    assert user.posts() == posts


def test_failed_creations_that_we_cleaned_up_are_no_loss(user: User) -> None:
    user.apply("good", onExternalDeletion="Recreate")
    lost = user.wait_ready("good")["id"]
    names = [f"poor-{number}" for number in range(6)]
    for name in names:
        user.cloud.call("fail_next", operation="create", status="sched_fail", text="insufficient memory")
        user.apply(name)
    for name in names:
        user.wait_ready(name)
    user.cloud.call("erase", idents=[lost])
    user.wait(lambda status: status["id"] != lost, "good")
    user.wait_ready("good")


def test_an_object_that_was_only_observed_for_a_while_gets_its_finalizer_back(user: User) -> None:
    """Without it a deleted object would leave its server running, and unowned."""
    user.apply()
    identity = user.wait_ready()["id"]
    user.apply(server={}, managementPolicy="Observe", adoption={"id": identity})
    user.until(lambda: "finalizers" not in user.get()["metadata"], "it only watches")
    user.apply()
    user.until(lambda: "finalizers" in user.get()["metadata"], "the finalizer is back")
    user.delete()
    user.wait_gone()
    assert user.only_server()["pending_deleted"]


def test_adopt_or_create_creates_again_what_was_recycled(user: User) -> None:
    user.apply("pet", {"name": "pet"}, adoption={"policy": "AdoptOrCreate"})
    first = user.wait_ready("pet")["id"]
    user.delete("pet")
    user.wait_gone("pet")
    user.cloud.call("erase", idents=[first])
    user.apply("pet", {"name": "pet"}, adoption={"policy": "AdoptOrCreate"})
    assert user.wait_ready("pet")["id"] != first


def test_an_adoption_that_a_lying_list_prevented_is_made_up_for(user: User) -> None:
    """An empty list made it a creation; the name that is taken then tells that the list lied."""
    identity = user.cloud.call("add_server", name="pet")
    user.cloud.call("settings", lists_empty=True)
    user.apply("pet", {"name": "pet", "cpu": 1, "memory": "1Gi"}, adoption={"policy": "AdoptOrCreate"})
    user.wait_reason("NameConflict", "pet")
    user.cloud.call("settings", lists_empty=False)
    user.annotate("onecloud.io/reconcile-requested-at", "1", "pet")
    assert user.wait(lambda status: status.get("adoptedAt"), "pet")["id"] == identity
    assert len(user.cloud.servers()) == 1


def test_a_name_that_is_taken_may_be_adopted_instead(user: User) -> None:
    identity = user.cloud.call("add_server", name="pet")
    user.apply(server={"name": "pet"})
    user.wait_reason("NameConflict")
    user.apply(adoption={"policy": "Adopt", "name": "pet"})
    assert user.wait(lambda status: status.get("adoptedAt"))["id"] == identity


def test_a_clean_up_whose_answer_was_an_error_goes_on(user: User) -> None:
    """The DELETE did its work; the record of the failure must outlive what is said of the error."""
    fault = {"effect": "answer", "method": "DELETE", "path": "^/servers/", "status": 500, "work": True}
    user.cloud.call("fault", **fault, count=1)
    user.cloud.call("fail_next", operation="create", status="sched_fail", text="no luck")
    user.apply()
    assert user.wait_ready()["creation"]["attempt"] == 2


def test_an_observed_name_follows_the_server_that_has_it_now(user: User) -> None:
    old = user.cloud.call("add_server", name="pet")
    user.apply(managementPolicy="Observe", adoption={"name": "pet"})
    user.wait_ready()
    user.cloud.call("erase", idents=[old])
    new = user.cloud.call("add_server", name="pet")
    user.wait(lambda status: status["id"] == new)
    calls = user.cloud.counts().get("GET /servers", 0)
    passed_by(user)
    assert user.cloud.counts().get("GET /servers", 0) - calls < 40


def test_a_restart_does_not_forget_that_the_recycle_bin_is_off(user: User) -> None:
    for number in range(2):
        user.apply(f"w-{number}")
    for number in range(2):
        user.wait_ready(f"w-{number}")
    user.cloud.call("settings", recycle_bin=False)
    user.delete("w-0")
    user.wait_gone("w-0")
    user.delete("w-1")
    user.wait_reason("RecycleBinOff", "w-1", kind="Deleting")
    user.operator.kill()
    user.operator.start()
    passed_by(user)
    assert condition(user.status("w-1"), "Deleting")["reason"] == "RecycleBinOff"
    assert len(user.cloud.servers()) == 1
    user.annotate("onecloud.io/confirm-delete", user.status("w-1")["id"], "w-1")
    user.wait_gone("w-1")


def test_a_failed_creation_that_its_user_gives_up_does_not_tell_of_the_recycle_bin(user: User) -> None:
    user.apply("other")
    user.wait_ready("other")
    user.cloud.call("fail_next", operation="create", status="sched_fail", text="insufficient")
    refusal = {"effect": "answer", "method": "DELETE", "path": "^/servers/", "status": 403}
    user.cloud.call("fault", **refusal, kind="ForbiddenError", count=2)
    user.apply("bad")
    user.wait(lambda status: (status.get("lastError") or {}).get("reason") == "Forbidden", "bad")
    user.delete("bad")
    user.cloud.call("clear_faults")
    user.wait_gone("bad")
    user.delete("other")
    user.wait_gone("other")


def test_an_annotation_that_is_too_long_for_the_status_freezes_nothing(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.annotate("onecloud.io/reconcile-requested-at", "x" * 300)
    user.wait(lambda status: status.get("lastHandledReconcileAt", "").startswith("x"))
    user.delete()
    user.wait_gone()
    assert user.only_server()["pending_deleted"]


def test_a_lost_record_of_the_place_lets_no_living_server_go(user: User) -> None:
    """Another cloud's 404 says nothing of this server."""
    user.apply()
    identity = user.wait_ready()["id"]
    user.operator.kill()
    edit_status(user, {"cloud": None})
    with Cloud() as second:
        user.kube.apply(second.secret(user.namespace), force=True)
        user.operator.start()
        user.wait_reason("CredentialsMismatch")
        user.delete()
        user.wait_reason("CredentialsMismatch", kind="Deleting")
        user.kube.apply(user.cloud.secret(user.namespace), force=True)
        user.annotate("onecloud.io/reconcile-requested-at", "now")
        user.wait_gone()
    server = user.only_server()
    assert server["id"] == identity
    assert server["pending_deleted"]


def test_a_lost_record_of_the_place_is_written_again_where_the_server_is(user: User) -> None:
    user.apply()
    status = user.wait_ready()
    user.operator.kill()
    edit_status(user, {"cloud": None})
    user.operator.start()
    assert user.wait(lambda now: now.get("cloud"))["cloud"] == status["cloud"]


def test_a_forged_adoption_neither_tags_nor_deletes_somebodys_server(user: User) -> None:
    victim = user.cloud.call("add_server", name="victim")
    user.apply("pet", {"name": "pet"}, adoption={"policy": "AdoptOrCreate"}, deletionPolicy="Delete")
    user.wait_ready("pet")
    user.operator.kill()
    edit_status(user, {"id": victim, "adoptedAt": "2026-11-23T00:00:00Z", "creation": None}, "pet")
    user.operator.start()
    user.wait_reason("OwnedByAnother", "pet")
    user.delete("pet")
    user.wait_reason("OwnedByAnother", "pet", kind="Deleting")
    (server,) = (s for s in user.cloud.servers() if s["id"] == victim)
    assert "user:onecloud.io/uid" not in server["metadata"]
    user.annotate("onecloud.io/force-detach", "true", "pet")
    user.wait_gone("pet")


def test_credentials_that_lead_elsewhere_are_used_no_more(user: User) -> None:
    user.apply()
    user.wait_ready()
    user.cloud.call("add_project", name="other")
    user.cloud.call("add_user", name="somebody", password="Sesam-0ffne-dich", roles={"other": "owner"})
    elsewhere = {"OS_USERNAME": "somebody", "OS_PASSWORD": "Sesam-0ffne-dich", "OS_PROJECT_NAME": "other"}
    user.kube.apply(user.cloud.secret(user.namespace, **elsewhere), force=True)
    user.annotate("onecloud.io/reconcile-requested-at", "now")
    user.wait_reason("CredentialsMismatch")
    user.cloud.call("reset_calls")
    user.annotate("onecloud.io/reconcile-requested-at", "again")
    user.wait(lambda status: status.get("lastHandledReconcileAt") == "again")
    assert user.cloud.counts().get("GET /servers", 0) == 0


@pytest.mark.parametrize("status", [400, 403])
def test_a_refused_growth_stops_the_server_once_only(user: User, status: int) -> None:
    user.apply(server={"rootDisk": {"size": "20Gi"}})
    user.wait_ready()
    refusal = {"effect": "answer", "method": "POST", "path": "resize-disk", "status": status, "count": None}
    user.cloud.call("fault", **refusal, kind="InputParameterError", details="no")
    user.apply(server={"rootDisk": {"size": "40Gi"}}, disruption={"allow": "Restart"})
    user.until(lambda: user.cloud.counts().get("POST /servers/{id}/start", 0) == 1, "it is started again")
    user.wait(lambda now: now.get("state") == "Running" and condition(now, "Synced").get("status") == "False")
    passed_by(user, 12)
    assert user.cloud.counts()["POST /servers/{id}/stop"] == 1
    assert user.only_server()["status"] == "running"
