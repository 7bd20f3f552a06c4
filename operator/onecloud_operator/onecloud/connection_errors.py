"""
The errors of a call that got no complete answer of the API, as far apart as their remedies differ.

httpx's own messages are not used: they may contain a header's value.
"""

from __future__ import annotations

import os
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from .addresses import AddressRefused
from .dns import UNRESOLVED
from .errors import (
    AddressNotAllowed,
    ConnectFailed,
    InvalidRequest,
    OneCloudError,
    ProtocolError,
    Timeout,
    TlsFailed,
    TransportError,
)

if TYPE_CHECKING:
    from .errors import Call
    from .network import Progress
    from .protocol import Reply

UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# openssl's x509_vfy.h
EXPIRED: Final = frozenset({9, 10})
UNKNOWN_AUTHORITY: Final = frozenset({2, 18, 19, 20, 21, 24, 27})
OTHER_HOST: Final = frozenset({62, 64})
# What OpenSSL says of bytes that are no TLS: HTTP, mostly.
NOT_TLS: Final = frozenset(
    {
        "WRONG_VERSION_NUMBER",
        "HTTP_REQUEST",
        "RECORD_LAYER_FAILURE",
        "UNKNOWN_PROTOCOL",
        "PACKET_LENGTH_TOO_LONG",
    }
)
# h11's message for an answer that begins with a control character, as a TLS alert does; httpcore's for none.
BINARY: Final = "illegal request line"
WITHOUT_A_WORD: Final = "without sending a response"
# What Go's server and nginx answer to plain HTTP.
WANTS_TLS: Final = (b"http request to an https server", b"plain http request was sent to https port")
PAGES: Final = (b"<!doctype html", b"<html")
HEAD_BYTES: Final = 1024
PORTS: Final = {"http": 80, "https": 443}


class NeverAllowed(AddressNotAllowed):
    """The address policy forbids them whatever its lists say."""


class NameUnresolved(ConnectFailed):
    """DNS knows no address for the host."""


class ConnectionRefused(ConnectFailed):
    """The host is there, and nothing listens at the port."""


class NotTls(TlsFailed):
    """What listens at the port does not speak TLS."""


class UnknownAuthority(TlsFailed):
    """The certificate is signed by nobody that is trusted, or by itself."""


class OtherHost(TlsFailed):
    """The certificate is for other names."""


class CertificateExpired(TlsFailed):
    """The certificate is not valid any more, or not yet."""


class ConnectTimeout(Timeout):
    """No connection in time, so nothing was sent."""


class NoAnswerToHttp(TransportError):
    """The connection closed at once after plain HTTP, as at a port with TLS, or at a broken service."""


class WantsTls(ProtocolError):
    """The port expects TLS, and was sent plain HTTP."""


class WebPage(ProtocolError):
    """The answer is a page for people: a console's login, a proxy's error."""


def host_port_of(url: str) -> str:
    """Return host and port of a canonical URL; the port is there even where the URL leaves it out."""
    parts = urlsplit(url)
    return parts.netloc if parts.port is not None else f"{parts.netloc}:{PORTS[parts.scheme]}"


def timed_out(
    error: httpx.TimeoutException | TimeoutError, progress: Progress, base_url: str, call: Call
) -> Timeout:
    """Return what *error* means, which came after a wait."""
    host_port = host_port_of(base_url)
    if not _may_have_arrived(error, progress):
        return ConnectTimeout(f"no connection to {host_port} in time", call)
    if isinstance(error, httpx.WriteTimeout):
        return Timeout(f"the request could not be sent to {host_port} in time", call, ambiguous=call.writes)
    return Timeout(f"no answer from {host_port} in time", call, ambiguous=call.writes)


def failed(error: Exception, progress: Progress, base_url: str, call: Call) -> OneCloudError:
    """Return what *error* means, which ended a call to *base_url*."""
    host_port, plain = host_port_of(base_url), base_url.startswith("http:")
    match error:
        case AddressRefused(always=always):
            return (NeverAllowed if always else AddressNotAllowed)(f"{host_port} is not allowed", call)
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol() | httpx.InvalidURL() | UnicodeError():
            return InvalidRequest("the URL or the token has characters that HTTP cannot carry", call)
        case httpx.RemoteProtocolError() if plain and BINARY in str(error):
            message = f"{host_port} answers with bytes that are no text, as a port with TLS does"
            return WantsTls(message, call, ambiguous=call.writes and progress.sent)
        case httpx.RemoteProtocolError() if plain and WITHOUT_A_WORD in str(error) and progress.sent:
            message = f"{host_port} closed the connection without a whole answer"
            return NoAnswerToHttp(message, call, ambiguous=call.writes)
        case httpx.RemoteProtocolError() if "disconnected" not in str(error) and "closed" not in str(error):
            message = f"the answer of {host_port} is not HTTP"
            return ProtocolError(message, call, ambiguous=call.writes and progress.sent)
        case _ if _may_have_arrived(error, progress):
            message = f"{host_port} broke the connection before the answer was whole"
            return TransportError(message, call, ambiguous=call.writes)
        case _ if (tls := _tls_error(error)) is not None:
            return _untrusted(tls, host_port, call)
        case _ if str(error) == UNRESOLVED:
            return NameUnresolved(f"the name of {host_port} has no address", call)
        case _ if _refused(error):
            return ConnectionRefused(f"{host_port} refused the connection", call)
    return ConnectFailed(f"no connection to {host_port}: {_network_reason(error)}", call)


def not_the_api(reply: Reply, call: Call) -> ProtocolError | None:
    """Return what *reply* is, if it is known for something else than an answer of the API's."""
    head = reply.body[:HEAD_BYTES].lower().lstrip()
    ambiguous = call.writes
    if reply.status == HTTPStatus.BAD_REQUEST and any(words in head for words in WANTS_TLS):
        return WantsTls(f"{reply.host_port} expects TLS", call, ambiguous=ambiguous, status=reply.status)
    if head.startswith(PAGES):
        message = f"{reply.host_port} answers {reply.status} with a web page"
        return WebPage(message, call, ambiguous=ambiguous, status=reply.status)
    return None


def _may_have_arrived(error: Exception, progress: Progress) -> bool:
    """Return whether the cloud may have acted. A user's transport shows it only by the class of its error."""
    return progress.sent and not isinstance(error, UNSENT)


def _untrusted(error: ssl.SSLError, host_port: str, call: Call) -> TlsFailed:
    if not isinstance(error, ssl.SSLCertVerificationError):
        if error.reason in NOT_TLS:
            return NotTls(f"{host_port} does not speak TLS", call)
        return TlsFailed(f"{host_port}: {error.reason or 'handshake failed'}", call)
    message_text = f"{host_port}: {error.verify_message}"
    if error.verify_code in UNKNOWN_AUTHORITY:
        return UnknownAuthority(message_text, call)
    if error.verify_code in OTHER_HOST:
        return OtherHost(message_text, call)
    return (CertificateExpired if error.verify_code in EXPIRED else TlsFailed)(message_text, call)


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _refused(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ConnectionRefusedError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _network_reason(error: BaseException) -> str:
    """Return what the operating system said, or what we said of DNS."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
            return os.strerror(cause.errno)  # the loop's own text has no reason in it
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__
