"""Faults on request: what to do to which calls, and how often."""

import re
from dataclasses import dataclass, field
from typing import Literal

Effect = Literal[
    "pass", "answer", "hang", "reset", "truncate", "garbage", "mislabel", "huge", "endless", "twice"
]
HUGE_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 1024 * 1024


@dataclass(slots=True)
class Fault:
    """
    One fault.

    It fits a call whose method is *method* (``*``: any) and whose path, with its query, is found by the
    regular expression *path*; the first *skip* of them pass, the next *count* (None: all) are hit.

    *work* says whether the call is carried out before the effect: a lost answer is a reset with *work*.
    Carried out twice, as by a proxy that repeats it, a call is answered as the second time, or with *work* as
    the first. mislabel: the right answer as *content_type*. huge: too much, and announced so. endless: in
    pieces without a length, until the client has had enough.
    """

    effect: Effect = "pass"
    method: str = "*"
    path: str = ""
    count: int | None = 1
    skip: int = 0
    work: bool = False
    latency_seconds: float = 0.0
    status: int = 503
    kind: str = "ServerError"
    details: str = "a fault on request"
    body: str | None = None
    content_type: str = "application/json;charset=utf-8"
    hits: int = field(default=0, init=False)

    def fits(self, method: str, target: str) -> bool:
        return self.method in {"*", method} and re.search(self.path, target) is not None


@dataclass(slots=True)
class Faults:
    """The faults that wait, in the order in which they were added; the first that fits hits."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> Fault:
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        self.waiting.clear()

    def take(self, method: str, target: str) -> Fault | None:
        """Return the fault that hits this call, and count it."""
        for fault in self.waiting:
            if not fault.fits(method, target):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.hits += 1
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self.waiting.remove(fault)
            return fault
        return None
