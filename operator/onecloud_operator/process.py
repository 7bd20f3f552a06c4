"""What every process of the operator has, whether it works or stands by, and how it stops."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.telemetry.collectors import StandbySamples
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
    """The state of the process. *kopf_task* runs kopf."""

    settings: Settings
    configuration: Configuration
    policy: AddressPolicy
    fence: Fence
    election: Election | None
    metrics: Metrics
    health: Health = field(default_factory=Health)
    clock: SystemClock = field(default_factory=SystemClock)
    kopf_task: asyncio.Task[None] | None = None

    @property
    def standby_samples(self) -> StandbySamples:
        """The gauges of a process that does not work."""
        return StandbySamples(self.fence, self.election)


def stop_on_signals(stop_requested: asyncio.Event) -> None:
    """Set *stop_requested* on SIGTERM and SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)


async def wait_first(*ends: Awaitable[object]) -> None:
    """Wait for the first of *ends*; raise what it raises."""
    waiting = [asyncio.ensure_future(end) for end in ends]
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting[1:]:  # the caller stops the first one
            task.cancel()
    for task in done:
        task.result()
