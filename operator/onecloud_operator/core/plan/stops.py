"""
What a running server must be stopped for, and how it comes to that.

    taken by one that runs     as it runs; refused, or without effect: as the others
    the others                 record → stop → all of them → start (update.py), within the object's windows

Each part of a server says what it wants as ``Purpose``: what a stopped server takes, and how, if at all, one
that runs does. All that one edit needs a stop for goes into one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT, RESTART_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginRestart, Hold, Look
from onecloud_operator.core.cloud_writes import GrowDisk, OfflineWrite, Stop
from onecloud_operator.core.disk_ids import root_of
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan import card_limits, group_tries, login_tries
from onecloud_operator.core.plan.maintenance import closed
from onecloud_operator.core.plan.retry import MAX_SAID, hold_spent, passing, stopped_since, tried
from onecloud_operator.core.policies import allows
from onecloud_operator.core.records import Restart
from onecloud_operator.core.restart import asked_restart, awaits_stop, stopped_by_us
from onecloud_operator.core.restart_request import UNDER_WAY, RestartRequest
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

STOPS_IN_VAIN = 3  # one after the other, before the server is stopped no more
LOOKED_SECONDS = 60.0  # how old the reading may be on which a server is stopped for what might go without


@dataclass(frozen=True, slots=True)
class Purpose:
    """
    A change that a stopped server takes by *step*; *fields* as in ``spec.server``.

    *live*: what is done about it while the server runs, be it to ask or to hold; None: it must be stopped.
    *hot*: the cloud may take it from a running server by now, which no version tells, so that one is looked
    at before it is stopped. *refusal*: why it does not. *rides*: it is stopped for nothing
    alone, and goes along with a stop for something else.
    """

    step: OfflineWrite
    fields: tuple[str, ...]
    live: Step | None = None
    hot: bool = False
    refusal: str = ""
    rides: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A step, and the changes that it stops the server for: each is tried once for an intent.

    *restarts*: it stops the server since a person asks for a restart. *last*: a hold during which nothing
    else is sent either.
    """

    step: Step
    purposes: tuple[Purpose, ...] = ()
    restarts: bool = False
    last: bool = False


def steps_while_stopped(facts: Facts, server: Observed, wanted: Iterable[Purpose]) -> Iterator[Candidate]:
    """Yield the steps to what is *wanted*, all of which a stopped server takes."""
    if server.phase is Phase.STOPPED:
        yield from (Candidate(purpose.step) for purpose in wanted)
        return
    stops: list[Purpose] = []
    rides: list[Purpose] = []
    for purpose in wanted:
        if purpose.live is not None:
            yield Candidate(purpose.live)
        else:
            (rides if purpose.rides else stops).append(purpose)
    if not stops:
        yield from (Candidate(_rides(purpose)) for purpose in rides)
        return
    if server.phase is not Phase.RUNNING or not may_restart(facts):
        refusal = next((purpose.refusal for purpose in stops if purpose.refusal), "")
        yield Candidate(_restart_needed(facts, server, _named(stops), refusal))
    elif not awaits_stop(facts):
        stop = Candidate(Stop(server.id), tuple(stops))
        spent = spent_on(facts, stop) is not None  # then no window helps, and it is said why
        waiting = None if spent else closed(facts, f"a change of {_named(stops)}")
        yield stop if waiting is None else Candidate(waiting)


def _rides(purpose: Purpose) -> Hold:
    return Hold(
        Reason.RESTART_NEEDED,
        f"A change of {_named([purpose])} needs the server to be stopped, which is not done for this alone: "
        f"it goes along with the next stop, whoever stops it. The annotation {RESTART_REQUESTED_AT} asks for "
        f"one. {purpose.refusal[:MAX_SAID]}".rstrip(),
    )


def _named(purposes: Iterable[Purpose]) -> str:
    return ", ".join(sorted(field for purpose in purposes for field in purpose.fields))


def may_restart(facts: Facts) -> bool:
    """Return whether the server may be stopped for a change, or for a restart."""
    return allows(facts.resource, "Restart")


