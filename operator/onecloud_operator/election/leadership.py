"""
The election, in a thread with an event loop and a client of its own; it ends a process that must not go on.

A loop that is busy, or that a stranger keeps busy, must not lose the Lease as long as it turns at all. One
that has not turned for long must: the thread then ends the process without asking it.
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
from onecloud_operator.engine.clock import BootClock
from onecloud_operator.kube import connection
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from onecloud_operator.settings import Settings

    Called = Callable[[str, int | None, float], None]

logger = logging.getLogger(__name__)

LOST: Final = 3  # exit code of a process that led and lost the lease
LAST_WORDS_SECONDS: Final = 2.0  # for the log, whose lock a thread that hangs may hold
JOIN_SECONDS: Final = 15.0  # a release, and the end of the connections; then others wait the lease out


def election_of(settings: Settings, cluster: KubeClient) -> Election:
    """
    Return this process's part in the election. Raises SettingsError.

    *cluster* must not be fenced, and should share no connections with the work.
    """
    namespace = lease_namespace(settings)
    lease = KubernetesLease(cluster, namespace, settings.lease_name, lambda: datetime.now(UTC))
    return Election(lease, identity=new_identity(os.environ), timing=timing_of(settings), clock=BootClock())


def timing_of(settings: Settings) -> Timing:
    """Return the times of the Lease. Raises SettingsError if they do not fit together."""
    try:
        return Timing(
            settings.lease_duration_seconds, settings.lease_renew_seconds, settings.lease_deadline_seconds
        )
    except ValueError:
        msg = f"{PREFIX}LEASE_RENEW_SECONDS < …LEASE_DEADLINE_SECONDS < …LEASE_DURATION_SECONDS must hold"
        raise SettingsError(msg) from None


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


class ElectionThread:
    """
    A process's part in the election, run by a thread; its methods are the work's, called in the main loop.

    *alive* is asked before each renewal, from that thread: it returns what is wrong with the main loop, or
    None. The thread writes nothing but the Lease, and the fence's end.
    """

    def __init__(self, settings: Settings, alive: Callable[[], str | None], called: Called) -> None:
        self._settings = settings
        self._alive = alive
        self._called = called
        self._main = asyncio.get_running_loop()
        self._made: asyncio.Future[Election] = self._main.create_future()
        self._leads: asyncio.Future[None] = self._main.create_future()
        self._gone: asyncio.Future[None] = self._main.create_future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wanted = asyncio.Event()
        self._stopped = asyncio.Event()
        # A daemon: a call to the API server that hangs must not keep a process that has nothing more to do.
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    async def start(self) -> Election:
        """Start the thread and return its election, whose fence is closed. Raises SettingsError."""
        self._thread.start()
        return await asyncio.shield(self._made)

    @asynccontextmanager
    async def leading(self) -> AsyncIterator[None]:
        """Wait for the lease; it is held as long as the context lasts, then released."""
        self._tell(self._wanted.set)
        try:
            await asyncio.shield(self._leads)
            yield
        finally:
            # The work has stopped by now, in its own time and still under the lease.
            await self.close()

    async def close(self) -> None:
        """End the thread, which gives the lease up last of all: nothing can renew it after that."""
        self._tell(self._stopped.set)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._gone), JOIN_SECONDS)
            self._thread.join()

    # -- in the thread ---------------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            # Not uvloop: its look-ups of names share four threads with those of the work.
            with asyncio.Runner() as runner:
                runner.run(self._elect())
        except SettingsError as error:
            self._answer(partial(self._made.set_exception, error))
        except BaseException as error:  # noqa: BLE001 - whatever it is: nobody renews the lease any more
            _end(str(error) or type(error).__name__)
        finally:
            self._answer(lambda: self._gone.set_result(None))

    async def _elect(self) -> None:
        self._loop = asyncio.get_running_loop()
        cluster = KubeClient(ApiClient(await connection.configuration()), self._called)
        try:
            election = election_of(self._settings, cluster)
            self._answer(lambda: self._made.set_result(election))
            work = asyncio.create_task(self._stand(election))
            stopped = asyncio.create_task(self._stopped.wait())
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            work.cancel()
            await asyncio.wait({work})
            if not work.cancelled():
                work.result()
            await election.release()
        finally:
            await cluster.close()

    async def _stand(self, election: Election) -> NoReturn:
        await self._wanted.wait()
        await election.acquire(self._alive)
        self._answer(lambda: self._leads.set_result(None))
        await election.hold(self._alive)

    # -- from one loop to the other ----------------------------------------------------------------------
    def _answer(self, say: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the main loop has ended, and nobody waits
            self._main.call_soon_threadsafe(say)

    def _tell(self, say: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the thread has ended
                self._loop.call_soon_threadsafe(say)


def _end(error: str) -> NoReturn:
    """
    End the process at once.

    No tidying up: others may be at work already, nothing that is left half done needs us, and whatever is
    still to be run could be one write too many.
    """
    late = threading.Timer(LAST_WORDS_SECONDS, os._exit, (LOST,))
    late.daemon = True
    late.start()
    logger.critical("lost the lease: ending", extra={"error": error})
    logging.shutdown()
    os._exit(LOST)
