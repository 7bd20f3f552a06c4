"""Users, the cloud, faults and other hands, one thing at a time and in any order; then the sky clears."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from onecloud_operator.api.annotations import PAUSED, RECONCILE_REQUESTED_AT, RESTART_REQUESTED_AT
from onecloud_operator.api.ignorable import word_of
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.conclude import conclude
from onecloud_operator.core.config import Config
from onecloud_operator.core.mass_deletion import Deletions
from onecloud_operator.core.observed import CREATE_FAILURES, DELETING_STATUSES, Disk, Phase
from onecloud_operator.core.ownership import owner_of
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.policies import power
from onecloud_operator.core.records import Records
from onecloud_operator.core.references import Kind, Reference, Resolved
from onecloud_operator.core.restart import asked_restart
from onecloud_operator.core.surroundings import Surroundings
from onecloud_operator.core.values import Place, Problem, text_of_time
from tests.core.fixtures import OTHER_UID, OWNER, PLACE, resource, server, spec, wall_at
from tests.core.image_rules import ImageRules
from tests.core.invariants import disagreements, keep, left_off, made, nothing_refused_is_made, one_at_most
from tests.core.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from tests.core.cloud import Row
    from tests.core.world import Conclude

LEGACY = "fd86411b-4bca-47a2-84f9-82f0170dce4c"
STRANGER = "0d5f6c1e-8a39-4c52-9d0e-2f1b7c6a9e11"
FORMER_UID = "0e6b1c52-7a44-4f0f-9d57-1f2e3d4c5b6a"
ELSEWHERE = Place("https://cloud.example/v3", "region0", "project1")
NO_PASSWORD = Problem(Reason.CREDENTIALS_REJECTED, "wrong password")
NO_ANSWER = Problem(Reason.ENDPOINT_UNREACHABLE, "no route")
STORIES: dict[str, dict[str, Any]] = {
    "make": {},
    "adopt": {"adoption": {"policy": "Adopt", "id": LEGACY}},
    "adopt-or-create": {"adoption": {"policy": "AdoptOrCreate"}},
    "restore": {"adoption": {"policy": "Adopt", "id": LEGACY, "restore": True}},
    "observe": {"managementPolicy": "Observe", "adoption": {"id": LEGACY}},
}
NAME = "shop-db"
NET, BACKUP = {"network": "vnet-1"}, {"network": "vnet-backup"}
LIMITED = [[{**NET, "bandwidth": 100}], [{**NET, "bandwidth": 200}]]
QUIET_SECONDS = 3600.0
MAX_PASSES = 400
MAX_ECHOES = 3  # statuses written while nothing happens: what is kept for a minute, and a next try
IDLE_PASSES = 6
NOTHING_TO_DO = {"ExternallyDeleted", "ServerNotFound"}


class OperatorMachine(ImageRules, RuleBasedStateMachine):
    """What may happen, one thing at a time, to an operator of *decide* and *conclude*."""

    decide: Callable[[Facts], Step] = staticmethod(plan)
    conclude: Conclude = staticmethod(conclude)

    @initialize(
        story=st.sampled_from(["make", "make", "make", *STORIES]),
        again=st.sampled_from(["Report", "Recreate"]),
        policy=st.sampled_from(["RecycleBin", "Delete", "Retain", None]),
        restart=st.sampled_from(["Restart", "Never", "Rebuild"]),
        there=st.booleans(),
        pace=st.sampled_from([0.0, 4.0]),
        hot=st.booleans(),
        mended=st.booleans(),
        keeps=st.booleans(),
    )
    def begin(  # noqa: PLR0913, PLR0917 - a story is made of these
        self,
        story: str,
        again: str,
        policy: str | None,
        restart: str,
        there: bool,
        pace: float,
        hot: bool,
        mended: bool,
        keeps: bool,
    ) -> None:
        self.story = story
        self.asked: dict[str, str] = {}  # the annotation that asks for a restart
        self.uncertain = False  # whether somebody attached a disk while the server was made
        self.mended = mended  # whether somebody has the server run, when all is over
        self.policies: dict[str, Any] = {
            "onExternalDeletion": "Report" if story in {"adopt", "restore"} else again,
            "deletionPolicy": policy,
            "disruption": {"allow": restart},
            **STORIES[story],
        }
        self.base: dict[str, Any] = {"name": NAME} if story == "adopt-or-create" else {}
        if keeps and story == "make":
            self.base["dataDisks"] = [{"name": "data-1", "size": "10Gi", "reclaimPolicy": "Retain"}]
        fresh = resource(finalizers=(), records=Records(), spec=spec(self.base, **self.policies))
        self.world = World.of(fresh)
        self.world.decide, self.world.conclude, self.world.before = self.decide, self.conclude, keep
        self.world.cloud.pace, self.world.cloud.hot_plug = pace, hot
        self.world.cloud.named[Reference(Kind.NETWORK, "vnet-backup")] = Resolved("net-2")
        if story == "restore":
            former = replace(owner_of(fresh, Config()), uid=FORMER_UID)
            row = self.world.cloud.put(server("ready", id=LEGACY, name=NAME))
            row.change(owner=former if there else None)
            self.world.cloud.recycle(row, on=True)
        if story in {"adopt", "observe"} or (story == "adopt-or-create" and there):
            old = server(id=LEGACY, name=NAME)
            self.world.cloud.put(old).change(owner=None)
        self.begun()

    def begun(self) -> None:
        """Arrange what else a story needs."""

    @property
    def row(self) -> Row | None:
        """Return the server that the story is about."""
        rows = self.world.cloud.rows
        return next((rows[found] for found in (*made(self.world), LEGACY) if found in rows), None)

    @property
    def settled_once(self) -> bool:
        """Say whether the server was seen complete: until then its only card counts as that of its POST."""
        records = self.world.cluster.stored.records
        return self.row is not None and (records.baseline is not None or records.creation is None)

    # -- the operator ------------------------------------------------------------------------------------
    @invariant()
    def the_operator_works(self) -> None:
        self.world.sent_before = len(self.world.sent)
        for _ in range(2):
            self._turn()
        one_at_most(self.world)
        nothing_refused_is_made(self.world)

    @rule(passes=st.integers(1, 8))
    def time_passes(self, passes: int) -> None:
        world = self.world
        echoes = 0
        for _ in range(passes):
            before = self._seen(), world.cluster.writes
            self._turn()
            echoes += self._seen() == before[0] and world.cluster.writes > before[1]
            world.now += min(world.wait or 0.0, 30.0)
        if (world.cluster.mood, world.cloud.mood, world.trouble) == ("well", "well", None):
            assert echoes <= MAX_ECHOES, "the same is written again and again"

    def _seen(self) -> object:
        """Return what a pass has to go by, and what it came to."""
        step = self.world.steps[-1] if self.world.steps else None
        shown = (step.reason, step.message) if isinstance(step, Hold) else step
        reading = self.world.feed.reading
        return shown, reading.server, reading.gone, reading.missing, self.world.cluster.heard.generation

    def _turn(self) -> None:
        world = self.world
        if not world.cluster.released and (world.cluster.heard.held or not world.cluster.heard.deleting):
            self._turn_once()

    def _turn_once(self) -> Step:
        """Make a pass; a tag is the object's own to take off once it was seen while it was wanted."""
        step, row, seen = self.world.turn(), self.row, self.world.feed.reading.server
        if row is not None and seen is not None and isinstance(step, Settled) and not self.world.unwritten:
            server = self.world.cluster.heard.spec and self.world.cluster.heard.spec.server
            wanted = set(server.tags or ()) if server else set()
            row.own_tags |= row.put_tags & wanted & set(seen.details.tags if seen.details else ())
        return step

    @rule(in_the_middle=st.booleans())
    def the_operator_is_killed(self, in_the_middle: bool) -> None:
        if in_the_middle:
            self.world.dies = True
        else:
            self.world.die()

    # -- faults ------------------------------------------------------------------------------------------
    @rule(
        mood=st.sampled_from(["well", "well", "refused", "lost", "unsent", "late", "deaf", "down"]),
        lag=st.sampled_from([5.0, 60.0, 170.0]),
    )
    def the_cloud_changes_its_mood(self, mood: str, lag: float) -> None:
        self.world.cloud.mood, self.world.cloud.lag = mood, lag

    @rule(
        fate=st.sampled_from([None, "ready", "start_fail", *sorted(CREATE_FAILURES)]),
        known=st.sampled_from([True, True, False]),
    )
    def creations_end_like_this(self, fate: str | None, known: bool) -> None:
        self.world.cloud.fate, self.world.cloud.tells_history = fate, known

    @rule(mood=st.sampled_from(["well", "well", "refused", "unsent", "lost"]), late=st.booleans())
    def kubernetes_changes_its_mood(self, mood: str, late: bool) -> None:
        self.world.cluster.mood, self.world.cluster.late = mood, late
        self.world.cluster.listen()

    @rule(mood=st.sampled_from(["well", "stalled", "lying"]))
    def the_feed_changes_its_mood(self, mood: str) -> None:
        self.world.feed.stalled, self.world.feed.lying = mood == "stalled", mood == "lying"

    @rule(mood=st.sampled_from(["well", "rejected", "unreachable", "elsewhere"]))
    def the_credentials_change(self, mood: str) -> None:
        self.world.trouble = {"rejected": NO_PASSWORD, "unreachable": NO_ANSWER}.get(mood)
        # What an object is pinned to is known once; which project it begins in is no question of safety.
        pinned = self.world.cluster.stored.records.place is not None
        self.world.place = ELSEWHERE if mood == "elsewhere" and pinned else PLACE

    @rule(many=st.booleans())
    def many_servers_vanish(self, many: bool) -> None:
        self.world.too_many_gone = many

    @rule(many=st.booleans())
    def many_objects_are_deleted(self, many: bool) -> None:
        self.world.deletions = Deletions(too_many=many)

    @rule(seconds=st.sampled_from([-3600.0, 2.0]))
    def somebody_agrees_to_what_was_deleted_before(self, seconds: float) -> None:
        moment = wall_at(self.world.now + seconds)
        self.world.surroundings = Surroundings(agreed_deletion=text_of_time(moment))

    # -- users -------------------------------------------------------------------------------------------
    @rule(
        wanted=st.fixed_dictionaries(
            {
                "cpu": st.sampled_from([1, 2, 8]),
                "powerState": st.sampled_from(["Running", "Stopped", "Suspended", "Unmanaged"]),
            },
            optional={
                "tags": st.sampled_from([{"t": "a"}, {"t": "b"}, {"u": "c"}]),
                "securityGroups": st.sampled_from([["default"], ["db", "default"]]),
                "rootDisk": st.sampled_from([{"size": "10Gi"}, {"size": "80Gi"}]),
                "description": st.sampled_from(["", "orders"]),
                "networks": st.sampled_from([[NET], [NET, BACKUP], [BACKUP], *LIMITED]),
                "instanceGroups": st.sampled_from([["g1"], ["g2"], []]),
            },
        ),
        protected=st.booleans(),
        mode=st.sampled_from(["Correct", "Correct", "Report"]),
        ignore=st.sampled_from([[], [], ["powerState"], ["cpu", "tags"], ["rootDisk", "securityGroups"]]),
    )
    def the_user_edits(self, wanted: dict[str, Any], protected: bool, mode: str, ignore: list[str]) -> None:
        self.policies["deletionProtection"] = protected
        self.policies["drift"] = {"mode": mode, "ignore": ignore}
        self.base |= wanted
        if wanted["powerState"] == "Stopped" and "powerState" not in ignore and self.row is not None:
            self.row.halted = False  # once it was to be off, nobody expects more than the spec says
        self.world.cluster.respec(spec(self.base, **self.policies))

    @precondition(lambda self: self.story == "make")
    @rule(
        disks=st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["log", "data"]), "size": st.sampled_from(["10Gi", "20Gi"])},
                optional={"reclaimPolicy": st.sampled_from(["Retain", "Recycle"])},
            ),
            max_size=2,
            unique_by=lambda disk: disk["name"],
        )
    )
    def the_user_edits_the_disks(self, disks: list[dict[str, Any]]) -> None:
        self.base["dataDisks"] = disks
        self.world.cluster.respec(spec(self.base, **self.policies))

    @rule(on=st.booleans())
    def the_user_pauses(self, on: bool) -> None:
        self.world.cluster.edit(annotations={**self.asked, **({PAUSED: "true"} if on else {})})

    @rule(value=st.sampled_from(["one", "two", "three", None]))
    def the_user_asks_for_a_restart(self, value: str | None) -> None:
        self.asked = {} if value is None else {RESTART_REQUESTED_AT: value}
        self.world.cluster.edit(annotations=self.asked)

    @rule(sure=st.sampled_from([True, False, False]))
    def the_user_deletes(self, sure: bool) -> None:
        if sure and not self.world.cluster.stored.deleting:
            moment = text_of_time(wall_at(self.world.now))
            self.world.cluster.edit(deleting=True, deleted_at=moment)

    # -- other hands -------------------------------------------------------------------------------------
    @precondition(lambda self: self.row is not None)
    @rule(data=st.data())
    def something_happens_to_the_server(self, data: st.DataObject) -> None:
        row, world = self.row, self.world
        assert row is not None
        creation = world.cluster.stored.records.creation
        states = ["unknown", "start_fail", "stopping"]
        if row.rested or (creation is not None and creation.failure is not None):
            # What changes between a look and the deletion that follows it is beyond anybody.
            states += [] if world.feed.stalled or world.feed.lying else ["running", "ready"]
            states += ["suspend", "disk_fail", "deploy_fail", "security_group_fail"]
        if creation is not None and creation.completed_at is not None:
            states += CREATE_FAILURES  # whatever it says of a server that was complete
        row.interrupt()
        row.change(status=data.draw(st.sampled_from(sorted(states)), label="status"))
        row.halted = False  # by other hands, from now on

    @precondition(lambda self: self.row is not None)
    @rule()
    def somebody_erases_the_server(self) -> None:
        assert self.row is not None
        self.world.cloud.erase(self.row.server.id)

    @precondition(lambda self: self.row is not None)
    @rule(
        changes=st.sampled_from(
            [
                {"tags": {"t": "z", "mine": "1"}},
                {"cpu": 4},
                {"locked": True},
                {"locked": False},
                {"owner": None},
                {"owner": replace(OWNER, name="web-2", uid=OTHER_UID)},
            ]
        )
    )
    def somebody_changes_the_server(self, changes: dict[str, Any]) -> None:
        assert self.row is not None
        self.row.change(**changes)
        self.row.halted &= not {"owner", "recycled"} & set(changes)

    @precondition(lambda self: self.row is not None)
    @rule(on=st.booleans())
    def somebody_recycles_the_server_or_brings_it_back(self, on: bool) -> None:
        assert self.row is not None
        self.world.cloud.recycle(self.row, on=on)

    @precondition(lambda self: self.row is not None and len(self.row.details.disks) < 4)
    @rule(auto_delete=st.booleans())
    def somebody_attaches_a_disk(self, auto_delete: bool) -> None:
        assert self.row is not None
        taken = {disk.index for disk in self.row.details.disks}
        index = min(set(range(8)) - taken)
        creation = self.world.cluster.stored.records.creation
        self.uncertain |= creation is not None and creation.completed_at is None
        disk = Disk(f"loose-{len(self.world.cloud.disks)}", index, 1024)
        self.world.cloud.attach(self.row, disk, auto_delete=auto_delete)

    @precondition(lambda self: self.settled_once and len(self.row.details.nics) < 4)
    @rule(told=st.booleans())
    def somebody_attaches_a_card(self, told: bool) -> None:
        assert self.row is not None
        self.world.cloud.cards.plug(self.row)
        if told:
            self.row.change()

    @precondition(lambda self: self.settled_once and len(self.row.details.nics) > 1)
    @rule(which=st.integers(0, 3))
    def somebody_detaches_a_card(self, which: int) -> None:
        row = self.row
        assert row is not None
        nics = row.details.nics
        self.world.cloud.cards.show(row, tuple(nic for nic in nics if nic is not nics[which % len(nics)]))
        row.change()  # an event tells of it

    @rule(name=st.sampled_from([NAME, "shop.web-1"]))
    def somebody_takes_the_name(self, name: str) -> None:
        rows = self.world.cloud.rows
        if STRANGER in rows:
            del rows[STRANGER]
        elif all(row.server.name != name for row in rows.values()):
            self.world.cloud.put(server(id=STRANGER, name=name, project_id="project9")).change(owner=None)

    # -- the end -----------------------------------------------------------------------------------------
    def teardown(self) -> None:
        """See that all comes to rest once the sky is clear, that it is what was asked for, and stays so."""
        if not hasattr(self, "world"):
            return
        world = self.world
        self._clear()
        step = self._rest()
        if isinstance(step, Hold) and step.reason == "OperationFailed":
            # What may have cost a restart is tried again when it is asked for, and not by itself.
            world.cluster.edit(annotations={**self.asked, RECONCILE_REQUESTED_AT: "now"})
            step = self._rest()
        if isinstance(step, Hold) and step.reason == "CreationFailed" and self.row is not None:
            self.row.change(status="running")  # a person decides that it is kept
            step = self._rest()
        if world.cluster.stored.deleting:
            if isinstance(step, Hold) and step.reason == "OwnedByAnother":
                # Deleted between the record of an adoption and its claim: the way out that is told.
                assert "Set deletionPolicy: Retain" in step.message, step
                self.policies["deletionPolicy"] = "Retain"
                world.cluster.respec(spec(self.base, **self.policies))
                self._rest()
            assert world.cluster.released, f"not let go: {world.steps[-5:]}"
            return
        self._judge(step)
        sent, writes = len(world.sent), world.cluster.writes
        for _ in range(IDLE_PASSES):
            world.now += min(world.wait or QUIET_SECONDS, QUIET_SECONDS)
            world.turn()
        assert len(world.sent) == sent, f"no rest: {world.sent[sent:]}"
        assert world.cluster.writes == writes, f"the status does not rest: {world.steps[-IDLE_PASSES:]}"

    def _clear(self) -> None:
        world = self.world
        world.cloud.mood, world.cloud.fate, world.cloud.tells_history = "well", None, True
        world.cloud.rebuild_fate = None
        world.cluster.mood, world.cluster.late, world.dies = "well", False, False
        world.feed.stalled = world.feed.lying = world.too_many_gone = False
        world.deletions = Deletions()
        world.surroundings = Surroundings(agreed_deletion=text_of_time(wall_at(world.now + 2.0)))
        world.trouble, world.place = None, PLACE
        world.names.clear()  # what had no answer is asked again
        world.cloud.rows.pop(STRANGER, None)
        self.policies["deletionProtection"] = False
        self.policies["drift"] = {**self.policies.get("drift", {}), "mode": "Correct"}
        world.cluster.respec(spec(self.base, **self.policies))
        world.cluster.edit(annotations=self.asked)
        if (row := self.row) is not None:
            status = "running" if self.mended else at_last(row)
            if status == row.server.status:
                row.hang()
            else:
                row.interrupt()
            # A disk that is to be kept does not leave a suspended server until a person resumes it.
            resumed = status == "suspend" and world.cluster.stored.deleting
            row.change(status="running" if resumed else status, locked=True)
            world.cloud.recycle(row, on=False)
            adopted = world.cluster.stored.records.adopted_at is not None
            if row.server.owner is None or row.server.owner.uid == OTHER_UID:
                row.change(owner=OWNER if adopted else None)

    def _rest(self) -> Step | None:
        """Make passes until nothing is left to do; return the last step."""
        world = self.world
        step: Step | None = None
        until, waits = world.now + 12 * QUIET_SECONDS, 0
        for _ in range(MAX_PASSES):
            if world.cluster.released or world.now > until:
                break
            step = self._turn_once()
            one_at_most(world)
            if isinstance(step, Settled) and not world.cluster.stored.deleting and not world.wait:
                break
            waits += isinstance(step, Hold) and step.reason in NOTHING_TO_DO
            if waits > 2:
                break
            world.now += world.wait if world.wait is not None else QUIET_SECONDS
        return step

    def _judge(self, step: Step | None) -> None:
        world, row = self.world, self.row
        heard = world.cluster.heard
        if self.story == "observe":
            assert not world.sent, "an observer wrote"
            assert isinstance(step, Settled) == (row is not None), step
            return
        if row is None:
            assert isinstance(step, Hold), step
            assert step.reason in NOTHING_TO_DO, step
            adopted = heard.records.creation is None
            assert adopted or self.policies["onExternalDeletion"] == "Report", step
            return
        assert heard.spec is not None
        assert heard.spec.server is not None
        assert not left_off(world, row), "stopped for a change, and left off"
        ignored = set(heard.spec.drift.ignore or ()) if heard.spec.drift else set()
        cards, disks = world.cloud.cards, heard.records.disks
        found = disagreements(row, heard.spec.server, power(heard), cards, disks)
        left = {field for field in found if word_of(field) not in ignored}
        suspended = row.server.phase is Phase.SUSPENDED
        if self.image_held(step):
            return
        if self.uncertain and isinstance(step, Hold) and "not certain which disk" in step.message:
            return  # a person has to say which it is
        if isinstance(step, Hold) and step.message.startswith("It is not certain which disk"):
            return  # the entries were edited between two requests, of which one made the server
        allow, image = self.policies["disruption"]["allow"], {"image"} if self.image_open() else set()
        if isinstance(step, Hold) and (suspended or allow == "Never" or (allow == "Restart" and image)):
            assert step.reason == "RestartNeeded", step
            # After a lost POST it is not known in which groups the server was made: the cloud shows none.
            groups = "instanceGroups" in step.message
            # A card that an adopted server had, and the spec declared for a while, leaves with its entry.
            groups = groups or "networks[" in step.message
            assert left | image or groups or asked_restart(heard) is not None, f"nothing needs it: {step}"
            # Of a suspended server no disk is attached or detached.
            some = {"cpu", "memory", "rootDisk.size", "networks", "instanceGroups"}
            assert left <= some | ({"dataDisks"} if suspended else set()), left
            return
        assert isinstance(step, Settled), f"no rest: {step} {world.steps[-5:]}"
        request = heard.records.restart_request
        assert request is None or not request.under_way, "settled, and nothing came of a restart"
        assert asked_restart(heard) is None, "settled, and a restart is asked for"
        assert not left | image, f"settled, and yet it differs in {left | image}"
        assert row.server.phase is not Phase.FAILED


def at_last(row: Row) -> str:
    """Return the status that a server comes to when all hosts are there again and nobody touches it."""
    status, phase = row.server.status, row.server.phase
    if not row.rested or status in CREATE_FAILURES or status in DELETING_STATUSES or phase is Phase.UNKNOWN:
        return "running" if row.on or not row.rested else "ready"
    return status
