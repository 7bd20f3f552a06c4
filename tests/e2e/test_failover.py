"""
Two replicas with a Lease: never two that write, and never none for long.

The replicas are told apart by their own metrics; what left them is in the cloud's journal.
"""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from onecloud_operator.election.election import POLL_SECONDS
from sandbox.cluster.control_plane import free_port
from sandbox.cluster.proxy import Proxy
from sandbox.stage import Cloud
from tests.e2e.conftest import QUICK
from tests.e2e.replica import DURATION_SECONDS, LEASE, Replica
from tests.e2e.user import User
from tests.e2e.warm import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

SLACK_SECONDS = 12.0  # a new leader's first list, on a busy machine
BUSY_SECONDS = 10.0  # by which a busy machine may be late with two small requests
LOST = 3
LEASE_NAME = "onecloud-operator"


@dataclass(frozen=True)
class Pair:
    """Two replicas; which of them leads is not known in advance."""

    user: User
    replicas: tuple[Replica, Replica]

    def leader(self) -> Replica:
        """Wait until one leads and the other stands by; return the one that leads."""

        def found() -> Replica | None:
            first, second = self.replicas
            if first.leads and second.stands_by:
                return first
            return second if second.leads and first.stands_by else None

        leader: Replica = self.user.until(found, "one leads, one stands by")
        return leader

    def other(self, than: Replica) -> Replica:
        (found,) = (one for one in self.replicas if one is not than)
        return found

    def wait_leads(self, replica: Replica) -> float:
        """Wait until this one leads; return the seconds."""
        began_at = time.monotonic()
        self.user.until(lambda: replica.leads, "it leads")
        return time.monotonic() - began_at

    def lease(self) -> dict[str, Any]:
        """Return what the Lease says."""
        found = self.user.kube.get("leases", LEASE_NAME, self.user.namespace)
        assert found is not None
        spec: dict[str, Any] = found["spec"]
        return spec

    def wait_taken(self, holder: str) -> dict[str, Any]:
        """Wait until the Lease is somebody else's than *holder*'s; return what it says then."""
        self.user.until(lambda: self.lease()["holderIdentity"] not in {holder, ""}, "it is another's")
        return self.lease()

    def steal(self, thief: str, renewed_at: datetime) -> None:
        """Write another's name on the Lease, and when that one says to have renewed it."""
        stamp = renewed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {"holderIdentity": thief, "renewTime": stamp, "acquireTime": stamp}
        self.user.kube.patch("leases", LEASE_NAME, self.user.namespace, {"spec": spec})


def cloud_writes(cloud: Cloud) -> dict[str, int]:
    """Return what was asked of the cloud that is no read, signing in included."""
    return {call: number for call, number in cloud.counts().items() if not call.startswith("GET ")}


@pytest.fixture
def pair(  # noqa: PLR0913, PLR0917 - fixtures
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud, tmp_path: Path
) -> Iterator[Pair]:
    kube.apply(cloud.secret(namespace))
    with ExitStack() as stack:
        replicas = []
        for number in range(2):
            port = free_port()
            way = stack.enter_context(Proxy(control_plane.url, control_plane.authority))
            operator = Operator(
                control_plane.kubeconfig_by(way.url, tmp_path / f"kubeconfig-{number}", "operator"),
                namespaces=namespace,
                lease_namespace=namespace,
                listen_address="127.0.0.1",
                **{**QUICK, **LEASE, "listen_port": port},
            )
            replicas.append(Replica(stack.enter_context(operator), port, way))
        user = User(kube, namespace, cloud, replicas[0].operator)
        yield Pair(user, (replicas[0], replicas[1]))
        user.check_secrets()


def test_only_the_leader_writes_and_both_are_ready(pair: Pair) -> None:
    leader = pair.leader()
    standby = pair.other(leader)
    pair.user.apply()
    pair.user.wait_ready()
    assert leader.get("/readyz")[1].startswith("leading")
    assert [one.get("/healthz")[0] for one in pair.replicas] == [httpx.codes.OK] * 2
    pair.user.until(
        lambda: leader.measure("kubernetes_requests_total", 'operation="write_status"'), "it wrote"
    )
    assert leader.measure("cloud_requests_total") > 0
    assert leader.measure("crd_fields_missing") == 0
    # Where both saw no Lease at the start, both asked to make it, and one was refused.
    tried = standby.measure("kubernetes_requests_total", 'operation="write_lease"')
    assert tried <= 1
    standby.refresh(pair.user)
    assert standby.measure("cloud_requests_total") == 0
    assert standby.measure("kubernetes_requests_total", 'operation="write_status"') == 0
    assert standby.measure("kubernetes_requests_total", 'operation="write_lease"') == tried
    found = pair.user.kube.get("leases", "onecloud-operator", pair.user.namespace)
    assert found is not None
    assert found["spec"]["holderIdentity"]


