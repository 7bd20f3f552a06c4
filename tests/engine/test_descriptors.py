"""The limit of open files is raised at the start, and some are kept for what is no cloud."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from onecloud_operator.engine.descriptors import MAX_CONNECTIONS, MIN_CONNECTIONS, RESERVE, connections_within

ROOT = Path(__file__).parents[2]
SCRIPT = """
import resource
from onecloud_operator.engine.descriptors import raise_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 2000))
print(raise_limit(), resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        (1024, 1024 - RESERVE),
        (524_288, MAX_CONNECTIONS),
        (resource.RLIM_INFINITY, MAX_CONNECTIONS),
        (100, MIN_CONNECTIONS),
    ],
)
def test_a_part_is_kept_for_what_is_no_cloud(limit: int, left: int) -> None:
    assert connections_within(limit) == left


def test_the_limit_that_holds_is_raised_to_the_one_that_may_not_be_passed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={"PYTHONPATH": str(ROOT / "operator")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{2000 - RESERVE} (2000, 2000)\n"
