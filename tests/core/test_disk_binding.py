"""Which disk is which of those that were made along with a server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from onecloud_operator.core.disk_records import BOUND, PENDING, DiskRecord, bound_in_order, going_along
from onecloud_operator.core.observed import Disk
from tests.core.baselines import wanted
from tests.core.fixtures import ROOT

TWO = {"dataDisks": [{"name": "log", "size": "10Gi", "medium": "SSD"}, {"name": "data", "size": "20Gi"}]}
LOG, DATA = Disk("disk-1", 1, 10240, medium="SSD"), Disk("disk-2", 2, 20480)


def ids(records: tuple[DiskRecord, ...]) -> dict[str, str | None]:
    return {record.name: record.id for record in records}


def begun(spec: dict[str, Any] = TWO) -> tuple[DiskRecord, ...]:
    return going_along(wanted(spec), ())


def test_entries_are_bound_in_the_order_in_which_they_went_with_the_post() -> None:
    found = bound_in_order(begun(), (DATA, ROOT, LOG), ROOT.id)
    assert ids(found) == {"log": "disk-1", "data": "disk-2"}
    assert {record.stage for record in found} == {BOUND}


@pytest.mark.parametrize(
    "disks",
    [
        pytest.param((ROOT, LOG), id="too-few"),
        pytest.param((ROOT, LOG, DATA, Disk("other", 3, 1024)), id="too-many"),
        pytest.param((ROOT, replace(DATA, index=1), replace(LOG, index=2)), id="sizes-in-another-order"),
        pytest.param((ROOT, replace(LOG, medium="Rotational"), DATA), id="another-medium"),
    ],
)
def test_where_it_is_not_certain_none_is_bound(disks: tuple[Disk, ...]) -> None:
    assert bound_in_order(begun(), disks, ROOT.id) == begun()


def test_without_a_root_disk_that_is_known_none_is_bound() -> None:
    assert bound_in_order(begun(), (ROOT, LOG, DATA), None) == begun()


def test_after_an_edit_between_two_posts_none_is_bound_unless_the_first_made_nothing() -> None:
    other = wanted({"dataDisks": [*TWO["dataDisks"][::-1]]})
    unsure = going_along(other, begun(), unmade=False)
    assert {record.asked for record in unsure} == {()}
    assert bound_in_order(unsure, (ROOT, LOG, DATA), ROOT.id) == unsure
    sure = going_along(other, begun(), unmade=True)
    assert [record.name for record in sure] == ["data", "log"]
    assert going_along(wanted(TWO), begun(), unmade=False) == begun()


def test_a_disk_that_is_bound_is_not_bound_again() -> None:
    first = bound_in_order(begun(), (ROOT, LOG, DATA), ROOT.id)
    late = DiskRecord("more", "Retain", PENDING, asked=(("size", "1Gi"),))
    found = bound_in_order((*first, late), (ROOT, LOG, DATA, Disk("disk-3", 3, 1024)), ROOT.id)
    assert ids(found) == {"log": "disk-1", "data": "disk-2", "more": "disk-3"}
