"""
What may hold a change that is due: each gate looks at the step alone, and whatever else is wanted waits.

    freeze           nothing is changed while somebody has the object, its namespace or its provider frozen
    mass deletion    no server is removed that was deleted with too many others, until somebody agrees
    approval         last: nothing is done that no person has approved, where the spec asks for that

A gate is asked about steps that change the cloud, or begin to (see `beginnings`), so what is seen is written
into the status all the same, and an object is let go by force whatever is held.

While a deletion waits for a person, a server that was stopped for a change runs again: nobody may ever agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.cloud_writes import Start
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.plan import approval, freeze, mass_deletion
from onecloud_operator.core.plan.beginnings import begins_change
from onecloud_operator.core.plan.release import started_again

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

GATES = (freeze.gate, mass_deletion.gate, approval.gate)
_ASKS = frozenset({Reason.TOO_MANY_DELETIONS, Reason.PLAN_PENDING})


def gated(facts: Facts, step: Step) -> Step | None:
    """Return why *step* has to wait, or what has to come before it; None: nothing."""
    if isinstance(step, Hold):
        return freeze.said_first(facts, step)
    if not begins_change(facts, step):
        return None
    found = next((hold for gate in GATES if (hold := gate(facts, step)) is not None), None)
    if not facts.resource.deleting or not isinstance(found, Hold) or found.reason not in _ASKS:
        return found
    back = started_again(facts)
    if isinstance(back, Start):
        return back
    return replace(found, look_seconds=back.requeue_after) if isinstance(back, Hold) else found
