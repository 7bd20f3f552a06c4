"""Another commit of this repository beside the one that is checked out, for as long as it is measured."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.waiting import BenchmarkError
from sandbox.cluster.scratch import scratch
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def checked_out(reference: str) -> Iterator[Path]:
    """Give the root of a work tree of *reference*, which is removed afterwards. Raises BenchmarkError."""
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    with scratch() as directory:
        root = directory / "before"
        _git("worktree", "add", "--detach", "--quiet", str(root), commit)
        try:
            yield root
        finally:
            _git("worktree", "remove", "--force", str(root))


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607 - whichever is there
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"git {' '.join(arguments)}: {done.stderr.strip() or 'no such commit'}")
    return done.stdout.strip()
