"""``status.nextRetryTime`` is the time of the next try, as a look at what happens shows for every reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api.reasons import DELETING_REASONS, SYNCED_REASONS, Reason
from onecloud_operator.core.actions import BeginCreation, Find, Hold, ReadEip
from onecloud_operator.core.cloud_writes import CloudWrite, Create, Delete, Start, Unlock
from onecloud_operator.core.config import Config
from onecloud_operator.core.connection_writes import WriteConnection
from onecloud_operator.core.values import Problem, time_of_text
from tests.core.cloud import Cloud
from tests.core.eips import Eip
from tests.core.fixtures import (
    ID,
    MADE,
    NEW,
    OTHER_UID,
    OWNER,
    records,
    resource,
    server,
    spec,
    wall_at,
)
from tests.core.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.resource import Resource

SECONDS = 3600.0
NEWS_SECONDS = 7.0
CLOSE_SECONDS = 4.0  # of passes that lead from a wait to the try, and of times in whole seconds
UNTIMED = {
    "ReferenceUnknown"
}  # a name is asked for again for all objects of a project, with the first of them
OTHER_ID = "0e4d2f61-1111-4222-8333-444455556666"


@dataclass
class Refusing(Cloud):
    """A cloud that refuses what *refuses* gives a problem for."""

    refuses: Callable[[Step], Problem | None] = lambda _step: None

    def send(self, step: CloudWrite, resource: Resource) -> Problem | None:
        """Meet one write."""
        return self.refuses(step) or super().send(step, resource)


def refused(kind: type, reason: Reason, found: Resource, *servers: object) -> World:
    """Return a world in which each step of a kind is refused with *reason*."""
    world = World.of(found)
    world.cloud = Refusing(refuses=lambda step: Problem(reason, "no") if isinstance(step, kind) else None)
    for one in servers:
        world.cloud.put(one, found.uid)  # type: ignore[arg-type]  # a server
    return world


def creating(reason: Reason) -> World:
    return refused(Create, reason, NEW)


def failing_in_the_cloud(words: str) -> World:
    world = World.of(NEW)
    world.cloud.fate, world.cloud.words, world.cloud.tells_history = "sched_fail", words, True
    return world


def adopting(name: str, *others: str, owner: object = None) -> World:
    wanted = spec(adoption={"policy": "Adopt", "name": name})
    world = World.of(replace(NEW, spec=wanted))
    for one in others:
        row = world.cloud.put(server(id=one, name=name))
        if owner is not None:
            row.change(owner=owner)
    return world


def start_in_vain() -> World:
    world = World.of(resource(records=records(creation=MADE)), server("ready"))
    world.cloud.mood = "deaf"
    return world


def start_fails() -> World:
    world = World.of(resource(records=records(creation=MADE)), server("start_fail"))
    world.cloud.mood = "deaf"
    return world


def eip_elsewhere() -> World:
    found = replace(resource(records=records(creation=MADE)), spec=spec({"eip": {"id": OTHER_ID}}))
    world = World.of(found, server())
    world.cloud.eips[OTHER_ID] = Eip("front", "10.89.0.201", holder="another-server")
    return world


def secret_of_another() -> World:
    telling = spec(writeConnectionSecretToRef={"name": "web-1-conn"})
    world = World.of(replace(resource(records=records(creation=MADE)), spec=telling), server())
    world.config, world.foreign = Config(connection_secrets=True), {"web-1-conn"}
    return world


def removing(reason: Reason) -> World:
    return refused(
        Delete, reason, replace(resource(records=records(creation=MADE)), deleting=True), server("ready")
    )


def two_refusals() -> World:
    """A write is refused for long, and the status tells of it; another is tried more often."""
    found = resource(records=records(creation=MADE))
    found = replace(found, spec=spec({"description": "new", "powerState": "Running"}))
    world = refused(Start, Reason.PROVIDER_ERROR, found, server("ready"))
    cloud = world.cloud
    assert isinstance(cloud, Refusing)
    other = cloud.refuses
    cloud.refuses = lambda step: (
        other(step) or (Problem(Reason.QUOTA_EXCEEDED, "no") if type(step).__name__ == "Update" else None)
    )
    return world


def at_half_past() -> World:
    """A change that stops the server waits for the next window, half an hour away."""
    window = {"start": "12:30", "duration": "10m"}
    return World.of(
        resource(spec=spec({"cpu": 4}, disruption={"allow": "Restart", "windows": [window]})), server()
    )


REFUSALS = (
    Reason.INVALID_SPEC,
    Reason.REFERENCE_NOT_FOUND,
    Reason.QUOTA_EXCEEDED,
    Reason.NO_CAPACITY,
    Reason.PROVIDER_ERROR,
)
WORLDS: dict[str, tuple[Reason, Callable[[], World]]] = {
    **{f"a-creation-is-refused-{reason}": (reason, partial(creating, reason)) for reason in REFUSALS},
    "a-name-is-taken": (Reason.NAME_CONFLICT, lambda: creating(Reason.NAME_CONFLICT)),
    "a-creation-fails": (Reason.CREATION_FAILED, lambda: failing_in_the_cloud("no luck")),
    "a-creation-fails-without-room": (Reason.NO_CAPACITY, lambda: failing_in_the_cloud("not enough memory")),
    "two-have-the-name": (Reason.AMBIGUOUS_NAME, lambda: adopting("db", ID, OTHER_ID)),
    "another-has-the-server": (
        Reason.OWNED_BY_ANOTHER,
        lambda: adopting("db", OTHER_ID, owner=replace(OWNER, uid=OTHER_UID)),
    ),
    "a-start-is-in-vain": (Reason.OPERATION_FAILED, start_in_vain),
    "a-failed-status-stays": (Reason.OPERATION_FAILED, start_fails),
    "one-waits-longer-than-another": (Reason.QUOTA_EXCEEDED, two_refusals),
    "an-eip-is-elsewhere": (Reason.EIP_UNAVAILABLE, eip_elsewhere),
    "a-secret-is-another-s": (Reason.SECRET_CONFLICT, secret_of_another),
    "a-host-is-off": (Reason.HOST_OFFLINE, lambda: removing(Reason.HOST_OFFLINE)),
    "a-window-opens": (Reason.WAITING_FOR_WINDOW, at_half_past),
    "it-is-prepaid": (Reason.PREPAID_NOT_EXPIRED, lambda: removing(Reason.PREPAID_NOT_EXPIRED)),
}


def is_try(step: Step, reason: Reason) -> bool:
    """Say whether *step* is one at which what is told with *reason* may turn out well."""
    if reason in {Reason.CREATION_FAILED, Reason.NO_CAPACITY} and isinstance(step, Delete | Unlock):
        return False  # what is left is cleaned up meanwhile
    if reason == Reason.QUOTA_EXCEEDED and isinstance(step, Start):
        return False  # another's problem
    return isinstance(step, CloudWrite | Find | ReadEip | BeginCreation | WriteConnection)


@pytest.mark.parametrize("name", WORLDS)
def test_the_next_try_comes_when_it_is_told_to_come(name: str) -> None:
    reason, make = WORLDS[name]
    world = make()
    end, tries = world.now + SECONDS * 2, 0
    announced: list[str] = []  # since the last try: each must have been right when it was shown
    while world.now < end:
        before = world.cluster.stored.status
        step = world.turn()
        if announced and is_try(step, reason):
            for text in announced:
                moment = time_of_text(text)
                assert moment is not None
                off = (wall_at(world.now) - moment).total_seconds()
                assert abs(off) <= CLOSE_SECONDS, f"{text} was told, and {step} came {off} s after it"
            tries, announced = tries + 1, []
        status = world.cluster.stored.status
        reasons = {c["reason"] for c in status.get("conditions", ()) if c["type"] in {"Synced", "Deleting"}}
        known = status.get("nextRetryTime") if reason in reasons else None
        shown = isinstance(step, Hold) or status is not before
        if shown and known is not None and known not in announced:
            announced.append(known)
        # There is always something that leads to a pass before its time.
        world.now += min(NEWS_SECONDS if world.wait is None else world.wait, NEWS_SECONDS)
    assert tries >= (1 if reason in {Reason.PREPAID_NOT_EXPIRED, Reason.WAITING_FOR_WINDOW} else 2)


def test_every_reason_that_has_a_time_of_its_own_is_compared() -> None:
    own = {name for name, row in {**SYNCED_REASONS, **DELETING_REASONS}.items() if row.scope == "own"}
    assert own - UNTIMED == {reason for reason, _ in WORLDS.values()}
