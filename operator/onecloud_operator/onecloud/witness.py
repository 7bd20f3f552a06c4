"""Tells of the calls that may have changed something, however they ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .errors import OneCloudError
from .models import Sent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .protocol import Reply, Request


async def witnessing(
    exchange: Awaitable[Reply],
    request: Request,
    request_id: str,
    witness: Callable[[Sent], None],
    clock: Callable[[], float],
) -> Reply:
    """
    Await *exchange*, and tell *witness* of it once, unless it is certain that nothing was sent.

    What is cancelled may have been sent, and is told like a lost answer.
    """
    began_at = clock()
    status: int | None = None
    error: str | None = None
    try:
        reply = await exchange
        status, request_id = reply.status, reply.request_id
    except asyncio.CancelledError:
        error = "Cancelled"
        raise
    except OneCloudError as failure:
        error = type(failure).__name__ if failure.ambiguous else None
        status, request_id = getattr(failure, "status", None), failure.request_id or request_id
        raise
    finally:
        if status is not None or error is not None:
            told = Sent(request.method, request.template, request_id, status, error, clock() - began_at)
            witness(told)
    return reply
