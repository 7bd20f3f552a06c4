"""
What was true once, and is not any more.

A cloud that was put right, a confirmation that was meant for another loss, a server that was given away, a
recycle bin that is on again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import QUICK
from tests.e2e.user import Play, said
from tests.e2e.warm import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from sandbox.stage import Cloud

THEIRS = {
    "user:onecloud.io/cluster": "cluster1",
    "user:onecloud.io/namespace": "shop",
    "user:onecloud.io/name": "other",
    "user:onecloud.io/uid": "11111111-2222-4333-8444-555555555555",
}
CONFIRM = "onecloud.io/confirm-gone"
NAMES = [f"web-{number}" for number in range(5)]


@pytest.fixture
def play(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud
) -> Iterator[Play]:
    """Give what the others have, with an operator that holds when more than one server vanishes."""
    kube.apply(cloud.secret(namespace))
    kubeconfig = control_plane.kubeconfig_of("operator")
    with Operator(kubeconfig, namespaces=namespace, **QUICK, gone_floor=1) as operator:
        played = Play(kube, namespace, cloud, operator)
        yield played
        played.check_secrets()


@pytest.fixture
def ids(play: Play) -> dict[str, str]:
    """Give the ids of a small fleet that is made again when it vanishes."""
    for name in NAMES:
        play.apply(name, onExternalDeletion="Recreate")
    return {name: play.wait_ready(name)["id"] for name in NAMES}


def restart(play: Play) -> None:
    """Have a new process that has seen the cloud."""
    play.operator.kill()
    play.operator.start()
    passed_by(play)


def passed_by(play: Play, polls: int = 6) -> None:
    """Wait until the operator has asked the cloud so often again: time in which it could have acted."""
    before = play.cloud.counts().get("GET /servers", 0)
    play.until(lambda: play.cloud.counts().get("GET /servers", 0) >= before + polls, "more polls")


def reason(play: Play, name: str, kind: str = "Synced") -> str:
    found: str = said(play.status(name), kind).get("reason", "")
    return found


def lost(play: Play, ids: dict[str, str]) -> list[str]:
    """Lose all servers; return who is held back when everyone has been told."""
    play.cloud.call("erase_all")

    def told() -> list[str] | None:
        held = [name for name in ids if reason(play, name) == "TooManyGone"]
        made = [name for name in ids if play.status(name)["id"] != ids[name]]
        return held if held and len({*held, *made}) == len(ids) else None

    held: list[str] = play.until(told, "each one is held or made again")
    return held


def is_another(identity: str, status: Mapping[str, Any]) -> bool:
    """Return whether the server of *status* is not the one of this id."""
    return str(status["id"]) != identity


def owners(play: Play) -> list[str]:
    return sorted(server["metadata"]["user:onecloud.io/uid"] for server in play.cloud.servers())


def test_a_confirmation_after_the_cloud_was_put_right_makes_and_forgets_nothing(
    play: Play, ids: dict[str, str]
) -> None:
    """The 404 that it would act on is as old as the outage, and the servers are there again."""
    first, renamed, leaving, *_ = held = lost(play, ids)
    play.apply(renamed, {"name": "new-name"}, onExternalDeletion="Recreate")
    play.delete(leaving)
    play.wait_reason("TooManyGone", leaving, kind="Deleting")
    play.wait(lambda status: status["observedGeneration"] == 2, renamed)
    for name in set(NAMES) - set(held):
        play.cloud.call("erase", idents=[play.status(name)["id"]])
    play.cloud.call("bring_back")
    play.annotate(CONFIRM, ids[first], first)
    play.wait_gone(leaving)
    for name in set(held) - {leaving}:
        status = play.wait_ready(name)
        assert (status["id"], status["creation"]["attempt"]) == (ids[name], 1)
    assert next(s for s in play.cloud.servers() if s["id"] == ids[leaving])["pending_deleted"]
    assert len([s for s in play.cloud.servers() if s["name"] == "new-name"]) == 1


def test_a_confirmation_that_was_left_there_confirms_no_later_loss(play: Play, ids: dict[str, str]) -> None:
    confirmed = lost(play, ids)
    play.cloud.call("bring_back")
    for one in confirmed:
        play.annotate(CONFIRM, ids[one], one)
    again = {one: play.wait_ready(one)["id"] for one in NAMES}
    held = lost(play, again)
    name = next(one for one in held if one in confirmed)  # the first that is missed is made again
    restart(play)
    posts = play.posts()
    passed_by(play)
    assert (reason(play, name), play.posts()) == ("TooManyGone", posts)
    assert "does not count" in said(play.status(name), "Synced")["message"]
    play.annotate(CONFIRM, None, name)
    play.wait(lambda status: "does not count" not in said(status, "Synced")["message"], name)
    play.annotate(CONFIRM, ids[name], name)
    for one in NAMES:
        play.wait(partial(is_another, again[one]), one)
        play.wait_ready(one)
    assert len(set(owners(play))) == len(owners(play)) == len(NAMES)


def test_a_confirmation_counts_only_on_an_object_that_is_held(play: Play, ids: dict[str, str]) -> None:
    play.apply("reported")
    identity = play.wait_ready("reported")["id"]
    held = lost(play, ids)
    play.wait_reason("ExternallyDeleted", "reported")
    play.annotate(CONFIRM, identity, "reported")
    posts = play.posts()
    passed_by(play)
    assert {reason(play, name) for name in held} == {"TooManyGone"}
    assert play.posts() == posts


def test_a_name_that_the_objects_own_server_has_again_is_told_and_may_be_kept(play: Play) -> None:
    """The next attempt was recorded, and then the cloud was put right."""
    play.apply(onExternalDeletion="Recreate")
    identity = play.wait_ready()["id"]
    refusal = {"effect": "answer", "method": "POST", "path": "^/servers$", "status": 403}
    play.cloud.call("fault", **refusal, kind="ForbiddenError", count=None)
    play.cloud.call("erase_all")
    play.wait_reason("Forbidden")
    play.cloud.call("bring_back")
    play.cloud.call("clear_faults")
    play.annotate("onecloud.io/reconcile-requested-at", "now")
    status = play.wait_reason("NameConflict")
    play.wait(lambda status: identity in said(status, "Synced")["message"])
    assert status["creation"]["attempt"] == 2
    play.apply(adoption={"policy": "Adopt", "id": identity})
    assert play.wait(lambda status: status.get("adoptedAt"))["id"] == identity
    assert play.only_server()["id"] == identity


def test_a_restart_does_not_forget_whose_tags_a_server_carries(play: Play) -> None:
    """The status has no owner tags, and the row is of the version that it remembers."""
    names = ("locked", "unlocked")
    for name in names:
        play.apply(name)
    for name in names:
        identity = play.wait_ready(name)["id"]
        play.cloud.call("set_tags", ident=identity, tags=THEIRS)
        play.cloud.call("change", ident=identity, disable_delete=name == "locked")
    for name in names:
        play.wait_reason("OwnedByAnother", name)
    restart(play)
    assert {reason(play, name) for name in names} == {"OwnedByAnother"}
    writes = written(play)
    for name in names:
        play.apply(name, {"description": "mine", "powerState": "Stopped"})
        play.wait(lambda status: status["observedGeneration"] == 2, name)
        play.delete(name)
        play.wait_reason("OwnedByAnother", name, kind="Deleting")
    passed_by(play)
    assert written(play) == writes
    assert not any(server["pending_deleted"] for server in play.cloud.servers())


def test_what_a_restart_recalls_is_read_before_the_first_write_and_not_before(play: Play) -> None:
    play.apply()
    identity = play.wait_ready()["id"]
    play.cloud.call("reset_calls")
    restart(play)
    assert play.cloud.counts().get("GET /servers/{id}", 0) == 0
    play.apply(server={"description": "new"})
    play.wait_ready()
    calls = [
        call["call"] for call in play.cloud.call("calls") if call["path"].endswith(f"/servers/{identity}")
    ]
    assert calls == ["GET /servers/{id}", "PUT /servers/{id}"]


def test_a_recycle_bin_that_works_again_holds_no_removal_any_more(play: Play) -> None:
    names = ("gone", "confirmed", "waiting")
    for name in names:
        play.apply(name)
    ids = {name: play.wait_ready(name)["id"] for name in names}
    play.cloud.call("settings", recycle_bin=False)
    play.delete("gone")
    play.wait_gone("gone")
    for name in ("confirmed", "waiting"):
        play.delete(name)
        play.wait_reason("RecycleBinOff", name, kind="Deleting")
    play.cloud.call("settings", recycle_bin=True)
    play.annotate("onecloud.io/confirm-delete", ids["confirmed"], "confirmed")
    play.wait_gone("confirmed")
    play.wait_gone("waiting")
    assert sorted(s["id"] for s in play.cloud.servers() if s["pending_deleted"]) == sorted(
        ids[name] for name in ("confirmed", "waiting")
    )


def written(play: Play) -> dict[str, Any]:
    """Return how often each write was sent."""
    return {call: count for call, count in play.cloud.counts().items() if not call.startswith("GET ")}
