"""
One object, its cloud and the operator between them, with a clock that moves half a second with each pass.

A pass is the one of the reconciler in small: observe, plan, act, conclude, write, each of which may fail, and
the process may die between any two. What it decides by is given, so a mutant can be put in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    AddFinalizer,
    DryRun,
    Find,
    FindDisks,
    Hold,
    Look,
    Looking,
    ReadCause,
    ReadDisk,
    ReadEip,
    ReadHistory,
    Record,
    RemoveFinalizer,
    Resolve,
    Settled,
)
from onecloud_operator.core.cloud_writes import Stop
from onecloud_operator.core.conclude import conclude
from onecloud_operator.core.config import Config
from onecloud_operator.core.connection_writes import DropConnection, WriteConnection
from onecloud_operator.core.facts import Facts, Memory
from onecloud_operator.core.mass_deletion import Deletions
from onecloud_operator.core.memory import seeing
from onecloud_operator.core.observed import Observed, Reading
from onecloud_operator.core.outcome import Done, Failed
from onecloud_operator.core.plan.adopt import candidates_of, watched_id
from onecloud_operator.core.plan.failure_cause import asked_first
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.references import Missing, Unknown
from onecloud_operator.core.report.events import events_between
from onecloud_operator.core.surroundings import Surroundings
from onecloud_operator.core.values import Problem
from tests.core.cloud import LOST, Cloud
from tests.core.cluster import Cluster, NotWritten
from tests.core.eips import eip_state
from tests.core.fixtures import NOW, OTHER_UID, PLACE, wall_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.cloud_writes import CloudWrite
    from onecloud_operator.core.conclusion import Conclusion
    from onecloud_operator.core.connection_record import Connection
    from onecloud_operator.core.connection_writes import ConnectionWrite
    from onecloud_operator.core.outcome import Outcome
    from onecloud_operator.core.references import Answer, Reference
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.restart_request import RestartRequest
    from onecloud_operator.core.values import Place

    Other = AddFinalizer | RemoveFinalizer | Record | Looking | CloudWrite | Hold | Settled
    Conclude = Callable[[Facts, Step, Outcome, float], Conclusion[Memory]]

PASS_SECONDS = 0.5
SWEEP_SECONDS = 600.0
RIVALS = frozenset({OTHER_UID})  # the objects that live beside ours


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
    *trouble*, *place*, *too_many_gone*, *deletions*, *surroundings*: what the operator meets on its way.

    *secrets*: what is written in those of the object's own; *foreign*: names that others' have.
    *dies*: the process does so once, ``acting`` (after the act, before it is reported). *before* is given
    each step before it is taken. *sent*: the writes to the cloud, when, and for which intent; *sent_before*:
    how many of them there were when something last changed. *restarted*: the requests for which a stop may
    have been carried out. *unwritten*: the last pass could not write.
    """

    cluster: Cluster
    cloud: Cloud = field(default_factory=Cloud)
    feed: Feed = field(default_factory=Feed)
    memory: Memory = field(default_factory=lambda: Memory(born_at=NOW))
    now: float = NOW
    place: Place = PLACE
    trouble: Problem | None = None
    too_many_gone: bool = False
    deletions: Deletions = field(default_factory=Deletions)
    surroundings: Surroundings = field(default_factory=Surroundings)
    secrets: dict[str, Connection] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)
    config: Config = field(default_factory=Config)
    names: dict[Reference, Answer] = field(default_factory=dict)
    dies: bool = False
    decide: Callable[[Facts], Step] = plan
    conclude: Conclude = conclude
    before: Callable[[World, Facts, Step], None] = lambda _world, _facts, _step: None
    steps: list[Step] = field(default_factory=list)
    sent: list[tuple[float, CloudWrite, str]] = field(default_factory=list)
    sent_before: int = 0
    restarted: set[RestartRequest | None] = field(default_factory=set)
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
            outcome = self._act(facts, step)
            if self.dies:
                self.die()
                self.unwritten = True
            else:
                self._report(facts, step, outcome)
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
        """Lose all that only the process knew; the next one lists the objects again."""
        self.dies, self.memory, self.names = False, Memory(born_at=self.now), {}
        self.feed = Feed(self.feed.stalled, self.feed.lying)
        self.cluster.heard = self.cluster.stored

    def facts(self) -> Facts:
        """Return what the next decision sees."""
        resource = self.cluster.heard
        facts = Facts(resource, self.now, wall_at(self.now), self.config, self.memory)
        if resource.paused and not resource.deleting:
            return facts
        if self.trouble is not None and self.trouble.reason == Reason.CREDENTIALS_REJECTED:
            return replace(facts, trouble=self.trouble)
        facts = replace(facts, place=self.place, surroundings=self.surroundings)
        if resource.records.place not in {None, self.place}:
            return facts
        candidates = candidates_of(facts)
        server_id = watched_id(resource, candidates)
        self.feed.follow(server_id)
        if self.trouble is None:
            self.feed.poll(self.cloud, self.place)
        facts = seeing(facts, self.feed.reading)
        self.memory = facts.memory
        return replace(
            facts,
            trouble=self.trouble,
            candidates=candidates,
            rivals=RIVALS,
            names=dict(self.names),
            too_many_gone=self.too_many_gone,
            deletions=self.deletions,
            password=self.cloud.logins.shown(resource),
        )

    # -- the last two beats ------------------------------------------------------------------------------
    def _act(self, facts: Facts, step: Step) -> Outcome:
        done = Done(self.now, self.now + PASS_SECONDS / 2)
        if isinstance(step, WriteConnection | DropConnection):
            return self._connect(step, done)
        return self._act_on(facts, step, done)

    def _act_on(self, facts: Facts, step: Other, done: Done) -> Outcome:
        match step:
            case AddFinalizer():
                self.cluster.hold()
            case RemoveFinalizer():
                self.cluster.release()
            case _ if (
                isinstance(step, Looking) and not isinstance(step, Resolve) and self.cloud.mood == "down"
            ):
                return Failed(LOST, done.ended_at)
            case Look(server_id=server_id):
                found = self.feed.look(self.cloud, self.place, server_id)
                version = found.server.version if found.server else None
                return replace(done, gone=found.gone, version=version)
            case ReadDisk(disk_id=disk_id):
                return replace(done, disk=self.cloud.disk_state(disk_id))
            case ReadEip(eip_id=eip_id):
                return replace(done, eip=eip_state(self.cloud, eip_id))
            case FindDisks(name=name):
                return replace(done, disks=self.cloud.disks_of(name))
            case Find(server_id=server_id, name=name):
                rows = [row.server for row in self.cloud.rows.values()]
                here = (server for server in rows if server.project_id == self.place.project_id)
                candidates = tuple(s for s in here if server_id == s.id or (name and name == s.name))
                return replace(done, found=candidates)
            case Resolve(reference=reference):
                down = self.cloud.mood == "down"
                self.names[reference] = (
                    Unknown("no answer") if down else self.cloud.named.get(reference, Missing())
                )
            case ReadCause() | ReadHistory() | DryRun():
                return self._answer(step, done)
            case _ if isinstance(step, Record | Hold | Settled):
                pass  # a record is written with the rest of the status
            case _:
                self.sent.append((self.now, step, facts.intent))
                self.cloud.place = self.place
                problem = self.cloud.send(step, facts.resource)
                if isinstance(step, Stop) and problem is not None and not problem.ambiguous:
                    self.restarted.discard(self.cluster.stored.records.restart_request)
                return done if problem is None else Failed(problem, done.ended_at)
        return done

    def _answer(self, step: ReadCause | ReadHistory | DryRun, done: Done) -> Outcome:
        match step:
            case ReadCause(server_id=server_id):
                return replace(done, cause=self.cloud.cause(server_id))
            case ReadHistory(server_id=server_id):
                return replace(done, history=self.cloud.history(server_id))
            case DryRun():
                return done

    def _connect(self, step: ConnectionWrite, done: Done) -> Outcome:
        """Write or delete a Secret, as the API server does it for the owner alone."""
        if step.secret in self.foreign:
            return Failed(Problem(Reason.SECRET_CONFLICT, "another's"), done.ended_at)
        if self.cluster.mood == "unsent":
            raise NotWritten
        if isinstance(step, WriteConnection):
            self.secrets[step.secret] = step.connection
        else:
            self.secrets.pop(step.secret, None)
        if self.cluster.mood == "lost":
            raise NotWritten
        return done

    def _report(self, facts: Facts, step: Step, outcome: Outcome) -> None:
        conclusion = self.conclude(facts, step, outcome, 1.0)
        self.memory = conclusion.unwritten
        if conclusion.status is not None:
            self.cluster.write_status(conclusion.status)
            list(events_between(facts.resource.status, conclusion.status))
        self.memory = conclusion.memory
        self.wait = 0.0 if conclusion.again else conclusion.requeue_after
