"""
Run the operator and sample its stack: ``python -m benchmarks.sampled FILE run``.

Every few milliseconds of CPU time the innermost frames are counted. At the end FILE has one line a stack, as
flame graphs are drawn from: ``outer;…;inner COUNT``. C functions count for the Python that calls them.
``python -m benchmarks.stacks FILE`` tells what was dearest.
"""

from __future__ import annotations

import atexit
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from onecloud_operator import __main__

if TYPE_CHECKING:
    from types import CodeType, FrameType

EVERY_SECONDS = 0.004  # of CPU, the kernel's own grain
# Where packages are; a path is told from there on.
PLACES = (f"python{sys.version_info.major}.{sys.version_info.minor}", "site-packages", "operator")


class Sampler:
    """Counts stacks."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[CodeType, ...]] = Counter()

    def start(self) -> None:
        """Sample from now on."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, EVERY_SECONDS, EVERY_SECONDS)

    def write(self, path: Path) -> None:
        """Stop, and write what was counted."""
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        lines = (f"{';'.join(map(_name, stack))} {count}" for stack, count in self._counts.most_common())
        path.write_text("\n".join(lines) + "\n")

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            stack.append(frame.f_code)
            frame = frame.f_back
        self._counts[tuple(reversed(stack))] += 1


def _name(code: CodeType) -> str:
    path = Path(code.co_filename).with_suffix("")
    parts = path.parts
    for place in PLACES:
        if place in parts:
            parts = parts[parts.index(place) + 1 :]
    return f"{'/'.join(parts)}:{code.co_qualname}"


if __name__ == "__main__":
    sampler = Sampler()
    atexit.register(sampler.write, Path(sys.argv[1]))
    sampler.start()
    sys.exit(__main__.main(sys.argv[2:]))
