"""
Child processes of a command that may be interrupted between any two lines. Standard library only.

``subprocess.run`` forgets its child if Ctrl-C comes while it is being started; here none is ever forgotten.
"""

from __future__ import annotations

import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from sandbox.interrupts import held

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def child(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start *command* without input, with Popen's *options*; it has ended when the block is left."""
    with ExitStack() as stack:
        with held():
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
            stack.callback(_end, process)
        yield process


def ask(
    command: Sequence[str], *, timeout_seconds: float | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run *command* to its end and return what it printed. Raises subprocess.TimeoutExpired."""
    pipe = subprocess.PIPE
    with child(command, stdout=pipe, stderr=pipe, text=True, **options) as process:
        out, err = process.communicate(timeout=timeout_seconds)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def _end(process: subprocess.Popen[Any]) -> None:
    process.kill()  # nothing happens if it has ended
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
