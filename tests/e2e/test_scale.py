"""Observation costs the cloud almost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.cluster.control_plane import free_port
from tests.e2e.fleet import soak
from tests.e2e.replica import Replica
from tests.e2e.user import KIND, condition

if TYPE_CHECKING:
    from tests.e2e.user import User

MANY = 600 if soak() else 300


def test_hundreds_of_idle_objects_cost_no_request_of_their_own(user: User) -> None:
    identities = user.cloud.call("seed", count=MANY)
    for number, identity in enumerate(identities):
        user.apply(f"s-{number}", managementPolicy="Observe", adoption={"id": identity})
    user.until(
        lambda: (
            sum(
                condition(o.get("status") or {}, "Ready").get("status") == "True"
                for o in user.kube.list(KIND, user.namespace)
            )
            == MANY
        ),
        "all are observed",
        180,
    )
    user.cloud.call("reset_calls")
    user.until(lambda: user.cloud.counts().get("GET /servers", 0) >= 5, "some polls")
    counts = user.cloud.counts()
    assert counts.get("GET /servers/{id}", 0) == 0
    assert sum(counts.values()) < MANY / 10


def test_a_server_takes_three_turns_of_the_queue_to_be_made_and_three_to_be_removed(user: User) -> None:
    user.operator.stop()
    user.operator.knobs |= {"listen_port": free_port(), "mass_deletion_percent": 100}
    user.operator.start()
    names = [f"web-{number}" for number in range(20)]
    user.apply("first")  # the one that gets to know the Secret
    user.wait_ready("first")
    began = turns(user)
    for name in names:
        user.apply(name)
    for name in names:
        user.wait_ready(name)
    made = turns(user)
    assert made - began <= 3 * len(names)
    for name in names:
        user.delete(name)
    for name in names:
        user.wait_gone(name)
    assert turns(user) - made <= 3 * len(names)


def turns(user: User) -> float:
    """Return how often the reconciler was called by now."""
    replica = Replica(user.operator, int(str(user.operator.knobs["listen_port"])))
    replica.refresh(user)
    return replica.measure("passes_total")


def test_a_restart_over_settled_objects_writes_nothing(user: User) -> None:
    names = [f"web-{number}" for number in range(3)]
    for name in names:
        user.apply(name)
    user.apply("off", {"powerState": "Stopped"})
    shown = user.cloud.call("add_server", name="shown")
    user.apply("shown", managementPolicy="Observe", adoption={"id": shown})
    names += ["off", "shown"]
    for name in names:
        user.wait_ready(name)
    versions = {n: user.get(n)["metadata"]["resourceVersion"] for n in names}
    user.operator.stop()
    user.cloud.call("reset_calls")
    user.operator.start()
    user.until(lambda: user.cloud.counts().get("GET /servers", 0) >= 8, "it is at work again")
    counts = user.cloud.counts()
    assert {call for call in counts if not call.startswith("GET")} == {"POST /v3/auth/tokens"}
    assert {n: user.get(n)["metadata"]["resourceVersion"] for n in names} == versions
