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
from tests.e2e.user import User, condition
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
def user(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud
) -> Iterator[User]:
    """Give what the others have, with an operator that holds when more than one server vanishes."""
    kube.apply(cloud.secret(namespace))
    kubeconfig = control_plane.kubeconfig_of("operator")
    with Operator(kubeconfig, namespaces=namespace, **QUICK, gone_floor=1) as operator:
        made = User(kube, namespace, cloud, operator)
        yield made
        made.check_secrets()


@pytest.fixture
def ids(user: User) -> dict[str, str]:
    """Give the ids of a small fleet that is made again when it vanishes."""
    for name in NAMES:
        user.apply(name, onExternalDeletion="Recreate")
    return {name: user.wait_ready(name)["id"] for name in NAMES}


def restart(user: User) -> None:
    """Have a new process that has seen the cloud."""
    user.operator.kill()
    user.operator.start()
    passed_by(user)


def passed_by(user: User, polls: int = 6) -> None:
    """Wait until the operator has asked the cloud so often again: time in which it could have acted."""
    before = user.cloud.counts().get("GET /servers", 0)
    user.until(lambda: user.cloud.counts().get("GET /servers", 0) >= before + polls, "more polls")


def reason(user: User, name: str, kind: str = "Synced") -> str:
    found: str = condition(user.status(name), kind).get("reason", "")
    return found


def lost(user: User, ids: dict[str, str]) -> list[str]:
    """Lose all servers; return who is held back when everyone has been told."""
    user.cloud.call("erase_all")

    def all_settled() -> list[str] | None:
        held = [name for name in ids if reason(user, name) == "TooManyGone"]
        made = [name for name in ids if user.status(name)["id"] != ids[name]]
        return held if held and len({*held, *made}) == len(ids) else None

    held: list[str] = user.until(all_settled, "each one is held or made again")
    return held


def is_another(identity: str, status: Mapping[str, Any]) -> bool:
    """Return whether the server of *status* is not the one of this id."""
    return str(status["id"]) != identity


def owners(user: User) -> list[str]:
    return sorted(server["metadata"]["user:onecloud.io/uid"] for server in user.cloud.servers())


def test_a_confirmation_after_the_cloud_was_put_right_makes_and_forgets_nothing(
    user: User, ids: dict[str, str]
) -> None:
    """The 404 that it would act on is as old as the outage, and the servers are there again."""
    first, renamed, leaving, *_ = held = lost(user, ids)
    user.apply(renamed, {"name": "new-name"}, onExternalDeletion="Recreate")
    user.delete(leaving)
    user.wait_reason("TooManyGone", leaving, kind="Deleting")
    user.wait(lambda status: status["observedGeneration"] == 2, renamed)
    for name in set(NAMES) - set(held):
        user.cloud.call("erase", idents=[user.status(name)["id"]])
    user.cloud.call("bring_back")
    user.annotate(CONFIRM, ids[first], first)
    user.wait_gone(leaving)
    for name in set(held) - {leaving}:
        status = user.wait_ready(name)
        assert (status["id"], status["creation"]["attempt"]) == (ids[name], 1)
    assert next(s for s in user.cloud.servers() if s["id"] == ids[leaving])["pending_deleted"]
    assert len([s for s in user.cloud.servers() if s["name"] == "new-name"]) == 1


def test_a_confirmation_that_was_left_there_confirms_no_later_loss(user: User, ids: dict[str, str]) -> None:
    confirmed = lost(user, ids)
    user.cloud.call("bring_back")
    for one in confirmed:
        user.annotate(CONFIRM, ids[one], one)
    again = {one: user.wait_ready(one)["id"] for one in NAMES}
    held = lost(user, again)
    name = next(one for one in held if one in confirmed)  # the first that is missed is made again
    restart(user)
    posts = user.posts()
    passed_by(user)
    assert (reason(user, name), user.posts()) == ("TooManyGone", posts)
    assert "does not count" in condition(user.status(name), "Synced")["message"]
    user.annotate(CONFIRM, None, name)
    user.wait(lambda status: "does not count" not in condition(status, "Synced")["message"], name)
    user.annotate(CONFIRM, ids[name], name)
    for one in NAMES:
        user.wait(partial(is_another, again[one]), one)
        user.wait_ready(one)
    assert len(set(owners(user))) == len(owners(user)) == len(NAMES)


