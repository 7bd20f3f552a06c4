"""
Two releases, each with a Lease of its own, cover the fleet: by namespaces, or by selectors.

Between selectors objects can move.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from sandbox.cluster.control_plane import free_port
from sandbox.cluster.namespaces import temporary
from sandbox.stage import Cloud
from tests.e2e.conftest import QUICK
from tests.e2e.replica import LEASE, Replica
from tests.e2e.user import KIND, User, condition
from tests.e2e.warm import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

SELECTORS = {"a": "shard in (a)", "rest": "shard notin (a)"}
HANDOVER_SECONDS = 2.0
NOBODY = Operator(Path("nowhere"), waiting=True)  # a play here has several operators, and none of its own


@dataclass(frozen=True)
class Shards:
    user: User
    replicas: dict[str, Replica]

    def label(self, name: str, shard: str | None) -> None:
        self.user.kube.patch(KIND, name, self.user.namespace, {"metadata": {"labels": {"shard": shard}}})

    def wait_owned(self, **numbers: int) -> None:
        """Wait until each shard knows of so many objects."""
        self.user.until(
            lambda: {name: one.measure("servers") for name, one in self.replicas.items()} == numbers,
            f"owned: {numbers}",
        )


@contextmanager
def releases(
    control_plane: ControlPlane, user: User, shares: Mapping[str, Mapping[str, Any]]
) -> Iterator[Shards]:
    """Run one release for each share, with the settings that say what is its own."""
    with ExitStack() as stack:
        replicas = {}
        for name, settings in shares.items():
            port = free_port()
            operator = Operator(
                control_plane.kubeconfig_of("operator"),
                lease_namespace=stack.enter_context(temporary(user.kube, f"shard-{uuid4().hex[:8]}")),
                listen_address="127.0.0.1",
                **{**QUICK, **LEASE, "listen_port": port, **settings},
            )
            replicas[name] = Replica(stack.enter_context(operator), port)
        user.until(lambda: all(one.ready for one in replicas.values()), "all work")
        yield Shards(user, replicas)


@pytest.fixture
def shards(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str, cloud: Cloud
) -> Iterator[Shards]:
    kube.apply(cloud.secret(namespace))
    own = {"namespaces": namespace, "handover_seconds": HANDOVER_SECONDS}
    shares = {name: {**own, "selector": selector} for name, selector in SELECTORS.items()}
    with releases(control_plane, User(kube, namespace, cloud, NOBODY), shares) as made:
        yield made


@pytest.fixture
def places(kube: Kube, served: None, cloud: Cloud) -> Iterator[dict[str, User]]:
    """Give four namespaces in which objects of the same name lead to the same project."""
    with ExitStack() as stack:
        made = {}
        for name in ("shop", "stock", "bank", "outside"):
            space = stack.enter_context(temporary(kube, f"{name}-{uuid4().hex[:8]}"))
            kube.apply(cloud.secret(space))
            made[name] = User(kube, space, cloud, NOBODY)
        yield made


def apply(shards: Shards, name: str, shard: str | None, **policies: Any) -> None:
    """Apply an object that carries its label from the start."""
    labels = {"labels": {"shard": shard}} if shard else {}
    shards.user.kube.apply(
        {
            "apiVersion": "onecloud.io/v1alpha1",
            "kind": "OneCloudServer",
            "metadata": {"name": name, "namespace": shards.user.namespace, **labels},
            "spec": {
                "credentialsRef": {"name": "onecloud"},
                "server": {
                    "cpu": 1,
                    "memory": "1Gi",
                    "image": "ubuntu-22.04",
                    "networks": [{"network": "vnet-1"}],
                },
                **policies,
            },
        },
        force=True,
    )


def test_two_shards_cover_the_fleet_without_overlap(shards: Shards) -> None:
    for number in range(6):
        apply(shards, f"web-{number}", ["a", "b", None][number % 3])
    identities = {shards.user.wait_ready(f"web-{number}")["id"] for number in range(6)}
    assert identities == {server["id"] for server in shards.user.cloud.servers()}
    assert shards.user.posts() == 6
    shards.wait_owned(a=2, rest=4)
    made = [one.measure("steps_total", 'step="Create"') for one in shards.replicas.values()]
    assert made == [2, 4]


def test_two_shards_by_namespace_cover_theirs_and_touch_no_other(
    control_plane: ControlPlane, places: dict[str, User]
) -> None:
    """The one that has two namespaces is gone at the end: nobody does its work for it."""
    shares = {"a": ["shop", "stock"], "b": ["bank"]}
    settings = {
        name: {"namespaces": ",".join(places[one].namespace for one in own)} for name, own in shares.items()
    }
    with releases(control_plane, places["shop"], settings) as shards:
        for place in places.values():
            place.apply("web")
        covered = {name: places[name].wait_ready("web")["id"] for own in shares.values() for name in own}
        servers = places["shop"].cloud.servers()
        assert set(covered.values()) == {server["id"] for server in servers}
        assert len(servers) == len(set(covered.values())) == 3
        assert places["shop"].posts() == 3
        shards.wait_owned(a=2, b=1)
        made = {name: one.measure("steps_total", 'step="Create"') for name, one in shards.replicas.items()}
        assert made == {"a": 2, "b": 1}
        before = {name: places[name].status("web") for name in shares["a"]}
        assert shards.replicas["a"].operator.process is not None
        shards.replicas["a"].operator.process.stop(timeout_seconds=20.0)
        for place in places.values():
            place.apply("web", server={"description": "asked for later"})
        places["bank"].wait_ready("web")
        described = {server["id"] for server in places["shop"].cloud.servers() if server.get("description")}
        assert described == {covered["bank"]}
        assert places["outside"].status("web") == {"observedGeneration": -1}, "as it was made"
        assert places["outside"].get("web")["metadata"].get("finalizers") is None
        assert {name: places[name].status("web") for name in shares["a"]} == before


def test_an_object_that_moves_is_let_go_at_once_and_taken_over(shards: Shards) -> None:
    old, new = shards.replicas["a"], shards.replicas["rest"]
    apply(shards, "web", "a")
    identity = shards.user.wait_ready("web")["id"]
    shards.wait_owned(a=1, rest=0)
    assert new.operator.process is not None
    new.operator.process.pause()  # so whatever is written now is the old one's doing
    shards.label("web", None)
    shards.user.kube.patch(
        KIND, "web", shards.user.namespace, {"spec": {"server": {"description": "after the move"}}}
    )
    shards.user.until(lambda: old.measure("servers") == 0, "the old one has let go")
    assert "description" not in (shards.user.status("web").get("server") or {})
    writes = {call: n for call, n in shards.user.cloud.counts().items() if call.startswith("PUT")}
    assert writes == {}
    if new.operator.process.exit_code is None:
        new.operator.process.resume()
    shards.user.until(lambda: new.ready or new.exit_code is not None, "it goes on, or ended")
    if new.exit_code is not None:
        new.operator.start()
    shards.user.wait(
        lambda status: (status.get("server") or {}).get("description") == "after the move", "web"
    )
    assert shards.user.wait_ready("web")["id"] == shards.user.only_server()["id"] == identity
    shards.wait_owned(a=0, rest=1)


def test_an_object_that_moves_in_the_middle_of_its_creation_gets_one_server(shards: Shards) -> None:
    shards.user.cloud.call("fault", effect="hang", method="POST", path="^/servers$", work=True, count=1)
    apply(shards, "web", "a")
    shards.user.until(shards.user.cloud.servers, "the server is made, and nobody has heard of it")
    shards.label("web", "b")
    old = shards.replicas["a"]
    beats = old.beats
    shards.user.until(
        lambda: old.beats > beats + 1 and old.measure("queue_running") == 0, "it was broken off", 15.0
    )
    shards.user.cloud.call("clear_faults")
    assert shards.user.wait_ready("web")["id"] == shards.user.only_server()["id"]
    assert shards.user.status("web")["creation"]["attempt"] == 1


def test_a_server_of_another_shards_object_is_not_adopted(shards: Shards) -> None:
    apply(shards, "owner", "a")
    identity = shards.user.wait_ready("owner")["id"]
    apply(shards, "thief", "b", adoption={"policy": "Adopt", "id": identity})
    shards.user.wait_reason("OwnedByAnother", "thief")
    assert condition(shards.user.status("owner"), "Ready")["status"] == "True"


def test_a_selector_that_is_none_ends_the_operator_with_its_name(
    control_plane: ControlPlane, kube: Kube, served: None, namespace: str
) -> None:
    knobs = {**QUICK, **LEASE, "lease_namespace": namespace, "selector": "shard in (a"}
    with Operator(control_plane.kubeconfig_of("operator"), **knobs) as operator:
        assert operator.process is not None
        assert operator.process.wait(30.0) == 2
        assert "ONECLOUD_OPERATOR_SELECTOR is not a label selector" in operator.text()
