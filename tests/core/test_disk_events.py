"""A data disk that comes or goes is told once, with its name and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.report.events import events_between
from tests.core.test_data_disks import FIRST, KEPT, disk, row, to_rest, wants, world_with
from tests.core.test_disks_and_recreation import AGAIN, lose, with_added_disk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.conclusion import Conclusion
    from onecloud_operator.core.facts import Facts, Memory
    from onecloud_operator.core.outcome import Outcome
    from tests.core.world import World

WORDS = ("DiskAttached", "DiskDetached")


class Told:
    """The Events about disks that a world's passes give from now on."""

    def __init__(self, world: World) -> None:
        self._conclude = world.conclude
        self.events: list[str] = []
        world.conclude = self._listen

    def _listen(self, facts: Facts, step: Step, outcome: Outcome, jitter: float) -> Conclusion[Memory]:
        conclusion = self._conclude(facts, step, outcome, jitter)
        if conclusion.status is not None:
            found = events_between(facts.resource.status, conclusion.status)
            self.events += [f"{each.reason} {each.message}" for each in found if each.reason in WORDS]
        return conclusion

    def __iter__(self) -> Iterator[str]:
        found, self.events = self.events, []
        return iter(found)


ONE = {"name": "data", "stage": "Bound", "reclaimPolicy": "Recycle", "id": "d-1"}
SERVER = "web-1 (s-1)"


def status(*shown: str, **record: str | None) -> dict[str, Any]:
    """Return the status of a server that shows these data disks, with a record of one."""
    row = {key: value for key, value in {**ONE, **record}.items() if value is not None}
    return {
        "id": "s-1",
        "baseline": {"image": "i-1"},
        "server": {"name": "web-1", "dataDisks": [{"id": each} for each in shown]},
        "dataDisks": [row],
    }


def told_between(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [f"{each.reason} {each.message}" for each in events_between(old, new) if each.reason in WORDS]


ATTACHED = [f"DiskAttached Attached data disk data (d-1) to server {SERVER}."]
LEFT = f"DiskDetached Data disk data (d-1) is not server {SERVER}'s any more: "
NEW = {key: value for key, value in status().items() if key != "baseline"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(status(), status("d-1"), ATTACHED, id="attached"),
        pytest.param(status("d-1"), status("d-1"), [], id="it-is-there"),
        pytest.param(status(stage="Making"), status(), [], id="made-and-not-attached-yet"),
        pytest.param(status(), status("d-2"), [], id="one-that-is-not-recorded"),
        pytest.param(NEW, status("d-1"), [], id="made-with-the-server"),
        pytest.param(status("d-1"), status("d-1", stage="Removing"), [], id="it-is-about-to-go"),
        pytest.param(
            status("d-1", stage="Removing"),
            status(stage="Kept"),
            [LEFT + "it stays in the cloud."],
            id="kept",
        ),
        pytest.param(
            status(stage="Removing"),
            status(stage="Recycled"),
            [LEFT + "it is in the recycle bin."],
            id="recycled",
        ),
        pytest.param(
            status("d-1"),
            status(stage="Gone"),
            [LEFT + "it is gone from the cloud."],
            id="another-took-it-away",
        ),
        pytest.param(status(stage="Making"), status(stage="Gone"), [], id="an-id-that-is-burnt"),
        pytest.param(status(stage="Kept"), status(stage="Kept"), [], id="it-went-long-ago"),
        pytest.param(
            status(stage="Removing"),
            {**status(stage="Kept"), "keptDisks": [{"id": "d-1", "since": "x"}]},
            [],
            id="that-it-is-kept-from-going-along-is-told-otherwise",
        ),
    ],
)
def test_a_disk_that_comes_or_goes_is_told_once(
    old: dict[str, Any], new: dict[str, Any], told: list[str]
) -> None:
    assert told_between(old, new) == told


def test_what_is_made_with_the_server_is_not_told_one_by_one() -> None:
    world = world_with(**AGAIN)
    told = Told(world)
    wants(world, disk(), **AGAIN)
    world.cloud.erase(row(world).server.id)
    to_rest(world)
    assert list(told) == []


def test_a_disk_that_is_kept_from_going_with_its_server_is_told_once() -> None:
    world = world_with(disk(**KEPT))
    told = Told(world)
    world.now += 600.0
    world.cluster.edit(deleting=True)
    to_rest(world)
    kept = {each.id for each in world.cluster.stored.records.kept_disks}
    assert len(list(told)) + len(kept) == 1


def test_a_disk_of_a_server_that_is_made_again_is_told() -> None:
    world = with_added_disk()
    told = Told(world)
    lose(world)
    to_rest(world)
    assert any(FIRST in each and "recycle bin" in each for each in told)


@pytest.mark.parametrize("odd", [[], ["x"], [{"name": 1}], None, {"a": 1}, "x"], ids=str)
def test_a_status_of_any_form_is_read(odd: object) -> None:
    changed = {**status("d-1"), "dataDisks": odd, "keptDisks": odd, "server": {"dataDisks": odd}}
    assert told_between(status("d-1"), changed) == []
    assert told_between(changed, status("d-1")) in ([], ATTACHED)
