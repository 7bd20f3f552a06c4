"""Every row of the page on reliability is backed by a test, and every fault that is played has its row."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api.reasons import ALL_REASONS
from tests.e2e import test_cloud_faults, test_kubernetes_faults

if TYPE_CHECKING:
    from collections.abc import Collection

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
HEADS = ("fault |", "answer |", "---")
PLAYED: dict[str, Collection[str]] = {
    "The cloud": test_cloud_faults.KNOWN,
    "Kubernetes": test_kubernetes_faults.KNOWN,
    "The operator": {},
}
ROWS = [
    (chapter, [cell.strip() for cell in line.split("|")])
    for chapter, text in re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", PAGE, re.MULTILINE)
    for line in text.splitlines()
    if line.startswith("| ") and not line.startswith(tuple(f"| {head}" for head in HEADS))
]
IDS = [row[1].replace(" ", "-") for _, row in ROWS]


@pytest.mark.parametrize(("chapter", "row"), ROWS, ids=IDS)
def test_every_fault_of_the_page_is_played_by_a_test(chapter: str, row: list[str]) -> None:
    *path, name = re.findall(r"`([^`]+)`", row[4])
    if path:
        module = import_module(path[0].removesuffix(".py").replace("/", "."))
        assert name.startswith("test_")
        assert callable(getattr(module, name))
    else:
        assert name in PLAYED[chapter]


@pytest.mark.parametrize("name", test_cloud_faults.KNOWN)
def test_what_a_user_is_said_to_see_is_what_the_test_sees(name: str) -> None:
    (row,) = (row for _, row in ROWS if row[4] == f"`{name}`")
    told = {word for word in re.findall(r"`(\w+)`", row[2]) if word in ALL_REASONS}
    seen = test_cloud_faults.KNOWN[name].reasons
    assert told <= seen
    assert bool(told) == bool(seen)


def test_every_fault_that_is_played_is_on_the_page() -> None:
    told = {row[4].strip("`") for _, row in ROWS if "tests/" not in row[4]}
    assert told == {name for known in PLAYED.values() for name in known}


def test_every_row_says_what_is_seen_and_for_how_long() -> None:
    assert len(ROWS) > 50
    assert all(len(row) == 6 and all(row[1:5]) for _, row in ROWS)