def test_when_the_leader_is_killed_the_other_takes_over_and_every_object_has_one_server(pair: Pair) -> None:
    leader = pair.leader()
    names = [f"web-{number}" for number in range(6)]
    pair.user.cloud.call("fault", effect="hang", method="POST", path="^/servers$", work=True, count=2)
    for name in names:
        pair.user.apply(name)
    pair.user.until(lambda: pair.user.posts() >= 2, "it is at work")
    leader.operator.kill()
    left = pair.lease()
    pair.user.cloud.call("clear_faults")
    taken = pair.wait_taken(left["holderIdentity"])
    # It is seen within a poll of its renewal, and taken at the first poll after its duration.
    most_seconds = DURATION_SECONDS + 2 * POLL_SECONDS + BUSY_SECONDS
    assert DURATION_SECONDS <= seconds_between(left["renewTime"], taken["acquireTime"]) <= most_seconds
    identities = {pair.user.wait_ready(name)["id"] for name in names}
    assert identities == {server["id"] for server in pair.user.cloud.servers()}
    assert len(identities) == len(names)


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def test_a_leader_that_is_asked_to_end_hands_over_at_once(pair: Pair) -> None:
    leader = pair.leader()
    pair.user.apply()
    pair.user.wait_ready()
    held = pair.lease()["holderIdentity"]
    assert leader.operator.process is not None
    assert leader.operator.process.stop(timeout_seconds=20.0) == 0
    assert pair.lease()["holderIdentity"] != held, "it is free, or the other's already"
    pair.wait_leads(pair.other(leader))
    log = leader.operator.text()
    assert "released the lease" in log
    assert "Traceback" not in log
    assert "Unclosed" not in log


def test_who_stands_by_is_not_ready_while_it_could_not_take_over(pair: Pair) -> None:
    standby = pair.other(pair.leader())
    assert standby.way is not None
    standby.way.fault("hang")
    pair.user.until(lambda: not standby.stands_by, "it is not ready")
    status, body = standby.get("/readyz")
    assert (status, standby.get("/healthz")[0]) == (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.OK)
    assert "[-] lease: cannot be had for " in body
    standby.way.clear()
    pair.user.until(lambda: standby.stands_by, "it is ready again")


def test_who_stands_by_ends_when_asked_and_the_leader_notices_nothing(pair: Pair) -> None:
    leader = pair.leader()
    standby = pair.other(leader)
    assert standby.operator.process is not None
    assert standby.operator.process.stop(timeout_seconds=20.0) == 0
    pair.user.apply()
    pair.user.wait_ready()
    assert leader.leads


def test_a_leader_that_was_frozen_in_the_middle_of_its_writes_writes_nothing_when_it_wakes(
    pair: Pair,
) -> None:
    """
    One creation was answered while it slept, one status was on its way, and much is new when it wakes.

    The one that took over is frozen then, so whatever is written would be the old leader's doing.
    """
    leader, names = pair.leader(), ["rests", "answered", "held", *(f"new-{number}" for number in range(4))]
    standby = pair.other(leader)
    pair.user.apply("rests")
    pair.user.wait_ready("rests")
    assert leader.way is not None
    leader.way.fault("hang", method="PATCH", path="/onecloudservers/held/status")
    pair.user.cloud.call("reset_calls")
    pair.user.cloud.call("fault", effect="pass", method="POST", path="^/servers$", latency_seconds=5.0)
    for name in ("answered", "held"):
        pair.user.apply(name)
    pair.user.until(lambda: pair.user.cloud.call("faults") == [], "its POST has reached the cloud")
    pair.user.until(lambda: requested(leader, "PATCH .*/held/status"), "it reports")
    assert leader.operator.process is not None
    assert standby.operator.process is not None
    leader.operator.process.pause()
    assert pair.user.posts() == 0, "the creation was not answered before"
    pair.user.until(lambda: pair.user.posts() >= 1, "its answer waits for it")
    pair.wait_leads(standby)
    for name in names[:3]:
        pair.user.wait_ready(name)
    # The other may have taken over, and made what was held, before the first creation is answered.
    pair.user.until(lambda: pair.user.posts() >= 2, "both creations are answered")
    pair.user.until(lambda: pair.user.cloud.call("delayed") == 0, "so is the old leader's own")
    pair.user.until(lambda: standby.measure("queue_running") == 0, "the new one has settled")
    standby.operator.process.pause()
    leader.way.clear()  # and so the status that was on its way is to be sent again
    pair.user.apply("rests", server={"cpu": 2, "description": "changed while both slept"})
    for name in names[3:]:
        pair.user.apply(name)
    versions = versions_of(pair.user)
    pair.user.cloud.call("reset_calls")
    leader.operator.process.resume()
    pair.user.until(lambda: leader.exit_code is not None, "the old leader ends")
    assert leader.exit_code == LOST
    assert cloud_writes(pair.user.cloud) == {}
    assert versions_of(pair.user) == versions
    assert "lost the lease" in leader.operator.text()
    # Whether the other one slept too long as well or not; in a cluster who ends is started again.
    standby.operator.process.resume()
    leader.operator.start()
    pair.user.until(lambda: any(one.leads for one in pair.replicas), "one leads")
    identities = {pair.user.wait_ready(name)["id"] for name in names}
    assert identities == {server["id"] for server in pair.user.cloud.servers()}
    assert len(identities) == len(names)


