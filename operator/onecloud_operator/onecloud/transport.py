"""
HTTP to one origin, and the only module that translates httpx's errors to ours.

httpx's conveniences are turned off: cookies, which would leak between tenants, redirects, the environment's
proxies, decompression. Nothing is retried, but for what `Network` tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from .budgets import BodyBudget, BudgetExceeded
from .connection_errors import failed, host_port_of, timed_out
from .errors import AnswerTooLarge, Call, TransportError
from .network import CALL, BodyTooLarge, NoCookies, Progress
from .protocol import Reply, Request

if TYPE_CHECKING:
    from .limits import Limits
    from .network import Network, UserTransport


EventHooks = Mapping[str, Iterable[Callable[..., Awaitable[None]]]]

HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "onecloud-operator",
}
REQUEST_ID_CHARACTERS = 64  # with the cloud's part it has 15; a longer one is not an id


class Transport:
    """
    The connections to one origin with the same TLS settings: an httpx client over *transport*.

    *before_write* is called right before a request other than GET is sent; what it raises is passed on.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - a call's dependencies
        self,
        transport: Network | UserTransport,
        limits: Limits,
        clock: Callable[[], float],
        before_write: Callable[[], None],
        event_hooks: EventHooks | None = None,
        body_budget: BodyBudget | None = None,
    ) -> None:
        self._body_budget = body_budget or BodyBudget()
        self._before_write = before_write
        self._limits = limits
        self._clock = clock
        self._used_at = clock()
        self._under_way = 0
        self._idle_timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._transport = transport
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            cookies=NoCookies(),
            headers=HEADERS,
            event_hooks={kind: list(hooks) for kind, hooks in (event_hooks or {}).items()},
        )

    def idle_since(self, now: float) -> float | None:
        """Return for how many seconds no call was under way, or None if one is."""
        return None if self._under_way else now - self._used_at

    async def exchange(
        self, base_url: str, request: Request, headers: Mapping[str, str], request_id: str
    ) -> Reply:
        """Send *request* and read its whole answer. Raises OneCloudError, whatever fails underneath."""
        self._stop_timer()
        self._under_way += 1
        try:
            return await self._exchange(base_url, request, headers, request_id)
        finally:
            self._under_way -= 1
            self._used_at = self._clock()
            if not self._under_way:  # nothing else would close idle connections
                loop = asyncio.get_running_loop()
                self._stop_timer()
                seconds = 0.0 if self._transport.contended else self._transport.idle_seconds
                self._idle_timer = loop.call_later(seconds, self.end_idle)
            elif self._transport.contended:
                self.end_idle()

    async def close(self) -> None:
        """Close the connections; new calls open new ones, which a closed httpx client would not."""
        self._stop_timer()
        await self._transport.aclose()

    def _stop_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def end_idle(self) -> None:
        """Close the idle connections in the background."""
        self._stop_timer()
        task = asyncio.get_running_loop().create_task(self._end_idle())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _end_idle(self) -> None:
        if self._under_way:  # a call may have started in between
            await self._transport.end_idle()
        else:
            await self._transport.aclose()

    async def _exchange(
        self, base_url: str, request: Request, headers: Mapping[str, str], request_id: str
    ) -> Reply:
        before_write = None if request.method == "GET" else self._before_write
        progress = Progress(request.max_bytes, before_write, self._body_budget)
        content = request.content
        sent_headers = {
            "X-Request-Id": request_id,
            **({"Content-Type": "application/json"} if content is not None else {}),
            **headers,
        }
        extensions: dict[str, Any] = {
            "timeout": {
                "connect": self._limits.connect_seconds,
                "read": self._limits.read_timeout_seconds(request.traffic),
                "write": self._limits.write_seconds,
                "pool": self._limits.connect_seconds,
            },
            CALL: progress,
        }
        try:
            message = self._client.build_request(
                request.method,
                base_url + request.target,
                headers=sent_headers,
                content=content,
                extensions=extensions,
            )
            async with asyncio.timeout(self._limits.total_seconds(request.traffic)):
                response = await self._client.send(message, stream=True)
                received_headers = _decode(response.headers.raw)
                request_id = _printable(received_headers.get("x-request-id", "")) or request_id
                try:
                    body = await response.aread()
                finally:
                    await response.aclose()
        except BodyTooLarge as error:
            raise _too_large(request, request.call(request_id), error.status) from None
        except BudgetExceeded:
            raise TransportError(
                "the answer was aborted: too much was being read at once, and this was the largest",
                request.call(request_id),
                ambiguous=request.writes,
            ) from None
        except (httpx.TimeoutException, TimeoutError) as error:
            raise timed_out(error, progress, base_url, request.call(request_id)) from None
        except (httpx.TransportError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise failed(error, progress, base_url, request.call(request_id)) from None
        return Reply(
            response.status_code, received_headers, body, request_id, host_port=host_port_of(base_url)
        )


def _too_large(request: Request, call: Call, status: int) -> AnswerTooLarge:
    megabytes = request.max_bytes(status) // 2**20
    return AnswerTooLarge(
        f"the answer is larger than {megabytes} MiB", call, ambiguous=request.writes, status=status
    )


def _decode(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in headers}


def _printable(text: str) -> str:
    return text if text.isascii() and text.isprintable() and len(text) <= REQUEST_ID_CHARACTERS else ""
