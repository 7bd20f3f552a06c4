"""Every row of the page on reliability is backed by a test, and every fault that is played has its row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e import test_cloud_faults, test_kubernetes_faults

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
ROWS = [line.split("|") for line in PAGE.splitlines() if re.match(r"\| (?!fault|---)", line)]
PLAYED = {
    name
    for module in (test_cloud_faults, test_kubernetes_faults)
    for name in module.SICKNESSES | module.LONG_SICKNESSES
}


@pytest.mark.parametrize("row", ROWS, ids=[row[1].strip().replace(" ", "-") for row in ROWS])
def test_every_fault_of_the_page_is_played_by_a_test(row: list[str]) -> None:
    *path, name = re.findall(r"`([^`]+)`", row[4])
    if not path:
        assert name in PLAYED
    else:
        assert f"def {name}(" in (ROOT / path[0]).read_text()


def test_every_fault_that_is_played_is_on_the_page() -> None:
    assert {row[4].strip(" `") for row in ROWS if "tests/" not in row[4]} == PLAYED


def test_every_row_says_what_is_seen_and_for_how_long() -> None:
    assert all(len(row) == 6 and all(cell.strip() for cell in row[1:5]) for row in ROWS)
