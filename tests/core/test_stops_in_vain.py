"""A server is not stopped without end for what can be sent only while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Settled
from onecloud_operator.core.cloud_writes import Stop
from onecloud_operator.core.references import Resolved, Unknown
from onecloud_operator.core.values import Problem
from tests.core.rebuilds import DEBIAN, EDITED, edited, rebuilt
from tests.core.stops import condition, row_of, sent, to_rest, turn
from tests.core.test_login import password_from
from tests.core.test_rebuild_login import logged_in

if TYPE_CHECKING:
    from tests.core.world import World

PASSES = 200
NO_SECRET = Problem(Reason.SECRET_NOT_FOUND, "There is no Secret login.")


def held(world: World) -> bool:
    return condition(world, "Synced") == ("False", "OperationFailed") and row_of(world).status == "running"


def test_a_secret_that_is_never_there_when_the_server_is_off() -> None:
    world = logged_in({**password_from("other"), "keypair": "k1", **EDITED})
    for _ in range(PASSES):
        turn(world)
        world.cloud.logins.trouble = NO_SECRET if row_of(world).status == "ready" else None
    assert len(sent(world, Stop)) == 3
    assert held(world)


def test_an_image_that_is_never_found_when_the_server_is_off() -> None:
    world = edited()
    for _ in range(PASSES):
        before = row_of(world).status
        turn(world)
        if row_of(world).status != before:
            world.names.clear()
            off = row_of(world).status == "ready"
            world.cloud.named[DEBIAN] = Unknown("no answer") if off else Resolved("image-9")
    assert len(sent(world, Stop)) == 3
    assert held(world)
    world.cloud.named[DEBIAN] = Resolved("image-9")
    world.names.clear()
    world.cluster.edit(annotations={RECONCILE_REQUESTED_AT: "now"})
    assert isinstance(to_rest(world), Settled)
    assert rebuilt(world) == ["image-9"]
