"""
Which of several processes may work: the one whose name stands in a record that all of them can read.

    leader   renewal sent ├──── deadline, 10 s ────┤ writes nothing any more, and ends
    record                  └ written
    others                     ├ seen ──── unchanged for its duration, 15 s ────┤ take over

The deadline counts from before the record was written, the duration from after it was seen, and each on the
counting process's own clock: no two machines' clocks are ever compared, and what is left between the two is
for requests that are still under way. A leader that was frozen finds the fence closed when it wakes.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from onecloud_operator.engine.clock import Clock

    Alive = Callable[[], str | None]  # what is wrong with the work that the lease is for, or None

logger = logging.getLogger(__name__)

T = TypeVar("T")

NEVER = float("-inf")
FOR_EVER = float("inf")
POLL_SECONDS = 1.0  # how soon a released lease is taken; one small read of one object


class Fenced(BaseException):
    """
    A write that may not be sent: this process does not hold the lease (any more).

    No Exception, so that nobody takes it for a call that failed and may be tried again.
    """


class LeaseLost(Exception):
    """The process led and must not any more: nothing is left but to end."""


class StoreError(Exception):
    """The record could not be read or written; the message is for a person."""


class Overtaken(StoreError):
    """The record is not (any more) what the write was decided on."""


@dataclass(frozen=True, slots=True)
class Record:
    """What stands in the store. *holder* None: nobody's. *version* is another one after every write."""

    holder: str | None
    duration_seconds: float
    transitions: int
    version: str


@dataclass(frozen=True, slots=True)
class LeaseClaim:
    """What is to stand there. *taken*: the holder is a new one."""

    holder: str | None
    duration_seconds: int
    transitions: int
    taken: bool = False


