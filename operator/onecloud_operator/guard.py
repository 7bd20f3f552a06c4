"""The fence before Kubernetes, asked when the connection stands and the request is about to leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

READS: Final = frozenset({"GET", "HEAD"})


def guard(before_write: Callable[[], None]) -> aiohttp.TraceConfig:
    """
    Return what has a session of aiohttp call *before_write*, and not send the request if that raises.

    Also for what a library repeats by itself. It is asked before a connection is made, so that none is made
    in vain, and again with the connection at hand: making one may take as long as it likes.
    """

    async def begun(
        _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        context.writes = params.method not in READS
        if context.writes:
            before_write()

    async def connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        if context.writes:
            before_write()

    config = aiohttp.TraceConfig()
    config.on_request_start.append(begun)
    config.on_connection_create_end.append(connected)
    config.on_connection_reuseconn.append(connected)
    return config
