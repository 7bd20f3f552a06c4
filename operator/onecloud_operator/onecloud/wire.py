"""
Bytes to and from one place, and the one spot where the HTTP library's errors become ours.

httpcore is used by itself, without a client library on top: here are no cookies to leak between tenants, no
redirects, no proxies from the environment, no retries and no decompression to switch off.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpcore

from .addresses import AddressRefused
from .errors import (
    AddressNotAllowed,
    AnswerTooLarge,
    Call,
    ConnectFailed,
    InvalidRequest,
    OneCloudError,
    ProtocolError,
    Timeout,
    TlsFailed,
    TransportError,
)
from .protocol import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .limits import Limits


SENDING = ("http11.send_request_headers.started", "http11.send_request_body.started")  # httpcore's words
BREATH = 64  # parts of an answer between two turns of others: those that are here already need no waiting
REQUEST_ID_CHARACTERS = 64  # ours and the cloud's part have 15; more than this is no id


@dataclass(frozen=True, slots=True)
class Tls:
    """How the other side proves who it is: by the system's authorities, *ca_pem* alone, or not."""

    ca_pem: str | None = field(default=None, repr=False)
    insecure: bool = False

    def context(self) -> ssl.SSLContext:
        """Return a context for connections. Raises InvalidRequest for a bundle that is no PEM."""
        try:
            context = ssl.create_default_context(cadata=self.ca_pem)
        except (ssl.SSLError, ValueError):
            raise InvalidRequest("the CA bundle has no certificate in PEM form") from None
        if self.ca_pem is not None:
            # On by default since Python 3.13; refuses the CA certificates that the platform makes.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class Wire:
    """
    The connections of one place that share their TLS settings.

    *before_write* is called when a request that is no read is about to leave; what it raises stops it.
    """

    def __init__(
        self,
        tls: Tls,
        network: httpcore.AsyncNetworkBackend,
        limits: Limits,
        clock: Callable[[], float],
        before_write: Callable[[], None],
    ) -> None:
        self._before_write = before_write
        self._limits = limits
        self._clock = clock
        self._used_at = clock()
        self._under_way = 0
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls.context(),
            max_connections=limits.connections,
            max_keepalive_connections=limits.connections,
            keepalive_expiry=limits.idle_seconds,
            network_backend=network,
        )

    def idle_since(self, now: float) -> float:
        """Return for how many seconds nothing was under way."""
        return 0.0 if self._under_way else now - self._used_at

    async def exchange(
        self, base_url: str, request: Request, headers: Mapping[str, str], request_id: str
    ) -> Reply:
        """Send *request* and read its whole answer. Raises one of our errors, whatever happens underneath."""
        self._under_way += 1
        try:
            return await self._exchange(base_url, request, headers, request_id)
        finally:
            self._under_way -= 1
            self._used_at = self._clock()

    async def close(self) -> None:
        """End the connections; new calls make new ones."""
        await self._pool.aclose()

    async def _exchange(
        self, base_url: str, request: Request, headers: Mapping[str, str], request_id: str
    ) -> Reply:
        progress = Progress(None if request.method == "GET" else self._before_write)
        content = request.content
        sent_headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "onecloud-operator",
            "X-Request-Id": request_id,
            **({"Content-Type": "application/json"} if content is not None else {}),
            **headers,
        }
        extensions: dict[str, Any] = {
            "timeout": {
                "connect": self._limits.connect_seconds,
                "read": self._limits.silence_seconds(request.lane),
                "write": self._limits.write_seconds,
                "pool": self._limits.connect_seconds,
            },
            "trace": progress,
        }
        try:
            async with (
                asyncio.timeout(self._limits.whole_seconds(request.lane)),
                self._pool.stream(
                    request.method,
                    base_url + request.target,
                    headers=list(sent_headers.items()),
                    content=content,
                    extensions=extensions,
                ) as response,
            ):
                return await _read(request, response, request_id)
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise _late(error, progress, request, request_id) from None
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
            UnicodeError,
        ) as error:
            raise _failed(error, progress, request, request_id) from None


class Progress:
    """Hear from httpcore how far a call got: from its first byte on, the cloud may have acted on it."""

    def __init__(self, before_sending: Callable[[], None] | None = None) -> None:
        self._before_sending = before_sending
        self.sent = False

    async def __call__(self, event: str, _info: Mapping[str, Any]) -> None:
        """Note *event*; ask once more before the head and before the body, with the connection at hand."""
        if event in SENDING and self._before_sending is not None:
            self._before_sending()
        if event == SENDING[0]:
            self.sent = True


async def _read(request: Request, response: httpcore.Response, request_id: str) -> Reply:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    request_id = _printable(headers.get("x-request-id", "")) or request_id
    call = request.call(request_id)
    most = request.limit_bytes(response.status)
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most:
        raise _too_large(request, call, response.status)
    body = bytearray()  # no list of parts: a part may be one byte, and an answer so many of them
    parts = 0
    async for chunk in response.aiter_stream():
        if len(body) + len(chunk) > most:
            raise _too_large(request, call, response.status)
        body += chunk
        parts += 1
        if parts % BREATH == 0:
            await asyncio.sleep(0)
    return Reply(response.status, headers, bytes(body), request_id)


def _too_large(request: Request, call: Call, status: int) -> AnswerTooLarge:
    megabytes = request.limit_bytes(status) // 2**20
    return AnswerTooLarge(
        f"the answer is larger than {megabytes} MiB", call, ambiguous=request.writes, status=status
    )


def _late(
    error: httpcore.TimeoutException | TimeoutError, progress: Progress, request: Request, request_id: str
) -> Timeout:
    if not progress.sent:
        return Timeout("no connection in time", request.call(request_id))
    what = (
        "the request could not be sent in time"
        if isinstance(error, httpcore.WriteTimeout)
        else "no answer in time"
    )
    return Timeout(what, request.call(request_id), ambiguous=request.writes)


def _failed(error: Exception, progress: Progress, request: Request, request_id: str) -> OneCloudError:
    """Translate. The library's own words are not taken over: they may show a header's value."""
    call = request.call(request_id)
    match error:
        case AddressRefused():
            return AddressNotAllowed(str(error), call)
        case httpcore.LocalProtocolError() | httpcore.UnsupportedProtocol() | UnicodeError():
            return InvalidRequest("the URL or the token has characters that HTTP cannot carry", call)
        case httpcore.RemoteProtocolError() if "disconnected" not in str(error) and "closed" not in str(
            error
        ):
            return ProtocolError("the answer is not HTTP", call, ambiguous=request.writes and progress.sent)
        case _ if progress.sent:
            return TransportError(
                "the connection broke before the answer was whole", call, ambiguous=request.writes
            )
        case _ if (tls := _tls_reason(error)) is not None:
            return TlsFailed(f"no trusted TLS connection: {tls}", call)
    return ConnectFailed(f"no connection: {_network_reason(error)}", call)


def _tls_reason(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        if isinstance(error, ssl.SSLError):
            return error.reason or "handshake failed"
        error = error.__cause__ or error.__context__
    return None


def _network_reason(error: BaseException) -> str:
    """Return what the operating system said, or what we said of DNS."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
            return os.strerror(cause.errno)  # the loop's own text has no reason in it
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def _printable(text: str) -> str:
    return text if text.isascii() and text.isprintable() and len(text) <= REQUEST_ID_CHARACTERS else ""
