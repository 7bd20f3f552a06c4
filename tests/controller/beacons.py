"""
A made-up kind, without namespaces: a Beacon, which a lamp somewhere is to be lit for.

It stands for the next kind that the operator will have: its actuator, its objects and its definition are all
that such a kind brings along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from onecloud_operator.api.identity import Definition, Identity
from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.actuator import Actuator, Observation
from onecloud_operator.core.conclusion import Conclusion, Counted, KubeEvent, LogLine
from onecloud_operator.core.conditions import Condition, listed, standing
from onecloud_operator.core.retry_state import RetryState, count_accepted, forgive, refuse, wait_for_next
from onecloud_operator.core.values import Problem
from onecloud_operator.core.waits import Waits
from onecloud_operator.kube.bounded_json import finalizer_place
from onecloud_operator.kube.client import KubeClient, ObjectReference
from onecloud_operator.kube.store import Key, Store, StoredKind, version_of

if TYPE_CHECKING:
    from collections.abc import Callable

BEACON = Identity("Beacon", "beacons", "onecloud.io/beacon", group="test.onecloud.io", namespaced=False)
INTEGER = {"type": "integer"}
STATUS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "observedGeneration": INTEGER,
        "brightness": INTEGER,
        "conditions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    **{
                        name: {"type": "string"}
                        for name in ("type", "status", "reason", "message", "lastTransitionTime")
                    },
                    "observedGeneration": INTEGER,
                },
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {"type": "object", "properties": {"brightness": INTEGER}},
        "status": STATUS,
    },
}
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{BEACON.plural}.{BEACON.group}"},
    "spec": {
        "group": BEACON.group,
        "scope": "Cluster",
        "names": {"plural": BEACON.plural, "kind": BEACON.kind},
        "versions": [
            {
                "name": BEACON.version,
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": SCHEMA},
            }
        ],
    },
}
DEFINITION = Definition(BEACON, lambda: STATUS, frozenset({"conditions"}))
WAITS = Waits(0.1, 1.0)
Step = Literal["Hold", "Light", "Release", "Settle"]


@dataclass(frozen=True, slots=True)
class Beacon:
    """One object."""

    key: Key
    version: str
    generation: int
    brightness: int
    deleting: bool
    finalizers: tuple[str, ...]
    place: int
    status: Mapping[str, Any]

    @property
    def held(self) -> bool:
        return BEACON.finalizer in self.finalizers


def beacon_of(body: Mapping[str, Any]) -> Beacon:
    metadata = body["metadata"]
    return Beacon(
        Key(metadata.get("namespace", ""), metadata["name"], metadata["uid"]),
        version_of(body),
        metadata["generation"],
        body["spec"]["brightness"],
        "deletionTimestamp" in metadata,
        tuple(metadata.get("finalizers") or ()),
        finalizer_place(metadata, BEACON.finalizer),
        body.get("status") or {},
    )


BEACONS = StoredKind(BEACON, beacon_of, lambda _body: None)


@dataclass(frozen=True, slots=True)
class Facts:
    beacon: Beacon
    now: float
    lit: int | None
    memory: RetryState[Step]


@dataclass
class BeaconActuator(Actuator[Beacon, Facts, Step, Problem | None, RetryState[Step]]):
    """Lights *lamps*, by name; each of them is out of order while it is in *broken*."""

    objects: Store[Beacon]
    cluster: KubeClient
    monotonic: Callable[[], float]
    lamps: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def new_memory(self, now: float) -> RetryState[Step]:
        return RetryState(born_at=now)

    async def prepare(self, key: Key) -> bool:  # noqa: ARG002 - all beacons share one turn
        return False

    async def observe(
        self, key: Key, found: Beacon, memory: RetryState[Step]
    ) -> Observation[Facts, Step, Problem | None, RetryState[Step]]:
        facts = Facts(found, self.monotonic(), self.lamps.get(key.name), memory)
        return Observation(facts, memory, partial(self._act, found))

    def plan(self, facts: Facts) -> Step:
        if facts.beacon.deleting:
            return "Release"
        if not facts.beacon.held:
            return "Hold"
        return "Settle" if facts.lit == facts.beacon.brightness else "Light"

    async def _act(self, beacon: Beacon, step: Step) -> Problem | None:
        key = beacon.key
        reference = ObjectReference(BEACON, key.namespace, key.name, key.uid, beacon.version)
        asked_at = self.monotonic()
        match step:
            case "Hold":
                body = await self.cluster.add_finalizer(reference, BEACON.finalizer, others=False)
                self.objects.answered(body, asked_at)
            case "Release":
                self.lamps.pop(key.name, None)
                body = await self.cluster.remove_finalizer(reference, BEACON.finalizer, beacon.place)
                self.objects.answered(body, asked_at)
            case "Light" if key.name in self.broken:
                return Problem(Reason.PROVIDER_ERROR, "The lamp is out of order.")
            case "Light":
                self.lamps[key.name] = beacon.brightness
            case "Settle":
                pass
        return None

    def conclude(
        self, facts: Facts, step: Step, outcome: Problem | None, jitter: float
    ) -> Conclusion[RetryState[Step]]:
        beacon, intent = facts.beacon, str(facts.beacon.generation)
        if outcome is not None:
            wait = wait_for_next(facts.memory, step, outcome, intent=intent, waits=WAITS) * jitter
            memory = refuse(
                facts.memory, step, outcome, intent=intent, ended_at=facts.now, wait_seconds=wait, step=step
            )
            status = _status(beacon, "False", outcome.reason, outcome.message)
            log = LogLine("WARNING", "a step failed", {"object": str(beacon.key), "step": step})
            counted = Counted(step, outcome.reason)
            return Conclusion(memory, memory, status, requeue_after=wait, log=log, counted=counted)
        if step == "Settle":
            status = _status(beacon, "True", Reason.UP_TO_DATE, "The lamp shines.")
            return Conclusion(facts.memory, facts.memory, status)
        memory = count_accepted(forgive(facts.memory, step), step, intent=intent, ended_at=facts.now)
        return Conclusion(memory, memory, again=True, counted=Counted(step))

    def released_status(self, found: Beacon) -> Mapping[str, Any] | None:
        return _status(found, "Unknown", Reason.RELEASED, "The lamp is out.")

    def differs(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        return old != new

    def events_between(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[KubeEvent]:
        before, after = standing(old, "Synced"), standing(new, "Synced")
        if after is not None and (before is None or before["reason"] != after["reason"]):
            kind = "Normal" if after["status"] == "True" else "Warning"
            yield KubeEvent(kind, after["reason"], after["message"])

    def forget(self, key: Key) -> None:
        self.lamps.pop(key.name, None)


def _status(beacon: Beacon, status: str, reason: Reason, message: str) -> dict[str, Any]:
    synced = Condition("Synced", status, reason, message, beacon.generation)
    return {
        "observedGeneration": beacon.generation,
        "brightness": beacon.brightness,
        "conditions": listed([synced], beacon.status, datetime.now(UTC)),
    }
