"""Checks the write fence once a connection is open, right before a request to Kubernetes is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.connector import Connection

READS: Final = frozenset({"GET", "HEAD"})


def guarded(before_write: Callable[[], None]) -> type[aiohttp.ClientRequest]:
    """
    Return a request class for an aiohttp session: if *before_write* raises, nothing is sent.

    It is called for every write, including retries by a library, and only once the connection is open, since
    connecting may take any time.
    """

    class Guarded(aiohttp.ClientRequest):
        async def send(self, conn: Connection) -> aiohttp.ClientResponse:
            if self.method not in READS:
                before_write()
            return await super().send(conn)

    return Guarded
