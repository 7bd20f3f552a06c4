"""
Leader election: the leader is the process named in a record that all of them can read.

    leader   renewal sent ├──── deadline, 10 s ────┤ stops writing, and exits
    record                  └ written
    others                     ├ seen ──── unchanged for its duration, 15 s ────┤ take over

The deadline counts from before the record was written, the duration from after it was read, each on the
process's own clock: clocks of two machines are never compared, and the time between the two is for requests
that are still under way. A leader that was suspended finds the fence closed when it resumes.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar

from onecloud_operator.engine import loggers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from onecloud_operator.engine.clock import Clock

    Alive = Callable[[], str | None]  # returns what is wrong with the leader's work, or None

logger = logging.getLogger(loggers.ELECTION)

T = TypeVar("T")

NEVER = float("-inf")
ALWAYS = float("inf")
POLL_SECONDS = 1.0  # how soon a released lease is acquired; one small read each


class Fenced(BaseException):
    """
    A write that must not be sent: this process does not hold the lease (any more).

    Not an Exception, so that nothing handles it as a failed call and retries.
    """


class LeaseLost(Exception):
    """The process was the leader and lost the lease, so it must exit."""


class StoreError(Exception):
    """The record could not be read or written; the message is for people."""


class Overtaken(StoreError):
    """The record is not (any more) the one that the write is based on."""


@dataclass(frozen=True, slots=True)
class Record:
    """The record in the store. *holder* is None if it is free. *version* changes with every write."""

    holder: str | None
    duration_seconds: float
    transitions: int
    version: str


@dataclass(frozen=True, slots=True)
class LeaseClaim:
    """The record to write. *taken*: the holder changes."""

    holder: str | None
    duration_seconds: int
    transitions: int
    taken: bool = False


class RecordStore(Protocol):
    """Where the record is stored. Raises StoreError only."""

    async def read(self) -> Record | None:
        """Return the newest record, or None if there is none; never from a cache."""
        ...

    async def write(self, old: Record | None, new: LeaseClaim) -> Record:
        """Replace *old* (None if there is none yet) by *new*. Raises Overtaken if it changed."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """Raises ValueError unless renewals are due before the deadline, and it is before the duration ends."""

    duration_seconds: int = 15
    renew_seconds: float = 5.0
    deadline_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not 0 < self.renew_seconds < self.deadline_seconds < self.duration_seconds:
            msg = "a lease is renewed more often than its deadline, and the deadline is before its duration"
            raise ValueError(msg)

    @property
    def try_seconds(self) -> float:
        """How long one renewal may take: there is time for two before the deadline."""
        return (self.deadline_seconds - self.renew_seconds) / 2


class Fence:
    """Checked right before each write is sent. Closed until the lease is held, and from its deadline on."""

    def __init__(self, now: Callable[[], float], until: float = NEVER) -> None:
        self._now = now
        self.until = until

    @classmethod
    def opened(cls) -> Fence:
        """Return a fence that is always open, for a process without election."""
        return cls(lambda: 0.0, ALWAYS)

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
    One process's candidacy: `acquire`, then `hold` beside the work, then `release` after the work.

    *identity* must be unique among processes, including earlier ones of the same Pod. *clock* continues while
    the process or the machine is suspended.
    """

    def __init__(self, store: RecordStore, *, identity: str, timing: Timing, clock: Clock) -> None:
        self._store = store
        self._identity = identity
        self._timing = timing
        self._clock = clock
        self._record: Record | None = None
        self._seen: Record | None = None
        self._seen_at = NEVER
        self._logged: str | None = None
        self.fence = Fence(clock.monotonic)
        self.failures = 0  # reads and writes of the record that failed, for the metrics
        self._standby_at = NEVER

    @property
    def holder(self) -> str | None:
        """The leader at the last read, if there was one."""
        return self._identity if self.fence.open else (self._seen.holder if self._seen else None)

    def check(self) -> str | None:
        """Return what is wrong if neither this process nor another has held the lease for its duration."""
        age = self._clock.monotonic() - self._standby_at
        if self.fence.open or age <= self._timing.duration_seconds:
            return None
        return "cannot be had yet" if self._standby_at == NEVER else f"cannot be had for {age:.0f} s"

    async def look(self) -> Record | None:
        """Read the record. Raises StoreError."""
        return await self._store.read()

    async def acquire(self, alive: Alive = lambda: None) -> None:
        """Wait until the lease is acquired; not attempted while *alive* returns a problem."""
        while True:
            try:
                if alive() is None and await self._try_acquire():
                    self._log_change(logging.INFO, "leading")
                    return
            except Overtaken:
                pass  # another process was faster; the next read shows which
            except StoreError as error:
                self.failures += 1
                self._log_change(logging.WARNING, "failed to acquire the lease, retrying", str(error))
            await self._clock.sleep(POLL_SECONDS)

    async def hold(self, alive: Alive = lambda: None) -> NoReturn:
        """Renew until that fails or *alive* returns a problem. Raises LeaseLost by the deadline."""
        renew_at = self._clock.monotonic() + self._timing.renew_seconds
        while True:
            now = self._clock.monotonic()
            await self._clock.sleep(min(renew_at, self.fence.until) - now)
            asked_at = self._clock.monotonic()
            if asked_at >= self.fence.until:
                raise LeaseLost("the lease could not be renewed in time")
            if (wrong := alive()) is not None:
                self.fence.until = NEVER
                raise LeaseLost(f"the process hangs, so it gives the lease up: {wrong}")
            try:
                await self._renew(asked_at)
            except StoreError as error:
                self.failures += 1
                logger.warning("failed to renew the lease, retrying", extra={"error": str(error)})
                renew_at = self._clock.monotonic() + POLL_SECONDS / 2
            else:
                renew_at = asked_at + self._timing.renew_seconds

    async def release(self) -> None:
        """Release the lease, so that another process can acquire it at once. No writes may follow."""
        record, held = self._record, self.fence.open
        self.fence.until = NEVER
        if record is None or not held:
            return
        try:
            await self._with_timeout(
                self._timing.try_seconds,
                self._store.write(
                    record, LeaseClaim(None, self._timing.duration_seconds, record.transitions)
                ),
            )
        except StoreError as error:
            logger.warning(
                "failed to release the lease; others wait until it expires", extra={"error": str(error)}
            )
        else:
            logger.info("released the lease")

    # -- standing by -------------------------------------------------------------------------------------
    async def _try_acquire(self) -> bool:
        """Read the record, and take the lease if it is free; return whether it was taken."""
        asked_at = self._clock.monotonic()
        record = await self._with_timeout(self._timing.try_seconds, self._store.read())
        if not self._is_free(record, asked_at):
            self._standby_at = asked_at
            self._log_change(logging.INFO, "standing by", record.holder if record else None)
            return False
        transitions = record.transitions + 1 if record else 0
        claim = LeaseClaim(self._identity, self._timing.duration_seconds, transitions, taken=True)
        sent_at = self._clock.monotonic()
        self._record = await self._with_timeout(self._timing.try_seconds, self._store.write(record, claim))
        self.fence.until = sent_at + self._timing.deadline_seconds
        return True

    def _is_free(self, record: Record | None, asked_at: float) -> bool:
        """Return whether *record*, read by a request sent at *asked_at*, may be replaced."""
        if self._seen is None and record is None and self._seen_at == NEVER:
            return True  # there never was one, as far as is known
        if self._seen_at == NEVER or record != self._seen:
            self._seen, self._seen_at = record, self._clock.monotonic()
        if record is not None and record.holder in {None, self._identity}:
            return True  # released; or ours, by a write whose answer was lost
        # A deleted record must expire like any other: its holder may still be working.
        theirs = record.duration_seconds if record else 0.0
        return asked_at - self._seen_at >= max(theirs, self._timing.duration_seconds)

    def _log_change(self, level: int, message: str, detail: str | None = None) -> None:
        """Log a message, unless it is the same as the last one."""
        if (text := f"{message} {detail}") != self._logged:
            self._logged = text
            key = "error" if level > logging.INFO else "leader"
            if detail and level == logging.INFO:
                message = f"{message}: {detail} leads"
            logger.log(level, message, extra={key: detail, "identity": self._identity})

    # -- leading -----------------------------------------------------------------------------------------
    async def _renew(self, asked_at: float) -> None:
        seconds = min(self._timing.try_seconds, self.fence.until - asked_at)
        transitions = self._record.transitions if self._record else 0
        claim = LeaseClaim(
            self._identity, self._timing.duration_seconds, transitions, taken=self._record is None
        )
        try:
            self._record = await self._with_timeout(seconds, self._store.write(self._record, claim))
        except Overtaken:
            # Somebody wrote to it, perhaps this process and the answer was lost: read who holds it.
            self._record = await self._with_timeout(seconds, self._store.read())
            if self._record is not None and self._record.holder != self._identity:
                self.fence.until = NEVER
                raise LeaseLost(f"the lease is now held by {self._record.holder or 'nobody'}") from None
            raise
        self.fence.until = asked_at + self._timing.deadline_seconds

    async def _with_timeout(self, seconds: float, work: Coroutine[None, None, T]) -> T:
        """Await *work*. Raises StoreError if it takes longer than *seconds* by this clock."""
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
