"""
What comes between an edit and the request to the cloud: no more than before the request for a server.

A pass that asks the cloud or writes to Kubernetes takes its time; benchmarks/ measures it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.actions import AddFinalizer, Looking, Record, Settled
from onecloud_operator.core.cloud_writes import CloudWrite, Create
from onecloud_operator.core.records import Records
from onecloud_operator.core.references import Kind, Reference, Resolved
from tests.core.cloud import LooseDisk
from tests.core.eips import Eip
from tests.core.fixtures import BACKUP, resource, spec
from tests.core.stops import to_rest
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step

DISK, EIP = "2b7d1c1e-5a0f-4a0e-9a53-7c6f8d9b1e22", "f0000000-0000-4000-8000-000000000001"
NET = {"network": "vnet-1"}
RESYNC_SECONDS = 1800.0
WRITTEN = (AddFinalizer, Record)  # each is one write to Kubernetes
CHANGES: dict[str, dict[str, Any]] = {
    "description": {"description": "orders"},
    "name": {"name": "orders"},
    "tags": {"tags": {"team": "orders"}},
    "securityGroups": {"securityGroups": ["db"]},
    "size": {"cpu": 4, "memory": "8Gi"},
    "stop": {"powerState": "Stopped"},
    "suspend": {"powerState": "Suspended"},
    "disk": {"dataDisks": [{"name": "data", "size": "10Gi"}]},
    "disk-elsewhere": {"dataDisks": [{"name": "data", "size": "10Gi", "medium": "SSD"}]},
    "disk-that-exists": {"dataDisks": [{"name": "data", "diskID": DISK}]},
    "card": {"networks": [NET, {"network": "vnet-backup"}]},
    "bandwidth": {"networks": [{**NET, "bandwidth": 100}]},
    "eip": {"eip": {"bandwidth": 10}},
    "eip-that-exists": {"eip": {"id": EIP}},
}


def fresh() -> World:
    world = World.of(resource(finalizers=(), records=Records()))
    world.cloud.hot_plug = True
    world.cloud.named[BACKUP] = Resolved("net-2")
    world.cloud.named[Reference(Kind.SECURITY_GROUP, "db")] = Resolved("db")
    world.cloud.disks[DISK] = LooseDisk(size_mib=10240)
    world.cloud.eips[EIP] = Eip("front", "10.89.0.201")
    return world


def until_sent(world: World) -> list[Step]:
    """Return the steps up to the first request that changes the cloud."""
    taken: list[Step] = []
    while not (taken and isinstance(taken[-1], CloudWrite)):
        taken.append(world.turn())
        assert len(taken) < 20, taken
    return taken


def test_a_creation_is_asked_for_after_two_writes_to_kubernetes() -> None:
    taken = until_sent(fresh())
    assert isinstance(taken[-1], Create)
    assert [isinstance(step, WRITTEN) for step in taken] == [True, True, False]


@pytest.mark.parametrize("change", CHANGES)
def test_no_live_change_takes_longer_to_be_asked_for_than_a_creation(change: str) -> None:
    """Once the names that it uses are known: they are looked up for all objects of a project together."""
    creation, world = until_sent(fresh()), fresh()
    assert isinstance(to_rest(world), Settled)
    world.names |= world.cloud.named
    world.cluster.respec(spec(CHANGES[change]))
    taken = until_sent(world)
    assert len(taken) <= len(creation), taken
    assert all(isinstance(step, Looking | Record) for step in taken[:-1]), taken
    assert sum(isinstance(step, WRITTEN) for step in taken) <= 1, taken


def test_an_object_that_uses_all_of_them_asks_the_cloud_for_nothing_while_it_is_idle() -> None:
    """Whatever was remembered of the names is too old by then, and the feed tells of changes."""
    world, kinds = fresh(), ("disk", "card", "eip", "tags", "securityGroups")
    world.cloud.named[Reference(Kind.KEYPAIR, "k1")] = Resolved("k1")
    wanted = {field: value for kind in kinds for field, value in CHANGES[kind].items()}
    world.cluster.respec(spec({**wanted, "keypair": "k1", "instanceGroups": ["spread"]}))
    assert isinstance(to_rest(world), Settled)
    world.steps.clear()
    for _ in range(10):
        world.now += RESYNC_SECONDS
        world.names.clear()
        world.turn()
    assert [step for step in world.steps if not isinstance(step, Settled)] == []
