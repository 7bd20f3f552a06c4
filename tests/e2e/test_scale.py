"""Observation costs the cloud almost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.fleet import soak
from tests.e2e.user import KIND, said

if TYPE_CHECKING:
    from tests.e2e.user import Play

MANY = 600 if soak() else 300


def test_hundreds_of_idle_objects_cost_no_request_of_their_own(play: Play) -> None:
    identities = play.cloud.call("seed", count=MANY)
    for number, identity in enumerate(identities):
        play.apply(f"s-{number}", managementPolicy="Observe", adoption={"id": identity})
    play.until(
        lambda: (
            sum(
                said(o.get("status") or {}, "Ready").get("status") == "True"
                for o in play.kube.list(KIND, play.namespace)
            )
            == MANY
        ),
        "all are observed",
        180,
    )
    play.cloud.call("reset_calls")
    play.until(lambda: play.cloud.counts().get("GET /servers", 0) >= 5, "some polls")
    counts = play.cloud.counts()
    assert counts.get("GET /servers/{id}", 0) == 0
    assert sum(counts.values()) < MANY / 10


def test_a_restart_over_settled_objects_writes_nothing(play: Play) -> None:
    names = [f"web-{number}" for number in range(3)]
    for name in names:
        play.apply(name)
    play.apply("off", {"powerState": "Stopped"})
    shown = play.cloud.call("add_server", name="shown")
    play.apply("shown", managementPolicy="Observe", adoption={"id": shown})
    names += ["off", "shown"]
    for name in names:
        play.wait_ready(name)
    versions = {n: play.get(n)["metadata"]["resourceVersion"] for n in names}
    play.operator.stop()
    play.cloud.call("reset_calls")
    play.operator.start()
    play.until(lambda: play.cloud.counts().get("GET /servers", 0) >= 8, "it is at work again")
    counts = play.cloud.counts()
    assert {call for call in counts if not call.startswith("GET")} == {"POST /v3/auth/tokens"}
    assert {n: play.get(n)["metadata"]["resourceVersion"] for n in names} == versions
