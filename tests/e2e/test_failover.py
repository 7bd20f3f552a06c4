"""
Two replicas with a Lease: never two that write, and never none for long.

The replicas are told apart by their own metrics; what left them is in the cloud's journal.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sandbox.cluster.control_plane import free_port
from sandbox.stage import Cloud, Operator
from tests.e2e.conftest import QUICK
from tests.e2e.play import Play
from tests.e2e.replica import DURATION_SECONDS, LEASE, Replica

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

SLACK_SECONDS = 12.0  # a new leader's first list, on a busy machine
LOST = 3


@dataclass(frozen=True)
class Pair:
    """Two replicas; which of them leads is not known beforehand."""

    play: Play
    replicas: tuple[Replica, Replica]

    def leader(self) -> Replica:
        """Wait until one leads and the other stands by; return the one that leads."""
        self.play.until(
            lambda: any(one.leads for one in self.replicas) and any(one.stands_by for one in self.replicas),
            "one leads, one stands by",
        )
        (found,) = (one for one in self.replicas if one.leads)
        return found

    def other(self, than: Replica) -> Replica:
        (found,) = (one for one in self.replicas if one is not than)
        return found

    def wait_leads(self, replica: Replica) -> float:
        """Wait until this one leads; return the seconds."""
        began_at = time.monotonic()
        self.play.until(lambda: replica.leads, "it leads")
        return time.monotonic() - began_at


def cloud_writes(cloud: Cloud) -> dict[str, int]:
    """Return what was asked of the cloud that is no read, signing in included."""
    return {call: number for call, number in cloud.counts().items() if not call.startswith("GET ")}


@pytest.fixture
def pair(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud
) -> Iterator[Pair]:
    kube.apply(cloud.secret(namespace))
    with ExitStack() as stack:
        replicas = []
        for _ in range(2):
            port = free_port()
            operator = Operator(
                control_plane.kubeconfig_of("operator"),
                namespaces=namespace,
                lease_namespace=namespace,
                listen_address="127.0.0.1",
                **{**QUICK, **LEASE, "listen_port": port},
            )
            replicas.append(Replica(stack.enter_context(operator), port))
        play = Play(kube, namespace, cloud, replicas[0].operator)
        yield Pair(play, (replicas[0], replicas[1]))
        play.check_secrets()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    pair = getattr(item, "funcargs", {}).get("pair")
    if report.failed and pair is not None:
        for number, replica in enumerate(pair.replicas):
            report.sections.append((f"replica {number}", replica.operator.text()[-6000:]))
    return report


def test_only_the_leader_writes_and_both_are_ready(pair: Pair) -> None:
    leader = pair.leader()
    standby = pair.other(leader)
    pair.play.apply()
    pair.play.wait_ready()
    assert leader.get("/readyz")[1].startswith("leading")
    assert [one.get("/healthz")[0] for one in pair.replicas] == [httpx.codes.OK] * 2
    pair.play.until(
        lambda: leader.measure("kubernetes_requests_total", 'operation="apply_status"'), "it wrote"
    )
    assert leader.measure("cloud_requests_total") > 0
    assert leader.measure("crd_fields_missing") == 0
    beats = standby.beats
    pair.play.until(lambda: standby.beats > beats + 1, "newer figures")
    assert standby.measure("cloud_requests_total") == 0
    assert standby.measure("kubernetes_requests_total", 'operation="apply_status"') == 0
    assert standby.measure("kubernetes_requests_total", 'operation="write_lease"') == 0
    found = pair.play.kube.get("leases", "onecloud-operator", pair.play.namespace)
    assert found is not None
    assert found["spec"]["holderIdentity"]


def test_when_the_leader_is_killed_the_other_takes_over_and_every_object_has_one_server(pair: Pair) -> None:
    leader = pair.leader()
    names = [f"web-{number}" for number in range(6)]
    pair.play.cloud.call("fault", effect="hang", method="POST", path="^/servers$", work=True, count=2)
    for name in names:
        pair.play.apply(name)
    pair.play.until(lambda: pair.play.posts() >= 2, "it is at work")
    leader.operator.kill()
    pair.play.cloud.call("clear_faults")
    waited = pair.wait_leads(pair.other(leader))
    assert DURATION_SECONDS - 1.0 <= waited <= DURATION_SECONDS + SLACK_SECONDS
    identities = {pair.play.wait_ready(name)["id"] for name in names}
    assert identities == {server["id"] for server in pair.play.cloud.servers()}
    assert len(identities) == len(names)


def test_a_leader_that_is_asked_to_end_hands_over_at_once(pair: Pair) -> None:
    leader = pair.leader()
    pair.play.apply()
    pair.play.wait_ready()
    began_at = time.monotonic()
    assert leader.operator.process is not None
    assert leader.operator.process.stop(timeout_seconds=20.0) == 0
    stopped_at = time.monotonic()
    pair.wait_leads(pair.other(leader))
    assert time.monotonic() - stopped_at < DURATION_SECONDS - 1.0, "it did not wait for the lease to be over"
    said = leader.operator.text()
    assert "released the lease" in said
    assert "Traceback" not in said
    assert "Unclosed" not in said
    assert time.monotonic() - began_at < SLACK_SECONDS


def test_who_stands_by_ends_when_asked_and_the_leader_notices_nothing(pair: Pair) -> None:
    leader = pair.leader()
    standby = pair.other(leader)
    assert standby.operator.process is not None
    assert standby.operator.process.stop(timeout_seconds=20.0) == 0
    pair.play.apply()
    pair.play.wait_ready()
    assert leader.leads


def test_a_frozen_leader_writes_nothing_when_it_wakes(pair: Pair) -> None:
    """
    Both are frozen when there is suddenly much to do, and only the old leader wakes.

    So whatever is written then would be its doing.
    """
    leader = pair.leader()
    standby = pair.other(leader)
    pair.play.apply()
    pair.play.wait_ready()
    assert leader.operator.process is not None
    assert standby.operator.process is not None
    leader.operator.process.pause()
    pair.wait_leads(standby)
    pair.play.until(
        lambda: standby.get("/readyz")[0] == httpx.codes.OK and standby.measure("queue_running") == 0,
        "the new one has settled",
    )
    standby.operator.process.pause()
    pair.play.apply(server={"cpu": 2, "description": "changed while both slept"})
    for number in range(5):
        pair.play.apply(f"new-{number}")
    versions = {o["metadata"]["name"]: o["metadata"]["resourceVersion"] for o in objects(pair.play)}
    pair.play.cloud.call("reset_calls")
    leader.operator.process.resume()
    pair.play.until(lambda: leader.exit_code is not None, "the old leader ends")
    assert leader.exit_code == LOST
    assert cloud_writes(pair.play.cloud) == {}
    assert {o["metadata"]["name"]: o["metadata"]["resourceVersion"] for o in objects(pair.play)} == versions
    assert "lost the lease" in leader.operator.text()
    # Whether the other one slept too long as well or not; in a cluster who ends is started again.
    standby.operator.process.resume()
    leader.operator.start()
    pair.play.until(lambda: any(one.leads for one in pair.replicas), "one leads")
    identities = {pair.play.wait_ready(name)["id"] for name in versions}
    assert len(pair.play.cloud.servers()) == len(identities) == 6


def objects(play: Play) -> list[dict[str, Any]]:
    return play.kube.list("onecloudservers", play.namespace)


def test_a_leader_cut_off_from_the_api_server_ends_by_itself(pair: Pair, control_plane: ControlPlane) -> None:
    leader = pair.leader()
    control_plane.pause()
    try:
        pair.play.until(lambda: leader.exit_code is not None, "it ends")
        assert leader.exit_code == LOST
        standby = pair.other(leader)
        assert standby.get("/healthz")[0] == httpx.codes.OK, "who stands by outlives it"
    finally:
        control_plane.resume()
    pair.wait_leads(standby)
    pair.play.apply()
    pair.play.wait_ready()
