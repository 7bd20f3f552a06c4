"""Every attack on the page on security is played by a test, and every one that is played is on the page."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from sandbox.stranger.neighbour import SHARE, limit_mib
from tests.hostile.test_neighbours import KNOWN
from tools.docs.chart import CHART

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
_, _, ATTACKS = PAGE.partition("## Attacks")
HEADS = ("attack |", "---")
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in ATTACKS.splitlines()
    if line.startswith("| ") and not line.startswith(tuple(f"| {head}" for head in HEADS))
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].replace(" ", "-"))
def test_every_attack_of_the_page_is_played_by_a_test(row: list[str]) -> None:
    assert len(row) == 3
    assert all(row)
    *path, name = re.findall(r"`([^`]+)`", row[2])
    if path:
        module = import_module(path[0].removesuffix(".py").replace("/", "."))
        assert name.startswith("test_")
        assert callable(getattr(module, name))
    else:
        assert name in KNOWN


def test_every_attack_that_is_played_is_on_the_page() -> None:
    told = {row[2].strip("`") for row in ROWS if "tests/" not in row[2]}
    assert told == set(KNOWN)


def test_the_limit_of_memory_is_what_the_page_adds_up() -> None:
    parts = [int(number) for number in re.findall(r"^\| [^|]+ \| (\d+) MiB \|$", PAGE, re.MULTILINE)]
    assert len(parts) > 5
    share = sum(parts) / limit_mib()
    assert f"That is {sum(parts)} MiB, {share:.0%}".replace("%", " %") + f" of {limit_mib():.0f} MiB." in PAGE
    assert sum(parts) <= SHARE * limit_mib()


def test_the_quota_of_the_page_is_one_that_the_api_server_counts() -> None:
    (quota,) = (
        found
        for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
        for found in [yaml.safe_load(block)]
        if found.get("kind") == "ResourceQuota"
    )
    names = {"onecloudservers.onecloud.io", "secrets"}
    assert set(quota["spec"]["hard"]) == {f"count/{name}" for name in names}


def test_the_values_of_the_page_are_values_of_the_chart() -> None:
    known = json.loads((CHART / "values.schema.json").read_text())["properties"]
    assert "allowedEndpoints" in known["settings"]["properties"]
    assert {"secretNames"} <= set(known["rbac"]["properties"])
    assert {"clouds", "enabled", "metricsFrom"} <= set(known["networkPolicy"]["properties"])