def _restart_needed(facts: Facts, server: Observed, fields: str, refusal: str) -> Hold:
    if server.phase is Phase.SUSPENDED:
        return Hold(
            Reason.RESTART_NEEDED,
            f"A change of {fields} needs the server to be stopped, and it is suspended, so what runs in it "
            "would be lost. Resume it or stop it, here by powerState: Running or in the cloud.",
        )
    detail = f" {refusal[:MAX_SAID]}" if refusal else ""
    if asked_restart(facts.resource) is not None:
        detail = f" So does the restart that the annotation {RESTART_REQUESTED_AT} asks for.{detail}"
    return Hold(
        Reason.RESTART_NEEDED,
        f"A change of {fields} needs the server to be stopped. Set disruption.allow: Restart to have it "
        f"stopped, changed and started again, or stop it yourself.{detail}",
    )


def spent_on(facts: Facts, candidate: Candidate) -> Hold | None:
    """Return why the server is not stopped once more: each change was tried, or could never be sent."""
    purposes = [purpose.step for purpose in candidate.purposes]
    if not purposes:
        return None
    if not all(tried(facts, step) for step in purposes):
        return _stopped_in_vain(facts, candidate)
    held = [hold_spent(facts, step) for step in purposes]
    return replace(held[0], spent=tuple(each for hold in held for each in hold.spent))


def _stopped_in_vain(facts: Facts, candidate: Candidate) -> Hold | None:
    """Hold what could be sent while the server ran, and not any more whenever it was off."""
    stops, why, stop = facts.memory.stops, _named(candidate.purposes), candidate.step
    if stops is None or (stops.intent, stops.why) != (facts.intent, why) or stops.count < STOPS_IN_VAIN:
        return None
    if not (isinstance(stop, Stop) and stopped_since(facts.memory, stop)):
        return None
    return Hold(
        Reason.OPERATION_FAILED,
        f"The server was stopped {stops.count} times for a change of {why}, and nothing of it could be sent "
        "then, since a Secret or an id that it needs was not to be had by that time. It is not stopped again "
        f"by itself: a change of the spec, or the annotation {RECONCILE_REQUESTED_AT}, has it tried again.",
    )


def unsettled(facts: Facts, server: Observed, step: Step) -> bool:
    """Return whether *step* needs the server off, and is sent again so soon that it is not started before."""
    needs_it_off = server.phase is Phase.STOPPED and isinstance(step, OfflineWrite)
    return needs_it_off and passing(facts, step)


def begun(facts: Facts, server: Observed, candidate: Candidate) -> Step:
    """Return the step of *candidate*, or what comes before such a stop: a look, and its record."""
    if not candidate.purposes and not candidate.restarts:
        step = candidate.step
        parts = (login_tries, group_tries, card_limits)
        return next((first for part in parts if (first := part.recorded_first(facts, step))), step)
    restart, request = facts.resource.records.restart, _request(facts)
    if restart is not None:
        return candidate.step if request is None else BeginRestart(restart, request)
    at, version = facts.memory.looked_at, facts.memory.looked_version
    lately = at is not None and version == server.version and facts.now - at < LOOKED_SECONDS
    if any(purpose.hot for purpose in candidate.purposes) and not lately:
        return Look(server.id)  # no version tells that hot-plug is allowed by now
    why = _named(candidate.purposes) or RESTART_REQUESTED_AT
    return BeginRestart(Restart(text_of_time(facts.wall), why), request)


def _request(facts: Facts) -> RestartRequest | None:
    """Return the record of the restart that is asked for: any stop counts as it."""
    value = asked_restart(facts.resource)
    return RestartRequest(value, UNDER_WAY, text_of_time(facts.wall)) if value is not None else None


def vain_stop(facts: Facts, step: Step) -> bool:
    """Return whether *step* was refused, for good, to a server that we have stopped for it."""
    server = facts.server
    if server is None or not stopped_by_us(facts.resource, server) or passing(facts, step):
        return False
    if isinstance(step, GrowDisk):
        root = root_of(facts.resource, server)
        return root is not None and step.disk_id == root.id  # the others grow as it runs
    return isinstance(step, OfflineWrite)
