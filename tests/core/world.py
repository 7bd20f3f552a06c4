"""
One object, its cloud and the operator between them, with a clock that moves half a second with each pass.

A pass is the one of reconcile.py in small: observe, plan, act, report, each of which may fail, and the
process may die between any two. What it decides by is given, so a worse operator can be put in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from onecloud_operator.api.reasons import Reason, row_of
from onecloud_operator.core.actions import (
    AddFinalizer,
    Find,
    Hold,
    Look,
    ReadCause,
    ReadDisk,
    ReadHistory,
    Record,
    RemoveFinalizer,
    Resolve,
    Settled,
    Stop,
)
from onecloud_operator.core.facts import Facts, Memory
from onecloud_operator.core.memory import Done, accepted, noted, paced, refused, unpaced, wait_after
from onecloud_operator.core.observed import Observed, Reading
from onecloud_operator.core.plan.adopt import sought, watched_id
from onecloud_operator.core.plan.create import explain
from onecloud_operator.core.plan.failure_cause import asked_first
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.plan.retry import judged
from onecloud_operator.core.references import Missing, Unknown
from onecloud_operator.core.report.events import transitions
from onecloud_operator.core.report.report import Report, report
from tests.core.cloud import LOST, Cloud
from tests.core.cluster import Cluster, NotWritten
from tests.core.fixtures import NOW, OTHER_UID, PLACE, wall_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.actions import CloudWrite, Step
    from onecloud_operator.core.references import Answer, Reference
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.values import Place, Problem

PASS_SECONDS = 0.5
SWEEP_SECONDS = 600.0
UNTOLD_WAITS = (10.0, 300.0)
RIVALS = frozenset({OTHER_UID})  # the objects that live beside ours
TOLD_AT_ONCE = (Stop,)


class Tell(Protocol):
    """What ``report`` is."""

    def __call__(self, facts: Facts, step: Step, problem: Problem | None = None) -> Report: ...


@dataclass
class Feed:
    """
    What the operator has read of the server that it follows.

    *stalled*: no list is answered. *lying*: lists leave the server out, and a sweep makes that a question.
    """

    stalled: bool = False
    lying: bool = False
    follows: str | None = None
    reading: Reading = field(default_factory=Reading)
    looked_at: float | None = None

    def follow(self, server_id: str | None) -> None:
        """Follow a server; of another than before nothing is known."""
        if server_id != self.follows:
            self.follows, self.reading, self.looked_at = server_id, Reading(), None

    def poll(self, cloud: Cloud, place: Place) -> None:
        """Ask for what has changed."""
        if self.stalled or self.follows is None:
            return
        row = cloud.rows.get(self.follows)
        if row is not None and not self.lying and row.server.project_id == place.project_id:
            self._saw(row.server, cloud.now)
        elif not self.reading.gone:
            swept = self.looked_at is None or cloud.now - self.looked_at >= SWEEP_SECONDS or not self.lying
            asked_at = cloud.now if self.reading.server else self.reading.asked_at
            self.reading = replace(self.reading, missing=self.reading.missing or swept, asked_at=asked_at)

    def look(self, cloud: Cloud, place: Place, server_id: str) -> Reading:
        """Ask for a server by its id; what is followed is known by it, too."""
        row = cloud.rows.get(server_id)
        before, followed = self.reading, server_id == self.follows
        if row is not None and row.server.project_id == place.project_id:
            self._saw(row.server, cloud.now)
        else:
            self.reading = Reading(asked_at=cloud.now, gone=True)
        found = self.reading
        if followed:
            self.looked_at = cloud.now
        else:
            self.reading = before
        return found

    def _saw(self, server: Observed, now: float) -> None:
        old = self.reading.server
        same = old is not None and (old.id, old.version) == (server.id, server.version)
        self.reading = Reading(server, self.reading.first_seen_at if same else now, now)


@dataclass
class World:
    """
    *trouble*, *place*, *too_many_gone*: what the operator meets on its way to the cloud.

    *dies*: the process does so once, ``acting`` (after the act, before it is reported). *before* is told of
    each step before it is taken. *sent*: the writes to the cloud, when, and for which wish; *stirred*: how
    many of them there were when something last happened. *unwritten*: the last pass could not write.
    """

    cluster: Cluster
    cloud: Cloud = field(default_factory=Cloud)
    feed: Feed = field(default_factory=Feed)
    memory: Memory = field(default_factory=lambda: Memory(born_at=NOW))
    now: float = NOW
    place: Place = PLACE
    trouble: Problem | None = None
    too_many_gone: bool = False
    found: tuple[Find, tuple[Observed, ...]] | None = None
    names: dict[Reference, Answer] = field(default_factory=dict)
    dies: bool = False
    decide: Callable[[Facts], Step] = plan
    tell: Tell = report
    before: Callable[[World, Facts, Step], None] = lambda _world, _facts, _step: None
    steps: list[Step] = field(default_factory=list)
    sent: list[tuple[float, CloudWrite, str]] = field(default_factory=list)
    stirred: int = 0
    unwritten: bool = False
    wait: float | None = 0.0

    @classmethod
    def of(cls, resource: Resource, *servers: Observed) -> World:
        """Return a world with an object and servers that were made for it."""
        world = cls(Cluster(resource, resource))
        for server in servers:
            world.cloud.put(server, resource.uid)
        return world

    def turn(self) -> Step:
        """Make one pass; return its step."""
        self.now += PASS_SECONDS
        self.cloud.advance(self.now)
        facts = self.facts()
        step = asked_first(self.decide(facts))
        self.steps.append(step)
        self.before(self, facts, step)
        self.unwritten = False
        try:
            done, problem = self._act(facts, step)
            if self.dies:
                self.die()
                self.unwritten = True
            else:
                self._report(facts, step, done, problem)
        except NotWritten:
            self.unwritten, self.wait = True, 1.0
        return step

    def run(self, most: int = 60) -> Step:
        """Make passes until nothing is left to do at once; return the last step."""
        for _ in range(most):
            step = self.turn()
            if self.cluster.released or isinstance(step, Hold | Settled):
                return step
        msg = f"no rest after {most} passes: {self.steps[-6:]}"
        raise AssertionError(msg)

    def die(self) -> None:
        """Lose all that only the process knew; the next one lists the objects anew."""
        self.dies, self.memory, self.found, self.names = False, Memory(born_at=self.now), None, {}
        self.feed = Feed(self.feed.stalled, self.feed.lying)
        self.cluster.heard = self.cluster.stored

    def facts(self) -> Facts:
        """Return what the next decision sees."""
        resource = self.cluster.heard
        facts = Facts(resource, self.now, wall_at(self.now), memory=self.memory)
        if resource.paused and not resource.deleting:
            return facts
        if self.trouble is not None and self.trouble.reason == "CredentialsRejected":
            return replace(facts, trouble=self.trouble)
        facts = replace(facts, place=self.place)
        if resource.records.place not in {None, self.place}:
            return facts
        wanted = sought(resource)
        candidates = self.found[1] if self.found is not None and self.found[0] == wanted else None
        server_id = watched_id(resource, candidates)
        self.feed.follow(server_id)
        if self.trouble is None:
            self.feed.poll(self.cloud, self.place)
        self.memory = noted(self.memory, self.feed.reading, self.now)
        return replace(
            facts,
            memory=self.memory,
            reading=self.feed.reading,
            trouble=self.trouble,
            candidates=candidates,
            rivals=RIVALS,
            names=dict(self.names),
            too_many_gone=self.too_many_gone,
        )

    # -- the last two beats ------------------------------------------------------------------------------
    def _act(self, facts: Facts, step: Step) -> tuple[Done, Problem | None]:
        done = Done(self.now, self.now + PASS_SECONDS / 2)
        match step:
            case AddFinalizer():
                self.cluster.hold()
            case RemoveFinalizer():
                self.cluster.release()
            case Look() | ReadDisk() | Find() | ReadHistory() | ReadCause() if self.cloud.mood == "down":
                return done, LOST
            case Look(server_id=server_id):
                found = self.feed.look(self.cloud, self.place, server_id)
                version = found.server.version if found.server else None
                return replace(done, gone=found.gone, version=version), None
            case ReadDisk(disk_id=disk_id):
                return replace(done, disk=self.cloud.disk_state(disk_id)), None
            case Find(server_id=server_id, name=name):
                rows = [row.server for row in self.cloud.rows.values()]
                here = (server for server in rows if server.project_id == self.place.project_id)
                self.found = step, tuple(s for s in here if server_id == s.id or (name and name == s.name))
            case Resolve(reference=reference):
                down = self.cloud.mood == "down"
                self.names[reference] = (
                    Unknown("no answer") if down else self.cloud.named.get(reference, Missing())
                )
            case ReadCause(server_id=server_id):
                return replace(done, cause=self.cloud.cause(server_id)), None
            case ReadHistory(server_id=server_id):
                return replace(done, history=self.cloud.history(server_id)), None
            case _ if isinstance(step, Record | Hold | Settled):
                pass  # a record is written with the rest of the status
            case _:
                self.sent.append((self.now, step, facts.intent))
                self.cloud.place = self.place
                return done, self.cloud.send(step, facts.resource)
        return done, None

    def _report(self, facts: Facts, step: Step, done: Done, problem: Problem | None) -> None:
        if isinstance(step, RemoveFinalizer):
            return
        facts = replace(facts, memory=self.memory)
        problem = judged(facts, step, problem) if problem is not None else None
        if isinstance(step, Hold):
            step = self._pace(facts, step)
        else:
            self.memory = unpaced(self.memory)
            facts = replace(facts, memory=self.memory)
            if problem is not None:
                first, most = _waits(problem.reason) or UNTOLD_WAITS
                wait = wait_after(problem, facts, step, first=first, most=most)
                self.memory = refused(facts, step, problem, ended_at=done.ended_at, wait_seconds=wait)
            elif not isinstance(step, Record):
                self.memory = accepted(facts, step, done)
        facts = replace(facts, memory=self.memory)
        problem = explain(facts, step, problem) if problem is not None else None
        acted = problem is None and not isinstance(step, Hold | Settled)
        if acted and not isinstance(step, Record) and not isinstance(step, TOLD_AT_ONCE):
            self.wait = 0.0
            return
        said = self.tell(facts, step, problem)
        if said.status is not None:
            self.cluster.write_status(said.status)
            list(transitions(facts.resource.status, said.status))
        if isinstance(step, Record):
            self.memory = accepted(facts, step, done)
        self.wait = 0.0 if acted else said.requeue_after

    def _pace(self, facts: Facts, hold: Hold) -> Hold:
        if hold.final or hold.requeue_after is not None or (waits := _waits(hold.reason)) is None:
            return hold
        self.memory, hold = paced(facts, hold, first=waits[0], most=waits[1])
        return hold


def _waits(reason: Reason) -> tuple[float, float] | None:
    row = row_of(reason)
    if row.first_seconds is None or row.most_seconds is None:
        return None
    return row.first_seconds, row.most_seconds
