"""
When a server may be stopped: in the windows that its object declares, and in those of its provider.

They hold back the beginning of a stop alone. What goes on while the server runs is done at any time, and a
server that is off is changed and started again, though its windows have closed meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.values import text_of_time
from onecloud_operator.core.windows import next_opening, no_such_zone, unknown_zones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.windows import Window

LOOK_SECONDS = 24 * 3600.0  # where no opening is in sight


def windows_of(resource: Resource) -> Sequence[Window]:
    """Return the windows that the object declares; none: it may be stopped at any time."""
    chosen = resource.spec.disruption if resource.spec is not None else None
    return (chosen.windows if chosen is not None else None) or ()


def unknown_zone(resource: Resource) -> Hold | None:
    """Return the hold for windows whose time zone nobody knows, which the API server cannot tell."""
    unknown = unknown_zones(windows_of(resource))
    if not unknown:
        return None
    return Hold(Reason.INVALID_SPEC, no_such_zone("spec.disruption.windows", unknown))


def closed(facts: Facts, purpose: str) -> Hold | None:
    """Return the hold of a stop for *purpose* until the windows are open, or None if they are."""
    own = windows_of(facts.resource)
    sets = {"disruption.windows": own}
    if facts.provider is not None:
        theirs = f"{'those' if own else 'the windows'} of the provider {facts.provider.name}"
        sets[theirs] = facts.provider.windows
    opens_at = next_opening(sets.values(), facts.wall)
    if opens_at == facts.wall:
        return None
    whose = " and ".join(name for name, windows in sets.items() if windows)
    lead = f"The server is to be stopped for {purpose}, which waits for {whose}"
    cure = "To have it done before, change the windows, or take them out; or stop the server yourself."
    if opens_at is None:
        return Hold(
            Reason.WAITING_FOR_WINDOW,
            f"{lead}, which are not open at one time within five weeks. {cure}",
            look_seconds=LOOK_SECONDS,
        )
    seconds = (opens_at - facts.wall).total_seconds()
    return Hold(
        Reason.WAITING_FOR_WINDOW,
        f"{lead}; they open next at {text_of_time(opens_at)}. {cure}",
        requeue_after=seconds,
    )
