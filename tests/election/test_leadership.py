"""What the settings of election and sharding must be."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kubernetes.aio.client import ApiClient, Configuration

from onecloud_operator.election.leadership import EXIT_LEASE_LOST, election_of
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.options import sees
from onecloud_operator.settings import Settings, SettingsError, settings_from

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

ELECTING = Settings(leader_election=True, lease_namespace="onecloud-system")


@pytest.fixture
async def cluster() -> AsyncIterator[KubeClient]:
    made = KubeClient(ApiClient(Configuration(host="http://127.0.0.1:1")))
    yield made
    await made.close()


async def test_outside_of_a_pod_the_namespace_of_the_lease_must_be_given(cluster: KubeClient) -> None:
    with pytest.raises(SettingsError, match="LEASE_NAMESPACE must be set"):
        election_of(replace(ELECTING, lease_namespace=""), cluster)


async def test_times_that_do_not_fit_together_are_named(cluster: KubeClient) -> None:
    with pytest.raises(SettingsError, match="LEASE_RENEW_SECONDS < "):
        election_of(replace(ELECTING, lease_deadline_seconds=15.0), cluster)


async def test_before_the_election_nothing_may_be_written(cluster: KubeClient) -> None:
    assert not election_of(ELECTING, cluster).fence.open


def test_a_selector_needs_a_lease() -> None:
    environment = {"ONECLOUD_OPERATOR_SELECTOR": "shard=a"}
    with pytest.raises(SettingsError, match="SELECTOR needs ONECLOUD_OPERATOR_LEADER_ELECTION"):
        settings_from(environment)
    assert settings_from({**environment, "ONECLOUD_OPERATOR_LEADER_ELECTION": "true"}).selector == "shard=a"


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        pytest.param(Settings(), True, id="alone-in-the-cluster-all-are-known"),
        pytest.param(Settings(namespaces=("shop", "bank")), True, id="all-of-our-own-namespaces"),
        pytest.param(Settings(namespaces=("bank",)), False, id="none-of-others"),
        pytest.param(Settings(selector="shard=a"), False, id="some-of-each-behind-a-selector"),
    ],
)
def test_whose_objects_are_all_known(settings: Settings, seen: bool) -> None:
    assert sees(settings, "shop") is seen


def lead(
    control_plane: ControlPlane, namespace: str, without: str, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a leader whose loop does not turn for *seconds*; see leader.py."""
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "KUBECONFIG": str(control_plane.kubeconfig_of("admin")),
        "PYTHONPATH": str(root / "operator"),
    }
    command = [
        sys.executable,
        str(root / "tests" / "election" / "leader.py"),
        namespace,
        without,
        str(seconds),
    ]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("without", ["spin", "sleep"])
def test_a_loop_that_is_busy_for_longer_than_the_deadline_keeps_the_lease(
    control_plane: ControlPlane, kube: Kube, namespace: str, without: str
) -> None:
    ended = lead(control_plane, namespace, without, 2.5)
    assert ended.stdout.split("\n")[:3] == ["leads", "still leads", "released"], ended.stderr
    assert ended.returncode == 0, ended.stderr
    lease = kube.get("leases", ELECTING.lease_name, namespace)
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == "", "nobody has to wait for it"


@pytest.mark.parametrize("without", ["spin", "sleep"])
def test_a_loop_that_is_dead_ends_the_process_without_being_asked(
    control_plane: ControlPlane, kube: Kube, namespace: str, without: str
) -> None:
    ended = lead(control_plane, namespace, without, 30.0)
    assert (ended.stdout, ended.returncode) == ("leads\n", EXIT_LEASE_LOST)
    assert "the process hangs, so it gives the lease up: no beat for" in ended.stderr
    lease = kube.get("leases", ELECTING.lease_name, namespace)
    assert lease is not None
    assert lease["spec"]["holderIdentity"], "it is not given up, since something may still be on its way"
