"""Ctrl-C and its relatives: the first one ends the demo in order, those after it change nothing."""

import signal
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def listen() -> None:
    """Let the next of these signals raise KeyboardInterrupt, whose argument is its number."""
    for number in ENDINGS:
        signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    """Begin the clean-up, once: it takes a second, and must not be stopped halfway."""
    for each in ENDINGS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(number)