def test_a_confirmation_counts_only_on_an_object_that_is_held(user: User, ids: dict[str, str]) -> None:
    user.apply("reported")
    identity = user.wait_ready("reported")["id"]
    held = lost(user, ids)
    user.wait_reason("ExternallyDeleted", "reported")
    user.annotate(CONFIRM, identity, "reported")
    posts = user.posts()
    passed_by(user)
    assert {reason(user, name) for name in held} == {"TooManyGone"}
    assert user.posts() == posts


def test_a_name_that_the_objects_own_server_has_again_is_told_and_may_be_kept(user: User) -> None:
    """The next attempt was recorded, and then the cloud was put right."""
    user.apply(onExternalDeletion="Recreate")
    identity = user.wait_ready()["id"]
    refusal = {"effect": "answer", "method": "POST", "path": "^/servers$", "status": 403}
    user.cloud.call("fault", **refusal, kind="ForbiddenError", count=None)
    user.cloud.call("erase_all")
    user.wait_reason("Forbidden")
    user.cloud.call("bring_back")
    user.cloud.call("clear_faults")
    user.annotate("onecloud.io/reconcile-requested-at", "now")
    status = user.wait_reason("NameConflict")
    user.wait(lambda status: identity in condition(status, "Synced")["message"])
    assert status["creation"]["attempt"] == 2
    user.apply(adoption={"policy": "Adopt", "id": identity})
    assert user.wait(lambda status: status.get("adoptedAt"))["id"] == identity
    assert user.only_server()["id"] == identity


def test_a_restart_does_not_forget_whose_tags_a_server_carries(user: User) -> None:
    """The status has no owner tags, and the row is of the version that it remembers."""
    names = ("locked", "unlocked")
    for name in names:
        user.apply(name)
    for name in names:
        identity = user.wait_ready(name)["id"]
        user.cloud.call("set_tags", ident=identity, tags=THEIRS)
        user.cloud.call("change", ident=identity, disable_delete=name == "locked")
    for name in names:
        user.wait_reason("OwnedByAnother", name)
    restart(user)
    assert {reason(user, name) for name in names} == {"OwnedByAnother"}
    writes = written(user)
    for name in names:
        user.apply(name, {"description": "mine", "powerState": "Stopped"})
        user.wait(lambda status: status["observedGeneration"] == 2, name)
        user.delete(name)
        user.wait_reason("OwnedByAnother", name, kind="Deleting")
    passed_by(user)
    assert written(user) == writes
    assert not any(server["pending_deleted"] for server in user.cloud.servers())


def test_what_a_restart_recalls_is_read_before_the_first_write_and_not_before(user: User) -> None:
    user.apply()
    identity = user.wait_ready()["id"]
    user.cloud.call("reset_calls")
    restart(user)
    assert user.cloud.counts().get("GET /servers/{id}", 0) == 0
    user.apply(server={"description": "new"})
    user.wait_ready()
    calls = [
        call["call"] for call in user.cloud.call("calls") if call["path"].endswith(f"/servers/{identity}")
    ]
    assert calls == ["GET /servers/{id}", "PUT /servers/{id}"]


def test_a_recycle_bin_that_works_again_holds_no_removal_any_more(user: User) -> None:
    names = ("gone", "confirmed", "waiting")
    for name in names:
        user.apply(name)
    ids = {name: user.wait_ready(name)["id"] for name in names}
    user.cloud.call("settings", recycle_bin=False)
    user.delete("gone")
    user.wait_gone("gone")
    for name in ("confirmed", "waiting"):
        user.delete(name)
        user.wait_reason("RecycleBinOff", name, kind="Deleting")
    user.cloud.call("settings", recycle_bin=True)
    user.annotate("onecloud.io/confirm-delete", ids["confirmed"], "confirmed")
    user.wait_gone("confirmed")
    user.wait_gone("waiting")
    assert sorted(s["id"] for s in user.cloud.servers() if s["pending_deleted"]) == sorted(
        ids[name] for name in ("confirmed", "waiting")
    )


def written(user: User) -> dict[str, Any]:
    """Return how often each write was sent."""
    return {call: count for call, count in user.cloud.counts().items() if not call.startswith("GET ")}
