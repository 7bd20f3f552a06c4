"""Holding the Lease beside the work, from the election to the release; the end of whoever loses it."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from onecloud_operator.engine.clock import BootClock
from onecloud_operator.engine.lease import Election
from onecloud_operator.leases import KubernetesLease, new_identity, own_namespace
from onecloud_operator.options import timing_of
from onecloud_operator.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onecloud_operator.cluster import Cluster
    from onecloud_operator.settings import Settings

logger = logging.getLogger(__name__)

LOST: Final = 3  # exit code of a process that led and lost the lease


def election_of(settings: Settings, cluster: Cluster) -> Election:
    """
    Return this process's part in the election. Raises SettingsError.

    *cluster* must not be fenced, and should share no connections with the work.
    """
    namespace = lease_namespace(settings)
    lease = KubernetesLease(cluster, namespace, settings.lease_name, lambda: datetime.now(UTC))
    return Election(lease, identity=new_identity(os.environ), timing=timing_of(settings), clock=BootClock())


def lease_namespace(settings: Settings) -> str:
    """Return where the Lease is. Raises SettingsError."""
    namespace = settings.lease_namespace or own_namespace()
    if namespace is None:
        msg = (
            f"{PREFIX}LEASE_NAMESPACE must be set: this is no Pod with a ServiceAccount, "
            "so there is no namespace of its own to keep the Lease in"
        )
        raise SettingsError(msg)
    return namespace


@asynccontextmanager
async def leading(election: Election) -> AsyncIterator[None]:
    """Wait for the lease, hold it as long as the context lasts, then release it."""
    await election.acquire()
    holding = asyncio.create_task(election.hold(), name="lease")
    holding.add_done_callback(_ended)
    try:
        yield
    finally:
        # The work has stopped by now, in its own time and still under the lease.
        holding.remove_done_callback(_ended)
        holding.cancel()
        await asyncio.wait([holding])
        await election.release()


def _ended(holding: asyncio.Task[None]) -> None:
    """
    End the process at once.

    No tidying up: others may be at work already, nothing that is left half done needs us, and whatever is
    still to be run could be one write too many.
    """
    error = None if holding.cancelled() else holding.exception()
    logger.critical("lost the lease: ending", extra={"error": str(error) if error else None})
    logging.shutdown()
    os._exit(LOST)
