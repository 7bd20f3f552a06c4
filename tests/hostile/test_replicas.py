"""With two replicas no attack costs the leader its Lease, and the standby can take over at any time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sandbox.stage import Operator
from sandbox.stranger.attacks import ATTACKS
from sandbox.stranger.neighbour import Watched
from sandbox.stranger.street import START_SECONDS

if TYPE_CHECKING:
    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.stranger.street import Street

AT_ONCE = ("refusals-of-long-user-data-all-at-once", "refused-sign-ins-of-a-megabyte", "lists-without-end")
SCENE_SECONDS = 6.0
EDIT_SECONDS = 30.0


def test_the_leader_keeps_its_lease_and_the_standby_is_there_when_the_leader_goes(
    control_plane: ControlPlane, street: Street
) -> None:
    knobs: dict[str, Any] = street.operator.knobs
    with Operator(control_plane.kubeconfig_of("operator"), **knobs) as standby:
        try:
            for name in AT_ONCE:
                street.stranger.begin(name, ATTACKS[name].few)
            began_at = time.monotonic()
            while time.monotonic() < began_at + SCENE_SECONDS:
                street.honest.edit(EDIT_SECONDS)
            assert street.watched.wrongs() == []
            assert standby.process is not None
            assert standby.process.exit_code is None
            before = street.watched.holder
            street.operator.stop()
            second = Watched.leading(
                street.kube, street.watched.namespace, standby, START_SECONDS, after=before
            )
            assert second.holder != before
            street.honest.edit(EDIT_SECONDS)
            assert second.wrongs() == []
        finally:
            for name in AT_ONCE:
                street.stranger.end(name)
            standby.stop()
            street.restart()
