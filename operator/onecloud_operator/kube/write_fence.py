"""The fence before Kubernetes, asked when the connection stands and the request is about to leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.connector import Connection

READS: Final = frozenset({"GET", "HEAD"})


def guarded(before_write: Callable[[], None]) -> type[aiohttp.ClientRequest]:
    """
    Return a class of requests for a session of aiohttp: if *before_write* raises, nothing is sent.

    It is asked for every request that is no read, also for what a library repeats by itself, and only once
    the connection is there: making one may take as long as it likes.
    """

    class Guarded(aiohttp.ClientRequest):
        async def send(self, conn: Connection) -> aiohttp.ClientResponse:
            if self.method not in READS:
                before_write()
            return await super().send(conn)

    return Guarded
