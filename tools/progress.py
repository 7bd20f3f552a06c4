"""Say what is being done, and that it still is. Standard library only: nothing may be installed yet."""

import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.children import child

HEARTBEAT_SECONDS = 15.0
TAIL_LINES = 20
WIDTH = 80  # of a terminal


class StepError(Exception):
    """A step failed; the message has the end of what it printed."""


def say(text: str) -> None:
    """Print what begins a step."""
    lines = textwrap.wrap(
        f"==> {text}",
        WIDTH,
        subsequent_indent=" " * 4,
        break_long_words=False,
        break_on_hyphens=False,
    )
    print(*lines, sep="\n", file=sys.stderr, flush=True)


def step(
    title: str,
    command: Sequence[str],
    *,
    usually: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> None:
    """Run *command* quietly, saying now and then that it still runs. Raises StepError with its last lines."""
    say(f"{title} (usually {usually})")
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        with child(command, stdout=output, stderr=subprocess.STDOUT, env=env, cwd=cwd) as process:
            while (code := _ended(process, heartbeat_seconds)) is None:
                so_far = _clock(time.monotonic() - started)
                say(f"    still at it: {title}, {so_far} so far (usually {usually})")
        if code:
            output.seek(0)
            lines = output.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
            raise StepError("\n".join([f"{title}: failed with exit code {code}:", *lines]))
    say(f"    done in {_clock(time.monotonic() - started)}")


def _ended(process: subprocess.Popen[bytes], timeout_seconds: float) -> int | None:
    try:
        return process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        return None


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