def test_a_leader_whose_lease_is_stolen_ends_and_nobody_writes_until_the_thief_is_waited_out(
    pair: Pair,
) -> None:
    """The thief's clock is five hours late, so to who compares clocks its Lease would be free at once."""
    leader, names = pair.leader(), [f"web-{number}" for number in range(4)]
    for name in names:
        pair.user.apply(name)
    identities = {pair.user.wait_ready(name)["id"] for name in names}
    for name in names:
        pair.user.apply(name, server={"description": "asked for in the last moment"})
    stolen_at = time.monotonic()
    pair.steal("thief", datetime.now(UTC) - timedelta(hours=5))
    stolen = pair.lease()
    pair.user.until(lambda: leader.exit_code is not None, "it ends")
    assert leader.exit_code == LOST
    assert time.monotonic() - stolen_at <= LEASE["lease_deadline_seconds"] + BUSY_SECONDS
    assert "the lease is now held by thief" in leader.operator.text()
    pair.user.cloud.call("reset_calls")
    versions = versions_of(pair.user)
    while True:
        written, seen = cloud_writes(pair.user.cloud), versions_of(pair.user)
        if (lease := pair.lease())["holderIdentity"] != "thief":
            break
        assert lease == stolen, "nobody touches what is another's"
        assert (written, seen) == ({}, versions)
        assert time.monotonic() - stolen_at < DURATION_SECONDS + 2 * POLL_SECONDS + SLACK_SECONDS
    assert time.monotonic() - stolen_at >= DURATION_SECONDS
    for name in names:
        pair.user.wait_ready(name)
    found = pair.user.cloud.servers()
    assert {server["id"] for server in found} == identities
    assert {server["description"] for server in found} == {"asked for in the last moment"}


def requested(replica: Replica, call: str) -> bool:
    """Say whether a request came this replica's way."""
    assert replica.way is not None
    return any(re.match(call, came) for came in list(replica.way.calls))


def versions_of(user: User) -> dict[str, str]:
    """Return the version of each object."""
    return {o["metadata"]["name"]: o["metadata"]["resourceVersion"] for o in objects(user)}


def objects(user: User) -> list[dict[str, Any]]:
    return user.kube.list("onecloudservers", user.namespace)


def test_a_leader_that_alone_is_cut_off_has_ended_before_another_leads(pair: Pair) -> None:
    leader = pair.leader()
    pair.user.apply()
    identity = pair.user.wait_ready()["id"]
    assert leader.way is not None
    leader.way.fault("hang")
    left = pair.lease()["holderIdentity"]
    pair.user.until(lambda: leader.exit_code is not None, "it ends")
    assert pair.lease()["holderIdentity"] == left
    assert leader.exit_code == LOST
    pair.wait_taken(left)
    pair.user.apply(server={"description": "another leads"})
    assert pair.user.wait_ready()["id"] == pair.user.only_server()["id"] == identity


def test_when_the_api_server_is_silent_the_leader_ends_and_who_stands_by_waits(
    pair: Pair, control_plane: ControlPlane
) -> None:
    leader = pair.leader()
    control_plane.pause()
    try:
        pair.user.until(lambda: leader.exit_code is not None, "it ends")
        assert leader.exit_code == LOST
        standby = pair.other(leader)
        assert standby.get("/healthz")[0] == httpx.codes.OK, "who stands by outlives it"
    finally:
        control_plane.resume()
    pair.wait_leads(standby)
    pair.user.apply()
    pair.user.wait_ready()
