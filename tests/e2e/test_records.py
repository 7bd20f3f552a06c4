"""
What would go wrong without each record in the status.

The operator dies, or its answers are lost, at the moment that the record is for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_suspicion import passed_by
from tests.e2e.user import condition

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.user import User


def hanging_post(user: User) -> None:
    """Have the next POST do its work and never answer."""
    user.cloud.call("fault", effect="hang", method="POST", path="^/servers$", work=True, count=1)


def asked_or_made(user: User, posts: int) -> bool:
    """Return whether so many POSTs were sent, or a server is there already."""
    return user.posts() >= posts or bool(user.cloud.servers())


def test_a_crash_between_the_post_and_the_status_makes_no_second_server(user: User) -> None:
    """Without ``creation`` the restarted operator would not know the id, and POST another server."""
    hanging_post(user)
    user.apply()
    user.until(user.cloud.servers, "the server is made, and nobody has heard of it")
    user.operator.kill()
    user.cloud.call("clear_faults")
    user.operator.start()
    status = user.wait_ready()
    assert user.only_server()["id"] == status["id"]
    assert status["creation"]["attempt"] == 1


def test_a_crash_before_the_post_makes_the_server_once(user: User) -> None:
    user.cloud.call("fault", effect="hang", method="POST", path="^/servers$", count=1)
    user.apply()
    user.wait(lambda status: "creation" in status)
    user.until(lambda: user.cloud.call("silent"), "the POST is on its way, and will never be carried out")
    user.operator.kill()
    user.cloud.call("clear_faults")
    user.operator.start()
    assert user.wait_ready()["id"] == user.only_server()["id"]


def test_a_lost_answer_makes_no_second_server(user: User) -> None:
    user.cloud.call("lose_answer", method="POST", path="^/servers$")
    user.apply()
    assert user.wait_ready()["id"] == user.only_server()["id"]


def test_several_lost_answers_and_crashes_in_a_row_make_one_server(user: User) -> None:
    user.cloud.call("lose_answer", method="POST", path="^/servers$", count=3)
    user.apply()
    for number in range(1, 4):
        user.until(partial(asked_or_made, user, number), "a POST")
        user.operator.kill()
        user.operator.start()
    assert user.wait_ready()["id"] == user.only_server()["id"]


def test_an_object_whose_creation_was_refused_is_deleted_at_once_after_a_restart(user: User) -> None:
    """Without ``creation.refusedAt`` a request for its server might be under way for three minutes more."""
    user.cloud.call("settings", quota=0)
    user.apply()
    user.wait(lambda status: "refusedAt" in status.get("creation", {}))
    user.operator.kill()
    user.delete()
    user.operator.start()
    user.wait_gone()
    assert user.cloud.servers() == []


def test_a_request_that_follows_on_a_refusal_is_waited_for_after_a_crash(user: User) -> None:
    """If the refusal still stood in the status, the object would be gone before its server comes."""
    user.cloud.call("settings", quota=0)
    user.apply()
    user.wait(lambda status: "refusedAt" in status.get("creation", {}))
    user.cloud.call("settings", quota=None)
    hanging_post(user)
    user.annotate("onecloud.io/reconcile-requested-at", "now")
    user.until(user.cloud.servers, "the server is made, and nobody has heard of it")
    assert "refusedAt" not in user.status()["creation"]
    user.operator.kill()
    user.cloud.call("clear_faults")
    user.delete()
    user.operator.start()
    user.wait_gone()
    assert user.only_server()["pending_deleted"]


@pytest.mark.parametrize("moment", ["unsent", "answered"])
def test_a_crash_before_or_after_the_event_of_an_adoption_leaves_one_event(
    user: User, moment: str, tmp_path: Path
) -> None:
    """Without ``adoptionHeldAt`` nobody would know that it was to be told, or that it was told."""
    server_id = user.cloud.call("add_server", name="legacy")
    user.operator.kill()
    point, record = f"kubernetes emit {moment} 1", str(tmp_path / "crossed")
    user.operator.start("tests.e2e.crashing", point, record)
    process = user.operator.process
    assert process is not None
    user.apply(adoption={"policy": "Adopt", "id": server_id})
    user.until(lambda: process.exit_code is not None, "it is killed")
    user.operator.start()

    def told() -> list[str]:
        return [e["message"] for e in user.kube.list("events", user.namespace) if e["reason"] == "Adopted"]

    user.until(told, "an Event says so")
    user.wait_ready()
    passed_by(user)
    assert told() == [f"Adopted server legacy ({server_id})."]


def test_a_secret_that_leads_elsewhere_makes_no_second_server(user: User) -> None:
    """Without ``cloud`` the server would look gone from the new project, and be made again there."""
    user.apply(onExternalDeletion="Recreate")
    identity = user.wait_ready()["id"]
    user.cloud.call("add_project", name="other")
    user.cloud.call("add_user", name="somebody", password="Sesam-0ffne-dich", roles={"other": "owner"})
    elsewhere = {"OS_USERNAME": "somebody", "OS_PASSWORD": "Sesam-0ffne-dich", "OS_PROJECT_NAME": "other"}
    user.kube.apply(user.cloud.secret(user.namespace, **elsewhere), force=True)
    user.annotate("onecloud.io/reconcile-requested-at", "now")
    status = user.wait_reason("CredentialsMismatch")
    assert condition(status, "Stalled")["status"] == "True"
    assert (status["id"], user.posts()) == (identity, 1)
    user.delete()
    user.wait_reason("CredentialsMismatch", kind="Deleting")
    assert not user.only_server()["pending_deleted"]
    user.kube.apply(user.cloud.secret(user.namespace), force=True)
    user.wait_gone()
    assert user.only_server()["pending_deleted"]


def test_a_crash_after_the_delete_sends_no_second_one(user: User) -> None:
    """Without ``deletion`` the restarted operator would start a second task on a server in the bin."""
    user.apply()
    user.wait_ready()
    user.cloud.call("fault", effect="hang", method="DELETE", path="^/servers/", work=True, count=1)
    user.delete()
    user.until(lambda: user.only_server()["pending_deleted"], "recycled, and nobody has heard of it")
    user.operator.kill()
    user.cloud.call("clear_faults")
    user.operator.start()
    user.wait_gone()
    assert user.cloud.counts()["DELETE /servers/{id}"] == 1


def test_a_cloud_that_lost_its_servers_is_not_filled_again(user: User) -> None:
    """Without the limiter a cloud restored from an empty backup would get the whole fleet a second time."""
    names = [f"web-{number}" for number in range(7)]
    for name in names:
        user.apply(name, onExternalDeletion="Recreate")
    lost = {user.wait_ready(name)["id"] for name in names}
    user.cloud.call("erase_all")
    held = user.until(
        lambda: [n for n in names if condition(user.status(n), "Synced").get("reason") == "TooManyGone"],
        "held",
    )
    user.until(lambda: user.posts() < len(names) + 6, "never more than the floor of five are made again", 1)
    name = held[0]
    user.annotate("onecloud.io/confirm-gone", user.status(name)["id"], name)
    for each in names:
        user.wait(lambda status: status["id"] not in lost, each)
        user.wait_ready(each)
    assert len(user.cloud.servers()) == len(names)


def test_one_server_that_vanishes_is_made_again_at_once(user: User) -> None:
    user.apply(onExternalDeletion="Recreate")
    identity = user.wait_ready()["id"]
    user.cloud.call("erase", idents=[identity])
    user.wait(lambda status: status["id"] != identity)
    assert user.wait_ready()["creation"]["attempt"] == 2


@pytest.mark.parametrize("status", ["sched_fail", "disk_fail"])
def test_a_failed_creation_is_cleaned_up_and_made_again(user: User, status: str) -> None:
    user.cloud.call("fail_next", operation="create", status=status, text="the stub has no luck today")
    user.apply()
    failed = user.wait_reason("CreationFailed")
    assert "no luck today" in condition(failed, "Synced")["message"]
    made = user.wait_ready()
    assert made["creation"]["attempt"] == 2
    assert user.only_server()["id"] == made["id"]
    assert user.cloud.counts()["DELETE /servers/{id}"] == 1


def test_what_may_have_run_is_not_deleted_for_its_failure(user: User) -> None:
    """Without the fence a server whose disk failed after it ran would be deleted with its data."""
    user.cloud.call("settings", events_forbidden=True)
    user.cloud.call("fail_next", operation="create", status="disk_fail", text="lost")
    user.apply()
    assert user.wait_reason("OperationFailed")["state"] == "Failed"
    assert "DELETE /servers/{id}" not in user.cloud.counts()
    assert len(user.cloud.servers()) == 1


def test_a_failure_of_a_made_server_never_leads_to_its_deletion(user: User) -> None:
    user.apply()
    identity = user.wait_ready()["id"]
    user.cloud.call("change", ident=identity, status="disk_fail")
    user.until(lambda: user.cloud.counts().get("POST /servers/{id}/syncstatus"), "the cloud is asked to look")
    user.wait_ready()
    assert "DELETE /servers/{id}" not in user.cloud.counts()
    assert user.only_server()["id"] == identity


def test_a_status_edited_by_hand_points_the_operator_at_nobody_elses_server(user: User) -> None:
    victim = user.cloud.call("add_server", name="victim")
    user.apply(deletionPolicy="Delete")
    status = user.wait_ready()
    creation = {**status["creation"], "id": victim}
    user.kube.patch(
        "onecloudservers",
        "web-1",
        user.namespace,
        {"status": {"id": victim, "creation": creation}},
        subresource="status",
    )
    user.wait_reason("OwnedByAnother")
    user.delete()
    user.wait_reason("OwnedByAnother", kind="Deleting")
    assert any(server["id"] == victim for server in user.cloud.servers())


def test_a_namesake_made_after_a_deletion_is_another_object(user: User) -> None:
    user.apply()
    first = user.wait_ready()["id"]
    user.delete()
    user.wait_gone()
    user.apply()
    assert user.wait_ready()["id"] != first
    assert user.posts() == 2
