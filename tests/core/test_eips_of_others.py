"""No EIP of others is taken, and a binding that fails leaves the server well."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.config import Config
from onecloud_operator.core.observed import Owner
from tests.core.eips import bind
from tests.core.fixtures import ID, OTHER_UID
from tests.core.test_eips import FRONT, GIVEN, OTHER, OWN, settle, shown, world_of, writes


def test_one_that_something_else_has_is_waited_for() -> None:
    world = world_of(GIVEN)
    bind(world.cloud, FRONT, "another-server")
    step = settle(world)
    assert isinstance(step, Hold)
    assert step.reason == "EIPUnavailable"
    assert not writes(world)
    world.cloud.eips[FRONT].holder = None
    world.now += 400.0
    assert isinstance(settle(world), Settled)
    assert shown(world) == "10.89.0.201"


def test_one_with_the_tags_of_another_object_is_never_taken() -> None:
    world = world_of(GIVEN)
    world.cloud.eips[FRONT].owner = Owner(Config().cluster, "shop", "web-2", OTHER_UID)
    step = settle(world)
    assert isinstance(step, Hold)
    assert (step.reason, writes(world)) == ("EIPUnavailable", [])
    assert "web-2" in step.message


def test_one_that_an_object_of_this_name_had_before_is_taken() -> None:
    world = world_of(GIVEN)
    world.cloud.eips[FRONT].owner = Owner(Config().cluster, "shop", "web-1", OTHER_UID)
    assert isinstance(settle(world), Settled)
    assert shown(world) == "10.89.0.201"


@pytest.mark.parametrize("eip", [OWN, GIVEN], ids=["own", "given"])
def test_a_server_that_has_another_one_keeps_it(eip: dict[str, Any]) -> None:
    world = world_of(eip)
    bind(world.cloud, OTHER, ID)
    step = settle(world)
    assert isinstance(step, Hold)
    assert (step.reason, writes(world)) == ("EIPUnavailable", [])
    assert shown(world) == "10.89.0.202"


@pytest.mark.parametrize("eip", [OWN, GIVEN], ids=["own", "given"])
def test_a_binding_that_fails_is_undone_and_told_once(eip: dict[str, Any]) -> None:
    world = world_of(eip)
    world.cloud.classic = True
    step = settle(world)
    assert isinstance(step, Hold)
    assert step.final
    assert writes(world)[-2:] == ["BindEip", "UnbindEip"]
    assert (world.cloud.rows[ID].server.status, shown(world)) == ("running", None)
    status = world.cluster.stored.status
    synced, ready = standing(status, "Synced"), standing(status, "Ready")
    assert synced is not None
    assert ready is not None
    assert (synced["reason"], ready["status"]) == ("InvalidSpec", "True")
    assert "no kvm device" in synced["message"], "the cloud's own words"


def test_a_binding_that_failed_is_tried_again_when_it_is_asked_for_and_not_before() -> None:
    world = world_of(OWN)
    world.cloud.classic = True
    settle(world)
    sent = len(writes(world))
    for _ in range(10):
        world.now += 900.0
        world.die()
        world.turn()
    assert len(writes(world)) == sent, "by no process"
    world.cloud.classic = False
    world.cluster.edit(annotations={"onecloud.io/reconcile-requested-at": "now"})
    assert isinstance(settle(world), Settled)
    assert "refusal" not in world.cluster.stored.status["eip"]
