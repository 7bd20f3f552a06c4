"""
Runs the election in a thread with its own event loop and client, and exits a process that lost the Lease.

A main loop that is busy, perhaps because of one tenant, must not lose the Lease while it makes progress. One
that makes none for long must lose it: the thread then exits the process without its cooperation.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

from kubernetes.aio.client import ApiClient

from onecloud_operator.election.election import Election, Timing
from onecloud_operator.election.kubernetes_lease import KubernetesLease, new_identity, own_namespace
from onecloud_operator.engine import loggers
from onecloud_operator.engine.clock import BootClock
from onecloud_operator.kube import connection
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from onecloud_operator.settings import Settings

    OnCall = Callable[[str, int | None, float], None]

logger = logging.getLogger(loggers.ELECTION)

EXIT_LEASE_LOST: Final = 3  # exit code
LOG_FLUSH_SECONDS: Final = 2.0  # a thread that hangs may hold the log's lock
JOIN_SECONDS: Final = 15.0  # to release the lease and close connections; otherwise it has to expire


def election_of(settings: Settings, cluster: KubeClient) -> Election:
    """
    Return this process's candidacy. Raises SettingsError.

    *cluster* must not be fenced, and should share no connections with the work.
    """
    namespace = lease_namespace(settings)
    lease = KubernetesLease(cluster, namespace, settings.lease_name, lambda: datetime.now(UTC))
    return Election(lease, identity=new_identity(os.environ), timing=timing_of(settings), clock=BootClock())


def timing_of(settings: Settings) -> Timing:
    """Return the times of the Lease. Raises SettingsError if they are inconsistent."""
    try:
        return Timing(
            settings.lease_duration_seconds, settings.lease_renew_seconds, settings.lease_deadline_seconds
        )
    except ValueError:
        msg = f"{PREFIX}LEASE_RENEW_SECONDS < …LEASE_DEADLINE_SECONDS < …LEASE_DURATION_SECONDS must hold"
        raise SettingsError(msg) from None


def lease_namespace(settings: Settings) -> str:
    """Return the namespace of the Lease. Raises SettingsError."""
    namespace = settings.lease_namespace or own_namespace()
    if namespace is None:
        msg = (
            f"{PREFIX}LEASE_NAMESPACE must be set: this is no Pod with a ServiceAccount, "
            "so there is no namespace of its own to keep the Lease in"
        )
        raise SettingsError(msg)
    return namespace


class ElectionThread:
    """
    The thread that runs the election; its public methods are called in the main loop.

    *alive* is called in the thread before each renewal, and returns what is wrong with the main loop, or
    None. The thread writes nothing but the Lease and the fence's deadline.
    """

    def __init__(self, settings: Settings, alive: Callable[[], str | None], on_call: OnCall) -> None:
        self._settings = settings
        self._alive = alive
        self._on_call = on_call
        self._main = asyncio.get_running_loop()
        self._election: asyncio.Future[Election] = self._main.create_future()
        self._leading: asyncio.Future[None] = self._main.create_future()
        self._thread_ended: asyncio.Future[None] = self._main.create_future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._start_acquiring = asyncio.Event()
        self._stopped = asyncio.Event()
        # A daemon thread: a hanging call to the API server must not keep the process from exiting.
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    async def start(self) -> Election:
        """Start the thread and return its election, whose fence is closed. Raises SettingsError."""
        self._thread.start()
        return await asyncio.shield(self._election)

    @asynccontextmanager
    async def leading(self) -> AsyncIterator[None]:
        """Wait for the lease; it is held within the context, then released."""
        self._in_thread(self._start_acquiring.set)
        try:
            await asyncio.shield(self._leading)
            yield
        finally:
            # The work has stopped by now, still under the lease.
            await self.close()

    async def close(self) -> None:
        """End the thread, which releases the lease last, so that nothing renews it afterwards."""
        self._in_thread(self._stopped.set)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._thread_ended), JOIN_SECONDS)
            self._thread.join()

    # -- in the thread ---------------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            # Not uvloop: its DNS lookups would share four threads with those of the main loop.
            with asyncio.Runner() as runner:
                runner.run(self._elect())
        except SettingsError as error:
            self._in_main_loop(partial(self._election.set_exception, error))
        except BaseException as error:  # noqa: BLE001 - nothing renews the lease any more, whatever the error
            _exit(str(error) or type(error).__name__)
        finally:
            self._in_main_loop(lambda: self._thread_ended.set_result(None))

    async def _elect(self) -> None:
        self._loop = asyncio.get_running_loop()
        cluster = KubeClient(ApiClient(await connection.configuration()), self._on_call)
        try:
            election = election_of(self._settings, cluster)
            self._in_main_loop(lambda: self._election.set_result(election))
            campaign = asyncio.create_task(self._campaign(election))
            stopped = asyncio.create_task(self._stopped.wait())
            await asyncio.wait({campaign, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            campaign.cancel()
            await asyncio.wait({campaign})
            if not campaign.cancelled():
                campaign.result()
            await election.release()
        finally:
            await cluster.close()

    async def _campaign(self, election: Election) -> NoReturn:
        await self._start_acquiring.wait()
        await election.acquire(self._alive)
        self._in_main_loop(lambda: self._leading.set_result(None))
        await election.hold(self._alive)

    # -- from one loop to the other ----------------------------------------------------------------------
    def _in_main_loop(self, callback: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the main loop is closed
            self._main.call_soon_threadsafe(callback)

    def _in_thread(self, callback: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the thread has ended
                self._loop.call_soon_threadsafe(callback)


def _exit(error: str) -> NoReturn:
    """
    Exit the process at once.

    There is no cleanup: another process may be the leader already, unfinished work can be repeated, and any
    further step might be one write too many.
    """
    late = threading.Timer(LOG_FLUSH_SECONDS, os._exit, (EXIT_LEASE_LOST,))
    late.daemon = True
    late.start()
    logger.critical("lost the lease, exiting", extra={"error": error})
    logging.shutdown()
    os._exit(EXIT_LEASE_LOST)
