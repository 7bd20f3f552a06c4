"""An interruption at the worst moment: whatever has been started is ended, and nothing is forgotten."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import children
from sandbox.cluster import process
from sandbox.interrupts import ENDINGS, held, listen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

FOREVER = ["/bin/sh", "-c", "echo begun; read nothing < /dev/zero"]


@pytest.fixture(autouse=True)
def listening() -> Iterator[None]:
    """Let interruptions be raised as in the demo, and as before afterwards."""
    before = {number: signal.getsignal(number) for number in ENDINGS}
    listen()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def interrupted_start() -> Iterator[None]:
    """Interrupt when the child has just been forked and Popen does not know its id yet."""

    def watch(_frame: FrameType, event: str, function: object) -> None:
        if event == "c_return" and getattr(function, "__name__", "") == "fork_exec":
            signal.raise_signal(signal.SIGTERM)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        sys.setprofile(before)


def children_of_ours() -> set[str]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    return set(listed.read_text().split())


def test_an_interruption_waits_for_the_outermost_block_and_says_which_signal_it_was() -> None:
    done = []

    def make() -> None:
        with held():
            with held():
                signal.raise_signal(signal.SIGTERM)
                done.append("inner")
            done.append("outer")

    with pytest.raises(KeyboardInterrupt) as caught:
        make()
    assert done == ["inner", "outer"]
    assert caught.value.args == (signal.SIGTERM,)


def test_one_interruption_is_raised_once() -> None:
    with pytest.raises(KeyboardInterrupt), held():
        signal.raise_signal(signal.SIGINT)
    with held():
        signal.raise_signal(signal.SIGINT)  # whoever presses twice must not stop the clean-up


def test_without_a_block_it_is_raised_at_once() -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_process_whose_start_is_interrupted_can_still_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_started", set())  # those of other tests go on
    before = children_of_ours()
    with interrupted_start():
        process.Process(FOREVER, log=tmp_path / "log")
    assert len(children_of_ours() - before) == 1
    process.stop_all()
    assert children_of_ours() == before


def test_a_question_whose_start_is_interrupted_leaves_no_child() -> None:
    before = children_of_ours()
    with interrupted_start():
        children.ask(FOREVER)
    assert children_of_ours() == before


def test_a_question_that_gets_no_answer_leaves_no_child() -> None:
    before = children_of_ours()
    with pytest.raises(subprocess.TimeoutExpired):
        children.ask(FOREVER, timeout_seconds=0.05)
    assert children_of_ours() == before


def test_a_question_gives_what_was_printed_and_how_it_ended() -> None:
    done = children.ask([sys.executable, "-c", "import sys; print('out'); sys.exit('err')"])
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 1)
