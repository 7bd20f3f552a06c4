"""What every process of the operator has, whether it works or stands by, and how it comes to its end."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.telemetry.collectors import Standing
from onecloud_operator.telemetry.health import Health

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from kubernetes.aio.client import Configuration

    from onecloud_operator.election.election import Election, Fence
    from onecloud_operator.onecloud import AddressPolicy
    from onecloud_operator.settings import Settings
    from onecloud_operator.telemetry.metrics import Metrics


@dataclass(slots=True)
class Process:
    """One for the process. *watching* is kopf at work."""

    settings: Settings
    configuration: Configuration
    policy: AddressPolicy
    fence: Fence
    election: Election | None
    metrics: Metrics
    health: Health = field(default_factory=Health)
    clock: SystemClock = field(default_factory=SystemClock)
    watching: asyncio.Task[None] | None = None

    @property
    def standing(self) -> Standing:
        """Return what is measured of a process that does not work."""
        return Standing(self.fence, self.election)


def on_signals(asked: asyncio.Event) -> None:
    """Have the signals that end a process set *asked*."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)


async def first(*ends: Awaitable[object]) -> None:
    """Wait for the first of *ends*; raise what it raises."""
    waiting = [asyncio.ensure_future(end) for end in ends]
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting[1:]:  # the first is stopped in its own way
            task.cancel()
    for task in done:
        task.result()
