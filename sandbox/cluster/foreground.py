"""What runs in a terminal until it is ended: by Ctrl-C, by SIGTERM, or because the terminal has closed."""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from sandbox import interrupts
from tools.progress import say

from .process import stop_all
from .scratch import remove_all


def foreground(work: Callable[[], None], *expected: type[Exception]) -> int:
    """
    Do *work*, which waits at its end; return the exit code. Nothing that it made stays behind.

    An exception of a kind that is *expected* is shown by its message alone.
    """
    interrupts.listen()
    try:
        work()
    except KeyboardInterrupt as interrupt:
        stop_all()
        remove_all()
        number = signal.Signals(interrupt.args[0])
        with suppress(OSError):  # nobody may be there to be told
            say("stopped" if number == signal.SIGINT else f"stopped by {number.name}")
        return 0 if number == signal.SIGINT else 128 + number
    except expected as error:
        print(error, file=sys.stderr)
        return 1
    return 0
