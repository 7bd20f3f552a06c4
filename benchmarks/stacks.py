"""
What was dearest in stacks that benchmarks.sampled wrote: ``python -m benchmarks.stacks FILE...``.

By package: the share of the samples in which its own code ran, and what it called in C. By function: the
share of the samples in which it was under way, with all that it called; what almost everything goes through
is left out.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

OWN: Final = "onecloud_operator"
ROWS: Final = 10
MOST: Final = 0.6  # of the samples: more says nothing

Stacks = Counter[tuple[str, ...]]


def read(texts: Iterable[str]) -> Stacks:
    """Return the stacks of files, each with its count."""
    found: Stacks = Counter()
    for text in texts:
        for line in text.splitlines():
            frames, _, count = line.rpartition(" ")
            found[tuple(frames.split(";"))] += int(count)
    return found


def by_package(stacks: Stacks) -> dict[str, float]:
    """Return which share of the samples ended in each package; our own packages are told apart."""
    return _shares(stacks, lambda stack: {_package(stack[-1])})


def by_function(stacks: Stacks) -> dict[str, float]:
    """Return in which share of the samples each function was under way."""
    return {name: share for name, share in _shares(stacks, set).items() if share <= MOST}


def _shares(stacks: Stacks, names: Callable[[tuple[str, ...]], Iterable[str]]) -> dict[str, float]:
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        for name in names(stack):
            found[name] += count
    return {name: count / stacks.total() for name, count in found.most_common()}


def _package(frame: str) -> str:
    parts = frame.partition(":")[0].split("/")
    return "/".join(parts[:2]) if parts[0] == OWN else parts[0]


def shown(title: str, shares: Mapping[str, float], rows: int) -> str:
    """Return the largest *shares* as a table."""
    lines = [(f"`{name}`", f"{100.0 * share:.1f} %") for name, share in list(shares.items())[:rows]]
    return table([title, "share"], ["---", "--:"], lines)


if __name__ == "__main__":
    stacks = read(Path(name).read_text() for name in sys.argv[1:])
    sys.stdout.write(shown("package", by_package(stacks), 2 * ROWS) + "\n\n")
    sys.stdout.write(shown("function, with all that it calls", by_function(stacks), 4 * ROWS) + "\n")
