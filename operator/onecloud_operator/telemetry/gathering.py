"""
Lines of the log that say the same of many objects at once are one line, with their number.

Each waits for a moment. A few of one reason are then written one by one; many, as when a cloud goes away
under 10,000 objects, are one line, and so are those of each minute after it, until no more come.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from onecloud_operator.engine.loggers import GATHERED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOMENT_SECONDS: Final = 1.0
STORM_SECONDS: Final = 60.0  # between two lines of a reason that goes on and on
FEW: Final = 3  # lines of one reason in one moment that are each written
MAX_REASONS: Final = 256  # beyond, each is written at once


@dataclass(slots=True)
class _Group:
    """*due_at*: when its lines are written. *storm*: the last time they were more than a few."""

    due_at: float
    storm: bool = False
    first: list[logging.LogRecord] = field(default_factory=list)
    count: int = 0

    @property
    def stormy(self) -> bool:
        """Whether its lines are one: they are many, or some in the wake of many."""
        return self.count > (1 if self.storm else FEW)

    def lines(self) -> list[logging.LogRecord]:
        """Return what is to be written of it."""
        if self.stormy:
            first = self.first[0]
            first.count = self.count
            first.msg, first.args = f"{first.getMessage()} (and {self.count - 1:,} more)", ()
            return [first]
        return self.first


class GatheringHandler(logging.Handler):
    """Passes records on to *target*: at once, but for those that are marked as `GATHERED`."""

    def __init__(self, target: logging.Handler, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._target = target
        self._monotonic = monotonic
        self._groups: dict[tuple[str, int, str], _Group] = {}
        self._timer: threading.Timer | None = None
        self._wakes_at = float("inf")
        self._moment_at = 0.0
        self.woken = threading.Event()  # its timer was heard at least once

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*, or keep it for a moment."""
        if not vars(record).pop(GATHERED, False):
            self._target.handle(record)
            return
        key = (record.name, record.levelno, _what(record))
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MAX_REASONS:
                self._target.handle(record)
                return
            group = self._groups[key] = _Group(self._next_moment())
        group.count += 1
        if len(group.first) < FEW:
            group.first.append(record)
        self._wait()

    def write_due(self) -> None:
        """Write what has waited for its moment."""
        with self.lock or threading.RLock():
            self._timer, self._wakes_at = None, float("inf")
            now = self._monotonic()
            due = {key: group for key, group in self._groups.items() if group.due_at <= now}
            self._write(due.values())
            for key, group in due.items():
                if group.stormy:
                    self._groups[key] = _Group(now + STORM_SECONDS, storm=True)
                else:
                    del self._groups[key]
            if self._groups:
                self._wait()
            self.woken.set()

    def flush(self) -> None:
        """Write all that waits, as at the end of the process."""
        with self.lock or threading.RLock():
            self._write(self._groups.values())
            self._groups.clear()
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._wakes_at = None, float("inf")
        self._target.flush()

    def close(self) -> None:
        """Write all that waits, and nothing after it."""
        self.flush()
        super().close()

    def _write(self, groups: Iterable[_Group]) -> None:
        """Write the lines of *groups* in the order of their times."""
        records = [record for group in groups for record in group.lines()]
        for record in sorted(records, key=lambda each: each.created):
            self._target.handle(record)

    def _next_moment(self) -> float:
        """Return when a reason that is heard now is written: with the others, so that lines stay in order."""
        now = self._monotonic()
        if self._moment_at - now < MOMENT_SECONDS / 2:
            self._moment_at = now + MOMENT_SECONDS
        return self._moment_at

    def _wait(self) -> None:
        due_at = min(group.due_at for group in self._groups.values())
        if due_at < self._wakes_at:
            if self._timer is not None:
                self._timer.cancel()
            self._wakes_at = due_at
            self._timer = threading.Timer(max(due_at - self._monotonic(), 0.0), self.write_due)
            self._timer.daemon = True
            self._timer.start()


def _what(record: logging.LogRecord) -> str:
    """Return what a line has in common with others: its reason, else what it says, of whatever thing."""
    if reason := getattr(record, "reason", None):
        return str(reason)
    # A step about one thing of many, such as a disk, has it after its name.
    step, message = str(getattr(record, "step", None) or "").split(), record.getMessage()
    return message.replace(step[1], "") if len(step) > 1 else message
