"""
How a resting server is brought closer to its spec.

    live fields, tags, groups, EIP   at once
    stop wanted                      before what needs a stopped server
    data disks                       at once
    network cards                    attached at once, detached at once or stopped: cards.py
    password                         where the guest agent takes it, at once; else as below, see login.py
    size                             larger, and its metadata allow hot-plug: at once; refused: as below
    root disk, cards, groups, login  and size, stopped: as it is; running: if disruption allows a restart, at
                                     one stop: record → stop → each of them → start
    restart asked for                within disruption, together with what needs a stop
    image edited                     with those, and last; see image.py
    other power state wanted         last, and also when something above is held back: a server is never left
                                     off because a change of it was refused
    names that are in doubt          looked up, once for all objects
    what nothing can change          reported, of an adopted server; of one that we made it is only drift
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from onecloud_operator.api.fixed import GROUPS, fixed_field_of
from onecloud_operator.api.reasons import Reason, row_of
from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.core.actions import Hold, RecordApproval, Settled
from onecloud_operator.core.cloud_writes import SetSecurityGroups, SetTags, Start, Update
from onecloud_operator.core.disk_ids import root_trouble
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.approval import awaiting, withheld
from onecloud_operator.core.plan.card_match import cards_without
from onecloud_operator.core.plan.cards import card_holds, card_purposes, card_steps
from onecloud_operator.core.plan.create_only import Doubt
from onecloud_operator.core.plan.data_disks import data_disk_steps, disk_upkeep
from onecloud_operator.core.plan.diff import Difference
from onecloud_operator.core.plan.differing import (
    looked_after,
    matched_cards,
    open_differences,
    open_doubts,
    spec_of,
)
from onecloud_operator.core.plan.eip import eip_steps
from onecloud_operator.core.plan.guards import look_up
from onecloud_operator.core.plan.image import (
    first_image,
    image_change,
    rebuild_awaited,
    rebuilt_record,
    recorded_first,
)
from onecloud_operator.core.plan.instance_groups import group_holds, group_purposes, group_records
from onecloud_operator.core.plan.login import (
    login_lookups,
    login_purposes,
    login_steps,
)
from onecloud_operator.core.plan.power import power_step
from onecloud_operator.core.plan.preview_changes import first_look
from onecloud_operator.core.plan.restart_request import ended_restart, restart_steps
from onecloud_operator.core.plan.retry import MAX_SAID, blocked
from onecloud_operator.core.plan.security_groups import groups_of
from onecloud_operator.core.plan.sizes import size_purposes
from onecloud_operator.core.plan.stops import (
    Candidate,
    Purpose,
    begun,
    spent_on,
    steps_while_stopped,
    unsettled,
)
from onecloud_operator.core.plan_step import RESTART
from onecloud_operator.core.policies import reporting
from onecloud_operator.core.references import UnderWay, why_unresolved
from onecloud_operator.core.restart import stopped_by_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.actions import Resolve, Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.records import HeldBack

NAME = "name"


class _Todo(NamedTuple):
    """
    What differs or is in doubt, and the restart that is asked for.

    *without*: fields that wait for an approval, *waiting* the hold that says so.
    """

    found: tuple[Difference, ...]
    doubts: tuple[Doubt, ...]
    asked: tuple[Candidate, ...]
    without: frozenset[str] = frozenset()
    waiting: Hold | None = None


def plan(facts: Facts, server: Observed) -> Step:
    """Return the next step for a server that rests; *server* is the reading of these facts."""
    # ``running`` is believed at once; ``ready`` is also shown for a moment in the middle of tasks.
    if server.phase is not Phase.RUNNING and not facts.reading.confirmed:
        return Hold(Reason.UPDATING, "Waiting for a second look at the server.", 1.0, unread=True)
    if not server.detailed:
        return Hold(Reason.UPDATING, "The server's details have not been read yet.", unread=True)
    spec = facts.resource.server_spec
    if (seen := rebuilt_record(facts, server) or ended_restart(facts, server)) is not None:
        return seen
    if stopped_by_us(facts.resource, server) and (spec is None or reporting(facts.resource)):
        return blocked(facts, Start(server.id)) or Start(server.id)  # whatever is not wanted any more
    todo = _todo(facts, server)
    if not isinstance(todo, _Todo):
        return todo
    held = root_trouble(facts, server)
    if not todo.found and not todo.doubts and not todo.asked:
        return _beside(held, todo.waiting) or _upkeep(facts, server) or Settled()
    if reporting(facts.resource) and not todo.asked:
        return todo.waiting or _reported(facts, server, todo.found, todo.doubts)
    return _first(facts, server, todo, held)


def _first(facts: Facts, server: Observed, todo: _Todo, held: Hold | None) -> Step:
    """Return the first step that nothing keeps from being taken, else why there is none."""
    given_up: tuple[HeldBack, ...] = ()
    for candidate in todo.asked if reporting(facts.resource) else _candidates(facts, server, todo):
        if isinstance(candidate.step, Hold):
            given_up += candidate.step.spent
            if candidate.last:
                return candidate.step
            held = held or candidate.step
            continue
        obstacle = blocked(facts, candidate.step) or spent_on(facts, candidate)
        if obstacle is None:
            return recorded_first(facts, server, begun(facts, server, candidate))
        given_up += obstacle.spent
        if held is None or (held.final and not obstacle.final):
            held = obstacle  # what is tried again by itself decides when to look
        if unsettled(facts, server, candidate.step):
            return obstacle
    held = _beside(held, todo.waiting)
    if held is None:
        msg = f"nothing mends {named(todo.found)}, and nothing says why not"
        raise AssertionError(msg)
    return replace(held, spent=given_up)


def _beside(held: Hold | None, waiting: Hold | None) -> Hold | None:
    """Return what is said where something is held and something else waits for an approval."""
    if held is None or waiting is None:
        return held or waiting
    if row_of(held.reason).stalled or held.final:
        return waiting  # of the two a person can end this one first
    return replace(held, message=f"{held.message[:MAX_SAID]} {waiting.message}", awaits=waiting.awaits)


def _todo(facts: Facts, server: Observed) -> _Todo | Step:
    """Return what there is to do that need not, or may not any more, wait for an approval."""
    found, doubts = open_differences(facts, server), open_doubts(facts, server)
    asked = tuple(restart_steps(facts, server))
    if not (without := withheld(facts)):
        return _Todo(found, doubts, asked)
    first = _unasked(facts, doubts) or first_look(facts, server)
    if first is not None and facts.resource.records.restart is None:
        return first  # so that the plan is whole
    waiting = awaiting(facts)
    if isinstance(waiting, RecordApproval):
        return waiting
    found = tuple(each for each in found if each.field not in without)
    return _Todo(found, doubts, () if RESTART in without else asked, without, waiting)


def _reported(
    facts: Facts, server: Observed, found: tuple[Difference, ...], doubts: tuple[Doubt, ...]
) -> Step:
    """Send nothing for a difference, and say what differs."""
    if (unasked := _unasked(facts, doubts)) is not None:
        return unasked
    held = root_trouble(facts, server)
    if not found:
        return held or _doubted(doubts[0])
    only = f"Differences are reported only (drift.mode Report): {named(found)}."
    return held or Hold(Reason.DRIFT_REPORTED, only)


def _upkeep(facts: Facts, server: Observed) -> Step | None:
    """Return what the cloud is to be told beside, of a server that agrees with its spec."""
    if reporting(facts.resource) or not looked_after(facts, "dataDisks"):
        return None
    return disk_upkeep(facts, server)


def _unasked(facts: Facts, doubts: tuple[Doubt, ...]) -> Resolve | Hold | None:
    """Return the look-up that comes first, or the hold while another object makes it."""
    return next((step for doubt in doubts if (step := look_up(facts, doubt.reference)) is not None), None)


def _doubted(doubt: Doubt) -> Hold:
    """Hold for a name that was looked up and leads to no id."""
    if doubt.answer is None or isinstance(doubt.answer, UnderWay):
        msg = "what was not looked up is asked for first"
        raise AssertionError(msg)
    reason, message = why_unresolved(doubt.reference, doubt.answer)
    return Hold(reason, f"{doubt.field}: {message}")


def named(found: tuple[Difference, ...]) -> str:
    """Return the fields of differences in words, for a message."""
    return ", ".join(sorted({d.field for d in found}))


def _candidates(facts: Facts, server: Observed, todo: _Todo) -> Iterator[Candidate]:
    spec, (found, doubts, asked, without, _) = spec_of(facts.resource), todo
    if spec is None:
        return
    by_field = {each.field: each for each in found}
    if (waiting := rebuild_awaited(facts, server, {*by_field, *without})) is not None:
        yield waiting
    yield from _live(facts, spec, server, found)
    yield from login_steps(facts, spec, server, by_field)
    yield from eip_steps(facts, spec.eip, server, found)
    switched = by_field["powerState"].want if "powerState" in by_field else None
    if switched == "Stopped":
        yield Candidate(power_step(facts, server, switched))
    cards = cards_without(matched_cards(facts, server), without)
    yield from data_disk_steps(facts, spec, server, by_field)
    yield from card_steps(facts, server, cards)
    image = image_change(facts, spec, server, by_field)
    if isinstance(image, Candidate):
        yield image
    if switched != "Stopped":
        yield from login_lookups(facts, doubts)
        if GROUPS not in without:
            yield from group_holds(facts, server)
        purposes = (
            *size_purposes(facts, spec, server, by_field),
            *card_purposes(facts, server, cards),
            *group_purposes(facts, server),
            *login_purposes(facts, spec, server, by_field),
            *((image,) if isinstance(image, Purpose) else ()),
        )
        purposes = tuple(one for one in purposes if without.isdisjoint(one.fields))
        yield from steps_while_stopped(facts, server, purposes)
    yield from group_records(facts)
    yield from asked
    if switched is not None and switched != "Stopped":
        yield Candidate(power_step(facts, server, switched))
    yield from card_holds(cards)
    if (unasked := _unasked(facts, doubts)) is not None:
        yield Candidate(unasked)
    if fixed := tuple(d for d in found if fixed_field_of(d.field) is not None):
        yield Candidate(
            Hold(
                Reason.IMMUTABLE_FIELD,
                "The server that was adopted differs in what cannot be changed once a server is made: "
                f"{named(fixed)}; status.drift has the values. Correct them in the spec, or take them out.",
            ),
        )
    yield from first_image(facts, spec, by_field)
    if unasked is None:
        yield from (Candidate(_doubted(doubt)) for doubt in doubts)


def _live(
    facts: Facts, spec: ServerSpec, server: Observed, found: tuple[Difference, ...]
) -> Iterator[Candidate]:
    differ = {d.field for d in found}
    plain = [field for field in PLAIN_FIELDS if not field.fixed and field.path in differ]
    values = tuple((field.path, want) for field in plain if (want := field.wanted_in(spec)) is not None)
    if rest := tuple(each for each in values if each[0] != NAME):
        yield Candidate(Update(server.id, rest))
    tags = [d.field.removeprefix("tags.") for d in found if d.field.startswith("tags.")]
    if tags:
        wanted = spec.tags or {}
        put = tuple(sorted((key, wanted[key]) for key in tags if key in wanted))
        yield Candidate(SetTags(server.id, put, tuple(sorted(key for key in tags if key not in wanted))))
    groups = groups_of(spec, server.details, facts.names) if server.details else None
    if groups is not None and any(d.field == "securityGroups" for d in found):
        yield Candidate(SetSecurityGroups(server.id, tuple(sorted(groups))))
    # Alone and last of its kind: a name that is taken must not hold back the rest.
    if name := tuple(each for each in values if each[0] == NAME):
        yield Candidate(Update(server.id, name))
