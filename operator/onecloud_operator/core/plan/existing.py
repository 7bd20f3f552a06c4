"""What is done with a server that exists and is ours, by the phase that it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan import update
from onecloud_operator.core.plan.eip_release import undo_failed
from onecloud_operator.core.plan.unsettled import only_reporting, unsettled

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed


def plan(facts: Facts, server: Observed) -> Step:
    """Return the step for a living server of ours, whatever it is doing."""
    failed = server.phase is Phase.FAILED and not only_reporting(facts)
    undone = undo_failed(facts, server) if failed else None
    return undone or unsettled(facts, server) or update.plan(facts, server)
