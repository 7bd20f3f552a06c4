"""What an installed CRD keeps of the status; an older one is told of, or waited out."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from typing import Any

import pytest

from onecloud_operator.api.crd import DEFINITION, RECORDS, schema
from onecloud_operator.api.identity import SERVER
from onecloud_operator.core.records import KeptDisk, Records, Restart
from onecloud_operator.core.report.next_records import records_status
from onecloud_operator.core.values import Place
from onecloud_operator.kube.calls import KubeError, KubeNotFound
from onecloud_operator.kube.installed_crd import (
    EVERY_SECONDS,
    InstalledCRD,
    RecordsLost,
    fields_lacking,
    records_lost,
)
from onecloud_operator.telemetry.health import Health
from tests.core.fixtures import bound
from tests.engine.simulated import SimulatedClock

OURS = schema()["properties"]["status"]


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("ours", "theirs", "lacking"),
    [
        pytest.param(thing(a=TEXT), thing(a=TEXT), set(), id="the-same"),
        pytest.param(thing(a=TEXT), thing(a=TEXT, b=TEXT), set(), id="a-newer-one-lacks-nothing"),
        pytest.param(thing(a=TEXT, b=TEXT), thing(a=TEXT), {"status.b"}, id="an-older-one"),
        pytest.param(thing(a=thing(b=TEXT)), thing(a=thing()), {"status.a.b"}, id="deep-down"),
        pytest.param(thing(a=thing(b=TEXT)), thing(), {"status.a"}, id="the-outermost-only"),
        pytest.param(
            thing(a={"type": "array", "items": thing(b=TEXT, c=TEXT)}),
            thing(a={"type": "array", "items": thing(b=TEXT)}),
            {"status.a[].c"},
            id="in-lists",
        ),
        pytest.param(
            thing(a=TEXT),
            {"x-kubernetes-preserve-unknown-fields": True},
            set(),
            id="one-that-keeps-everything",
        ),
    ],
)
def test_what_an_installed_crd_does_not_know(ours: Any, theirs: Any, lacking: set[str]) -> None:
    assert fields_lacking(ours, theirs) == lacking


async def test_fields_of_an_old_crd_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    api = Serving(without("state"))
    definition = definition_at(api)
    for _ in range(3):
        await definition.look()
    assert definition.lacking == {"status.state"}
    assert [record.fields for record in caplog.records] == ["status.state"]  # type: ignore[attr-defined]
    api.status = None
    await definition.look()
    assert definition.lacking == set(), "without a schema nothing is known"


@pytest.mark.parametrize(
    ("lost", "records"),
    [
        pytest.param(("creation", "failedAt"), {"status.creation.failedAt"}, id="part-of-a-record"),
        pytest.param(("cloud",), {"status.cloud"}, id="a-record"),
        pytest.param(("keptDisks",), {"status.keptDisks"}, id="disks-that-are-being-kept"),
        pytest.param(("rootDiskID",), {"status.rootDiskID"}, id="which-disk-is-the-root"),
        pytest.param(("ip",), set(), id="what-is-only-shown"),
    ],
)
async def test_an_old_crd_that_cannot_keep_the_records_is_not_worked_with(
    lost: tuple[str, ...], records: set[str]
) -> None:
    """A creation that cannot be recorded as failed would be looked at again and again, without a pause."""
    older = without(*lost)
    assert records_lost(older, DEFINITION) == records
    health = Health()
    waiting = asyncio.create_task(definition_at(Serving(older)).wait(health.ready))
    done, _ = await asyncio.wait((waiting,), timeout=0.05)
    waiting.cancel()
    assert bool(done) is not bool(records)
    assert (health.ready["objects"]() == "the installed CRD is too old") is bool(records)


def test_every_record_that_a_decision_rests_on_is_one_that_the_crd_must_keep() -> None:
    """A step that records what is not kept is taken again at once, for ever."""
    everything = Records(
        place=Place("https://cloud.example/v3", "region0", "project0"),
        creation=None,
        adopted_at="2026-11-29T12:00:00Z",
        taken_from="uid",
        deletion_requested_at="2026-11-29T12:00:00Z",
        root_disk_id="disk-0",
        disks=(bound(),),
        kept_disks=(KeptDisk("disk-1", "2026-11-29T12:00:00Z"),),
        restart=Restart("2026-11-29T12:00:00Z", "cpu"),
    )
    assert set(records_status(everything)) <= RECORDS


async def test_a_crd_that_is_updated_beside_a_running_operator_is_known_in_ten_minutes(
    clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    api = Serving(without("state"))
    definition = definition_at(api)
    await definition.look()
    running = asyncio.create_task(definition.run(clock))
    api.status = OURS
    await clock.advance(EVERY_SECONDS)
    assert definition.lacking == set()
    assert definition.status == OURS
    assert caplog.messages[-1] == "the installed CRD now has every field"
    running.cancel()


@pytest.mark.parametrize(
    "error",
    [pytest.param(KubeNotFound("none", 404), id="gone"), pytest.param(KubeError("silence"), id="silent")],
)
async def test_a_crd_that_cannot_be_read_for_a_while_changes_nothing(
    clock: SimulatedClock, error: KubeError
) -> None:
    api = Serving(OURS)
    definition = definition_at(api)
    await definition.look()
    running = asyncio.create_task(definition.run(clock))
    api.error = error
    await clock.advance(EVERY_SECONDS * 3)
    assert definition.status == OURS
    assert not running.done()
    running.cancel()


async def test_where_an_older_crd_takes_its_place_the_work_ends(clock: SimulatedClock) -> None:
    """Records that are written to it would be dropped without a word, and a restart would know of none."""
    api = Serving(OURS)
    definition = definition_at(api)
    await definition.look()
    running = asyncio.create_task(definition.run(clock))
    api.status = without("creation")
    await clock.advance(EVERY_SECONDS)
    with pytest.raises(RecordsLost, match=r"it lacks status\.creation"):
        await running


async def test_a_group_of_which_only_another_kind_is_served_does_not_count_as_installed() -> None:
    """Each kind has a definition of its own, which may be removed alone."""
    api = Serving(OURS)
    api.kind = "OneCloudProvider"
    health = Health()
    waiting = asyncio.create_task(definition_at(api).wait(health.ready))
    done, _ = await asyncio.wait((waiting,), timeout=0.05)
    waiting.cancel()
    assert not done
    assert health.ready["objects"]() == "the CRD is not installed"


class Serving:
    """An API server that serves this schema of the status of a *kind*."""

    def __init__(self, status: dict[str, Any] | None) -> None:
        self.status = status
        self.kind = SERVER.kind
        self.error: KubeError | None = None

    async def served_schema(self, _identity: object) -> dict[str, Any]:
        if self.error is not None:
            raise self.error
        kind = {"group": SERVER.group, "version": SERVER.version, "kind": self.kind}
        found = {"x-kubernetes-group-version-kind": [kind], "properties": {"status": self.status}}
        return {"components": {"schemas": {"it": found}}}


def definition_at(api: Serving) -> InstalledCRD:
    asked: Any = api  # for nothing else
    return InstalledCRD(asked, DEFINITION)


def without(*path: str) -> dict[str, Any]:
    """Return our schema without one field."""
    older: dict[str, Any] = deepcopy(OURS)
    properties = older["properties"]
    for name in path[:-1]:
        properties = properties[name]["properties"]
    del properties[path[-1]]
    return older