class RecordStore(Protocol):
    """Where the record is kept. Raises StoreError only."""

    async def read(self) -> Record | None:
        """Return the newest record, or None if there is none; never from a cache."""
        ...

    async def write(self, old: Record | None, new: LeaseClaim) -> Record:
        """Replace *old* (None: there is none yet) by *new*, or raise Overtaken and change nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """Raises ValueError unless renewals come before the deadline, and the deadline before others may act."""

    duration_seconds: int = 15
    renew_seconds: float = 5.0
    deadline_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not 0 < self.renew_seconds < self.deadline_seconds < self.duration_seconds:
            msg = "a lease is renewed more often than its deadline, and the deadline is before its duration"
            raise ValueError(msg)

    @property
    def try_seconds(self) -> float:
        """How long one renewal may take: two fit in before the deadline."""
        return (self.deadline_seconds - self.renew_seconds) / 2


class Fence:
    """Asked right before each write is sent. Closed until the lease is held, and from its deadline on."""

    def __init__(self, now: Callable[[], float], until: float = NEVER) -> None:
        self._now = now
        self.until = until

    @classmethod
    def opened(cls) -> Fence:
        """Return a fence for a process that is alone: always open."""
        return cls(lambda: 0.0, FOR_EVER)

    @property
    def open(self) -> bool:
        """Whether writes may be sent now."""
        return self._now() < self.until

    def check(self) -> None:
        """Return if a write may be sent now. Raises Fenced."""
        if not self.open:
            raise Fenced("this process does not hold the lease, so nothing is written")


class Election:
    """
    One process's part in it: `acquire`, then `hold` beside the work, then `release` after the work.

    *identity* must be no other process's, not even an earlier one's of the same Pod. *clock* goes on while
    the process, and the machine, sleep.
    """

    def __init__(self, store: RecordStore, *, identity: str, timing: Timing, clock: Clock) -> None:
        self._store = store
        self._identity = identity
        self._timing = timing
        self._clock = clock
        self._record: Record | None = None
        self._seen: Record | None = None
        self._seen_at = NEVER
        self._told: str | None = None
        self.fence = Fence(clock.monotonic)
        self.failures = 0  # reads and writes of the record that failed, for the metrics
        self._stood_at = NEVER

    @property
    def holder(self) -> str | None:
        """Who led when it was looked last, if anybody did."""
        return self._identity if self.fence.open else (self._seen.holder if self._seen else None)

    def check(self) -> str | None:
        """Return what is wrong if it is not ours, and was not seen to be another's for a lease's duration."""
        age = self._clock.monotonic() - self._stood_at
        if self.fence.open or age <= self._timing.duration_seconds:
            return None
        return "cannot be had yet" if self._stood_at == NEVER else f"cannot be had for {age:.0f} s"

    async def look(self) -> Record | None:
        """Return what stands in the record now. Raises StoreError."""
        return await self._store.read()

    async def acquire(self, alive: Alive = lambda: None) -> None:
        """Wait until the lease is ours; it is not taken while *alive* says that something is wrong."""
        while True:
            try:
                if alive() is None and await self._try():
                    self._tell(logging.INFO, "leading")
                    return
            except Overtaken:
                pass  # another one was quicker; the next read shows who
            except StoreError as error:
                self.failures += 1
                self._tell(logging.WARNING, "the lease cannot be had; trying again", str(error))
            await self._clock.sleep(POLL_SECONDS)

    async def hold(self, alive: Alive = lambda: None) -> NoReturn:
        """
        Renew until that fails, or *alive* says what is wrong with the work. Raises LeaseLost.

        It is raised at the deadline at the latest.
        """
        renew_at = self._clock.monotonic() + self._timing.renew_seconds
        while True:
            now = self._clock.monotonic()
            await self._clock.sleep(min(renew_at, self.fence.until) - now)
            asked_at = self._clock.monotonic()
            if asked_at >= self.fence.until:
                raise LeaseLost("the lease could not be renewed in time")
            if (wrong := alive()) is not None:
                self.fence.until = NEVER
                raise LeaseLost(f"the work hangs, so the lease is left to others: {wrong}")
            try:
                await self._renew(asked_at)
            except StoreError as error:
                self.failures += 1
                logger.warning("the lease could not be renewed; trying again", extra={"error": str(error)})
                renew_at = self._clock.monotonic() + POLL_SECONDS / 2
            else:
                renew_at = asked_at + self._timing.renew_seconds

    async def release(self) -> None:
        """Give the lease up, so that another process can take it at once. Nothing may be written any more."""
        record, held = self._record, self.fence.open
        self.fence.until = NEVER
        if record is None or not held:
            return
        try:
            await self._within(
                self._timing.try_seconds,
                self._store.write(
                    record, LeaseClaim(None, self._timing.duration_seconds, record.transitions)
                ),
            )
        except StoreError as error:
            logger.warning(
                "the lease could not be released; others wait until it is over", extra={"error": str(error)}
            )
        else:
            logger.info("released the lease")

    # -- standing by -------------------------------------------------------------------------------------
    async def _try(self) -> bool:
        """Look once, and take the lease if it is free; return whether it is ours."""
        asked_at = self._clock.monotonic()
        record = await self._within(self._timing.try_seconds, self._store.read())
        if not self._free(record, asked_at):
            self._stood_at = asked_at
            self._tell(logging.INFO, "standing by", record.holder if record else None)
            return False
        transitions = record.transitions + 1 if record else 0
        claim = LeaseClaim(self._identity, self._timing.duration_seconds, transitions, taken=True)
        sent_at = self._clock.monotonic()
        self._record = await self._within(self._timing.try_seconds, self._store.write(record, claim))
        self.fence.until = sent_at + self._timing.deadline_seconds
        return True

    def _free(self, record: Record | None, asked_at: float) -> bool:
        """Say whether *record*, read by a request that was sent at *asked_at*, may be replaced by ours."""
        if self._seen is None and record is None and self._seen_at == NEVER:
            return True  # there never was one, as far as anybody can know
        if self._seen_at == NEVER or record != self._seen:
            self._seen, self._seen_at = record, self._clock.monotonic()
        if record is not None and record.holder in {None, self._identity}:
            return True  # released; or ours, by a write whose answer was lost
        # A record that somebody deleted is waited out like any other: its holder may still be at work.
        theirs = record.duration_seconds if record else 0.0
        return asked_at - self._seen_at >= max(theirs, self._timing.duration_seconds)

    def _tell(self, level: int, message: str, detail: str | None = None) -> None:
        """Log once, and again when something else is the case."""
        if (text := f"{message} {detail}") != self._told:
            self._told = text
            key = "error" if level > logging.INFO else "holder"
            logger.log(level, message, extra={key: detail, "identity": self._identity})

    # -- leading -----------------------------------------------------------------------------------------
    async def _renew(self, asked_at: float) -> None:
        seconds = min(self._timing.try_seconds, self.fence.until - asked_at)
        transitions = self._record.transitions if self._record else 0
        claim = LeaseClaim(
            self._identity, self._timing.duration_seconds, transitions, taken=self._record is None
        )
        try:
            self._record = await self._within(seconds, self._store.write(self._record, claim))
        except Overtaken:
            # Somebody wrote to it, perhaps we ourselves and the answer was lost: see who it is now.
            self._record = await self._within(seconds, self._store.read())
            if self._record is not None and self._record.holder != self._identity:
                self.fence.until = NEVER
                raise LeaseLost(f"the lease is now held by {self._record.holder or 'nobody'}") from None
            raise
        self.fence.until = asked_at + self._timing.deadline_seconds

    async def _within(self, seconds: float, work: Coroutine[None, None, T]) -> T:
        """Return what *work* returns. Raises StoreError if it takes longer than *seconds* of our clock."""
        task = asyncio.ensure_future(work)
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({task, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            if not task.done():
                task.cancel()
        if not task.done():
            raise StoreError("no answer in time")
        return task.result()
