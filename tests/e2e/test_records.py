"""
What would go wrong without each record in the status.

The operator dies, or its answers are lost, at the moment that the record is for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.e2e.user import said

if TYPE_CHECKING:
    from tests.e2e.user import Play


def hanging_post(play: Play) -> None:
    """Have the next POST do its work and never answer."""
    play.cloud.call("fault", effect="hang", method="POST", path="^/servers$", work=True, count=1)


def asked_or_made(play: Play, posts: int) -> bool:
    """Return whether so many POSTs were sent, or a server is there already."""
    return play.posts() >= posts or bool(play.cloud.servers())


def test_a_crash_between_the_post_and_the_status_makes_no_second_server(play: Play) -> None:
    """Without ``creation`` the restarted operator would not know the id, and POST another server."""
    hanging_post(play)
    play.apply()
    play.until(play.cloud.servers, "the server is made, and nobody has heard of it")
    play.operator.kill()
    play.cloud.call("clear_faults")
    play.operator.start()
    status = play.wait_ready()
    assert play.only_server()["id"] == status["id"]
    assert status["creation"]["attempt"] == 1


def test_a_crash_before_the_post_makes_the_server_once(play: Play) -> None:
    play.cloud.call("fault", effect="hang", method="POST", path="^/servers$", count=1)
    play.apply()
    play.wait(lambda status: "creation" in status)
    play.until(lambda: play.cloud.call("silent"), "the POST is on its way, and will never be carried out")
    play.operator.kill()
    play.cloud.call("clear_faults")
    play.operator.start()
    assert play.wait_ready()["id"] == play.only_server()["id"]


def test_a_lost_answer_makes_no_second_server(play: Play) -> None:
    play.cloud.call("lose_answer", method="POST", path="^/servers$")
    play.apply()
    assert play.wait_ready()["id"] == play.only_server()["id"]


def test_several_lost_answers_and_crashes_in_a_row_make_one_server(play: Play) -> None:
    play.cloud.call("lose_answer", method="POST", path="^/servers$", count=3)
    play.apply()
    for number in range(1, 4):
        play.until(partial(asked_or_made, play, number), "a POST")
        play.operator.kill()
        play.operator.start()
    assert play.wait_ready()["id"] == play.only_server()["id"]


def test_a_secret_that_leads_elsewhere_makes_no_second_server(play: Play) -> None:
    """Without ``cloud`` the server would look gone from the new project, and be made again there."""
    play.apply(onExternalDeletion="Recreate")
    identity = play.wait_ready()["id"]
    play.cloud.call("add_project", name="other")
    play.cloud.call("add_user", name="somebody", password="Sesam-0ffne-dich", roles={"other": "owner"})
    elsewhere = {"OS_USERNAME": "somebody", "OS_PASSWORD": "Sesam-0ffne-dich", "OS_PROJECT_NAME": "other"}
    play.kube.apply(play.cloud.secret(play.namespace, **elsewhere), force=True)
    play.annotate("onecloud.io/reconcile-requested-at", "now")
    status = play.wait_reason("CredentialsMismatch")
    assert said(status, "Stalled")["status"] == "True"
    assert (status["id"], play.posts()) == (identity, 1)
    play.delete()
    play.wait_reason("CredentialsMismatch", kind="Deleting")
    assert not play.only_server()["pending_deleted"]
    play.kube.apply(play.cloud.secret(play.namespace), force=True)
    play.wait_gone()
    assert play.only_server()["pending_deleted"]


def test_a_crash_after_the_delete_sends_no_second_one(play: Play) -> None:
    """Without ``deletion`` the restarted operator would start a second task on a server in the bin."""
    play.apply()
    play.wait_ready()
    play.cloud.call("fault", effect="hang", method="DELETE", path="^/servers/", work=True, count=1)
    play.delete()
    play.until(lambda: play.only_server()["pending_deleted"], "recycled, and nobody has heard of it")
    play.operator.kill()
    play.cloud.call("clear_faults")
    play.operator.start()
    play.wait_gone()
    assert play.cloud.counts()["DELETE /servers/{id}"] == 1


def test_a_cloud_that_lost_its_servers_is_not_filled_anew(play: Play) -> None:
    """Without the limiter a cloud restored from an empty backup would get the whole fleet a second time."""
    names = [f"web-{number}" for number in range(7)]
    for name in names:
        play.apply(name, onExternalDeletion="Recreate")
    lost = {play.wait_ready(name)["id"] for name in names}
    play.cloud.call("erase_all")
    held = play.until(
        lambda: [n for n in names if said(play.status(n), "Synced").get("reason") == "TooManyGone"], "held"
    )
    play.until(lambda: play.posts() < len(names) + 6, "never more than the floor of five are made again", 1)
    name = held[0]
    play.annotate("onecloud.io/confirm-gone", play.status(name)["id"], name)
    for each in names:
        play.wait(lambda status: status["id"] not in lost, each)
        play.wait_ready(each)
    assert len(play.cloud.servers()) == len(names)


def test_one_server_that_vanishes_is_made_again_at_once(play: Play) -> None:
    play.apply(onExternalDeletion="Recreate")
    identity = play.wait_ready()["id"]
    play.cloud.call("erase", idents=[identity])
    play.wait(lambda status: status["id"] != identity)
    assert play.wait_ready()["creation"]["attempt"] == 2


@pytest.mark.parametrize("status", ["sched_fail", "disk_fail"])
def test_a_failed_creation_is_cleaned_up_and_made_again(play: Play, status: str) -> None:
    play.cloud.call("fail_next", operation="create", status=status, text="the stub has no luck today")
    play.apply()
    failed = play.wait_reason("CreationFailed")
    assert "no luck today" in said(failed, "Synced")["message"]
    made = play.wait_ready()
    assert made["creation"]["attempt"] == 2
    assert play.only_server()["id"] == made["id"]
    assert play.cloud.counts()["DELETE /servers/{id}"] == 1


def test_what_may_have_run_is_not_deleted_for_its_failure(play: Play) -> None:
    """Without the fence a server whose disk failed after it ran would be deleted with its data."""
    play.cloud.call("settings", events_forbidden=True)
    play.cloud.call("fail_next", operation="create", status="disk_fail", text="lost")
    play.apply()
    assert play.wait_reason("OperationFailed")["state"] == "Failed"
    assert "DELETE /servers/{id}" not in play.cloud.counts()
    assert len(play.cloud.servers()) == 1


def test_a_failure_of_a_made_server_never_leads_to_its_deletion(play: Play) -> None:
    play.apply()
    identity = play.wait_ready()["id"]
    play.cloud.call("change", ident=identity, status="disk_fail")
    play.until(lambda: play.cloud.counts().get("POST /servers/{id}/syncstatus"), "the cloud is asked to look")
    play.wait_ready()
    assert "DELETE /servers/{id}" not in play.cloud.counts()
    assert play.only_server()["id"] == identity


def test_a_status_edited_by_hand_points_the_operator_at_nobody_elses_server(play: Play) -> None:
    victim = play.cloud.call("add_server", name="victim")
    play.apply(deletionPolicy="Delete")
    status = play.wait_ready()
    creation = {**status["creation"], "id": victim}
    play.kube.patch(
        "onecloudservers",
        "web-1",
        play.namespace,
        {"status": {"id": victim, "creation": creation}},
        subresource="status",
    )
    play.wait_reason("OwnedByAnother")
    play.delete()
    play.wait_reason("OwnedByAnother", kind="Deleting")
    assert any(server["id"] == victim for server in play.cloud.servers())


def test_a_namesake_made_after_a_deletion_is_another_object(play: Play) -> None:
    play.apply()
    first = play.wait_ready()["id"]
    play.delete()
    play.wait_gone()
    play.apply()
    assert play.wait_ready()["id"] != first
    assert play.posts() == 2
