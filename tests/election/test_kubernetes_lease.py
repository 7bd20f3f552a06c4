"""The Lease against the real API server; the rules in simulated time are in engine/test_lease.py."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.election.election import (
    Election,
    Fenced,
    LeaseClaim,
    LeaseLost,
    Overtaken,
    StoreError,
    Timing,
)
from onecloud_operator.election.kubernetes_lease import KubernetesLease, new_identity, own_namespace
from onecloud_operator.engine.clock import BootClock
from tests.client import cluster_of

if TYPE_CHECKING:
    from pathlib import Path

    from onecloud_operator.kube.client import KubeClient
    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

NAME = "onecloud-operator"
TIMING = Timing(duration_seconds=3, renew_seconds=0.5, deadline_seconds=2.0)
OURS = LeaseClaim("we", 15, 0, taken=True)
MANY_SECONDS = 20.0


def lease_of(cluster: KubeClient, namespace: str) -> KubernetesLease:
    return KubernetesLease(cluster, namespace, NAME, lambda: datetime.now(UTC))


def election(cluster: KubeClient, namespace: str, identity: str) -> Election:
    return Election(lease_of(cluster, namespace), identity=identity, timing=TIMING, clock=BootClock())


async def test_a_lease_is_made_renewed_and_released(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    async with cluster_of(control_plane) as cluster:
        lease = lease_of(cluster, namespace)
        assert await lease.read() is None
        made = await lease.write(None, OURS)
        assert (made.holder, made.duration_seconds) == ("we", 15.0)
        assert await lease.read() == made
        renewed = await lease.write(made, LeaseClaim("we", 15, 0))
        assert renewed.version != made.version
        released = await lease.write(renewed, LeaseClaim(None, 15, 0))
        assert released.holder is None
        assert await lease.read() == released
    found = kube.get("leases", NAME, namespace)
    assert found is not None
    assert found["spec"]["acquireTime"] < found["spec"]["renewTime"]


async def test_of_two_writes_on_the_same_version_one_is_overtaken(
    control_plane: ControlPlane, namespace: str
) -> None:
    async with cluster_of(control_plane) as cluster:
        lease = lease_of(cluster, namespace)
        both = (lease.write(None, OURS), lease.write(None, LeaseClaim("they", 15, 0, taken=True)))
        results = await asyncio.gather(*both, return_exceptions=True)
        assert sum(isinstance(result, Overtaken) for result in results) == 1
        made = await lease.read()
        assert made is not None
        both = (lease.write(made, LeaseClaim("a", 15, 1)), lease.write(made, LeaseClaim("b", 15, 1)))
        results = await asyncio.gather(*both, return_exceptions=True)
        assert sum(isinstance(result, Overtaken) for result in results) == 1


async def test_what_others_put_on_the_lease_stays(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    async with cluster_of(control_plane) as cluster:
        lease = lease_of(cluster, namespace)
        made = await lease.write(None, OURS)
        kube.patch("leases", NAME, namespace, {"metadata": {"labels": {"app": "x"}}})
        with pytest.raises(Overtaken):
            await lease.write(made, LeaseClaim("we", 15, 0))
        seen = await lease.read()
        assert seen is not None
        await lease.write(seen, LeaseClaim("we", 15, 0))
    found = kube.get("leases", NAME, namespace)
    assert found is not None
    assert found["metadata"]["labels"] == {"app": "x"}


async def test_a_deleted_lease_overtakes_its_holder(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    async with cluster_of(control_plane) as cluster:
        lease = lease_of(cluster, namespace)
        made = await lease.write(None, OURS)
        kube.delete("leases", NAME, namespace)
        with pytest.raises(Overtaken):
            await lease.write(made, LeaseClaim("we", 15, 0))


async def test_a_missing_right_is_named(control_plane: ControlPlane, namespace: str) -> None:
    async with cluster_of(control_plane, "operator") as cluster:
        with pytest.raises(
            StoreError, match=rf"grant get, create and patch on leases\.coordination.* {namespace}"
        ):
            await KubernetesLease(cluster, namespace, "not-granted", lambda: datetime.now(UTC)).read()


async def test_a_missing_namespace_is_named(control_plane: ControlPlane) -> None:
    async with cluster_of(control_plane) as cluster:
        with pytest.raises(StoreError, match="no namespace nowhere"):
            await lease_of(cluster, "nowhere").write(None, OURS)


async def test_a_contender_takes_over_from_one_that_fell_silent_and_not_before(
    control_plane: ControlPlane, namespace: str
) -> None:
    async with cluster_of(control_plane) as cluster:
        first, second = election(cluster, namespace, "first"), election(cluster, namespace, "second")
        await first.acquire()
        began_at = time.monotonic()
        await asyncio.wait_for(second.acquire(), MANY_SECONDS)  # the first never renews
        assert time.monotonic() - began_at >= TIMING.duration_seconds
        second.fence.check()
        with pytest.raises(Fenced):
            first.fence.check()
        with pytest.raises(LeaseLost):
            await asyncio.wait_for(first.hold(), MANY_SECONDS)


async def test_wall_clocks_that_are_hours_apart_change_nothing(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    """What a leader writes of its times is for people: a contender counts by itself."""

    async def contend(cluster: KubeClient, hours: int) -> None:
        name = f"{NAME}-{'fast' if hours > 0 else 'slow'}"
        wrong = KubernetesLease(cluster, namespace, name, lambda: datetime.now(UTC) + timedelta(hours=hours))
        right = KubernetesLease(cluster, namespace, name, lambda: datetime.now(UTC))
        leader, contender = (
            Election(lease, identity=identity, timing=TIMING, clock=BootClock())
            for lease, identity in ((wrong, "leader"), (right, "contender"))
        )
        await leader.acquire()
        holding = asyncio.create_task(leader.hold())
        waiting = asyncio.ensure_future(contender.acquire())
        await asyncio.wait({holding, waiting}, timeout=TIMING.duration_seconds + 1.0)
        assert not holding.done()
        assert not waiting.done(), "a lease that is renewed is nobody else's, whatever its times say"
        found = kube.get("leases", name, namespace)
        assert found is not None
        away = datetime.fromisoformat(found["spec"]["renewTime"]) - datetime.now(UTC)
        assert round(away.total_seconds() / 3600) == hours
        holding.cancel()
        await asyncio.wait_for(waiting, MANY_SECONDS)
        until = leader.fence.until + TIMING.duration_seconds - TIMING.deadline_seconds
        assert BootClock().monotonic() >= until, "its last renewal was waited out"
        contender.fence.check()
        with pytest.raises(Fenced):
            leader.fence.check()

    async with cluster_of(control_plane) as cluster:
        await asyncio.gather(contend(cluster, 5), contend(cluster, -5))


async def test_a_released_lease_is_handed_over_at_once(control_plane: ControlPlane, namespace: str) -> None:
    async with cluster_of(control_plane) as cluster:
        first, second = election(cluster, namespace, "first"), election(cluster, namespace, "second")
        await first.acquire()
        waiting = asyncio.ensure_future(second.acquire())
        await asyncio.wait({waiting}, timeout=0.2)
        released_at = time.monotonic()
        await first.release()
        await asyncio.wait_for(waiting, MANY_SECONDS)
        assert time.monotonic() - released_at < TIMING.duration_seconds


async def test_a_leader_ends_while_the_api_server_is_silent(
    control_plane: ControlPlane, namespace: str
) -> None:
    async with cluster_of(control_plane) as cluster:
        leader = election(cluster, namespace, "leader")
        await leader.acquire()
        control_plane.pause()
        try:
            with pytest.raises(LeaseLost):
                await asyncio.wait_for(leader.hold(), MANY_SECONDS)
        finally:
            control_plane.resume()
        with pytest.raises(Fenced):
            leader.fence.check()


def test_two_processes_of_one_pod_have_two_identities() -> None:
    names = {new_identity({"POD_NAME": "operator-0"}) for _ in range(2)}
    assert len(names) == 2
    assert all(name.startswith("operator-0_") for name in names)


def test_outside_of_a_pod_there_is_no_own_namespace(tmp_path: Path) -> None:
    assert own_namespace(tmp_path / "namespace") is None
    (tmp_path / "namespace").write_text("onecloud-system\n")
    assert own_namespace(tmp_path / "namespace") == "onecloud-system"
