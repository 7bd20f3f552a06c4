"""
Ctrl-C and its relatives: the first one ends a command in order, those after it change nothing.

Standard library only: nothing may be installed yet.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _State:
    """What the handler of the one main thread knows."""

    holds = 0
    """How many blocks of held() are open."""
    waiting: int | None = None
    """The signal that came meanwhile."""


def listen() -> None:
    """Let the next of these signals raise KeyboardInterrupt, whose argument is its number."""
    for number in ENDINGS:
        signal.signal(number, _interrupt)


@contextmanager
def held() -> Iterator[None]:
    """
    Put the interruption off until the end of the block, which makes something and notes that it exists.

    Signals stay unblocked, so a child does not inherit a mask. Has no effect where listen() was not called.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers run in the main thread only
        return
    _State.holds += 1
    try:
        yield
    finally:
        _State.holds -= 1
        if not _State.holds and _State.waiting is not None:
            number, _State.waiting = _State.waiting, None
            _raise(number)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if _State.holds:
        _State.waiting = number
    else:
        _raise(number)


def _raise(number: int) -> NoReturn:
    """Begin the clean-up, once: it takes a second, and must not be stopped halfway."""
    for each in ENDINGS:
        signal.signal(each, signal.SIG_IGN)  # a child would inherit that: not while one may be being started
    raise KeyboardInterrupt(number)
