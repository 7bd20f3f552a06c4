"""Turns the cloud's error answers into typed errors."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from .connection_errors import not_the_api
from .duplicate_id import reports_used_id
from .errors import (
    ApiError,
    Busy,
    Conflict,
    DuplicateId,
    DuplicateName,
    Forbidden,
    GatewayError,
    GatewayTimeout,
    InnerFailure,
    InvalidInput,
    InvalidStatus,
    Locked,
    NoCapacity,
    NotFound,
    NotSupported,
    ProtocolError,
    QuotaExceeded,
    RateLimited,
    Redirected,
    ResourceNotFound,
    ServerError,
    Unauthorized,
)
from .inner import is_inner_call_failure
from .json_body import decode
from .protocol import Reply, Request
from .redact import Redactor

DETAILS_CHARACTERS = 2 * 2**10  # of an error's text are read; the rest would not be shown
CUT_CHARACTERS = 128
ECHO = re.compile(r'\{\s*".*\}|\{\s*".*', re.DOTALL)
LOCATION = re.compile(
    r"(?P<scheme>https?:)?//(?:[^/?#@\\]*@)?(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?P<port>:\d{1,5})?(?=[/?#]|$)"
)
NESTED_ERROR = re.compile(r'\{"error":\s*\{')

# Looked up by class first, since one status has several meanings, then by status.
BY_CLASS: dict[tuple[int, str], type[ApiError]] = {
    (400, "InvalidStatusError"): InvalidStatus,
    (400, "ServerStatusError"): InvalidStatus,
    (400, "OutOfQuotaError"): QuotaExceeded,
    (400, "InsufficientResourceError"): NoCapacity,
    (404, "ResourceNotFoundError"): ResourceNotFound,
    (404, "ActionNotFoundError"): NotSupported,
    (409, "DuplicateNameError"): DuplicateName,
    (409, "DuplicateIdError"): DuplicateId,
    (409, "ResourceBusyError"): Busy,
    (500, "ResourceNotReadyError"): Busy,
}
BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidInput,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    406: NotSupported,
    409: Conflict,
    413: InvalidInput,
    423: Locked,
    429: RateLimited,
    501: NotSupported,
    502: GatewayError,
    503: GatewayError,
    504: GatewayTimeout,
    507: NoCapacity,
}
# These mean the same from a proxy, whose body is not JSON.
PROXY_STATUSES = frozenset({429, 502, 503, 504})


def parse_error(request: Request, reply: Reply) -> ApiError | ProtocolError:
    """Return the error for *reply*, whose status is not 2xx."""
    call = request.call(reply.request_id)
    if reply.status < HTTPStatus.BAD_REQUEST:
        strange = Redirected if reply.is_redirect else ProtocolError
        message = f"{reply.host_port} answered {reply.status}{_redirect_target(reply)}"
        return strange(message, call, ambiguous=request.writes, status=reply.status)
    try:
        body = decode(reply)
    except ValueError:
        body = None
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]  # some proxies wrap it
    if not isinstance(body, dict):
        if reply.status in PROXY_STATUSES:
            return BY_STATUS[reply.status](call, reply.status, "", "")
        if (other := not_the_api(reply, call)) is not None:
            return other
        message = f"{reply.host_port} answered {reply.status} with something that is not the API's"
        return ProtocolError(message, call, ambiguous=request.writes, status=reply.status)
    error_class = _words(_text(body.get("class")), 64)
    message_text = _innermost(body.get("details"))
    details = shown(message_text, reply.mask)
    kind = BY_CLASS.get((reply.status, error_class)) or BY_STATUS.get(reply.status)
    if kind is None:
        kind = ServerError if reply.is_server_error else ApiError
    if kind in {ServerError, Conflict} and reports_used_id(request.body, message_text[:DETAILS_CHARACTERS]):
        kind = DuplicateId
    mistake = kind in {ApiError, InvalidInput, InvalidStatus, NotFound, NotSupported}
    kind = InnerFailure if mistake and is_inner_call_failure(details) else kind
    return kind(call, reply.status, error_class, details)


def missing(request: Request, reply: Reply, one_id: str) -> bool:
    """
    Return whether *reply* says that this very server or disk does not exist.

    The id must be in the text: a 404 may be about a route, a referenced object, or be a proxy's page. With an
    expired token even that proves nothing.
    """
    if reply.status != HTTPStatus.NOT_FOUND:
        return False
    error = parse_error(request, reply)
    return isinstance(error, ResourceNotFound) and one_id.casefold() in error.details.casefold()


def cut(text: str, characters: int) -> str:
    """Return *text* with at most so many *characters*; one that is longer ends in ``…``."""
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _words(text: str, characters: int) -> str:
    """Return *text* as one line of at most so many *characters*."""
    text = " ".join(text.split())
    text = "".join(c if c.isprintable() else "?" for c in text)
    return cut(text, characters)


def _innermost(value: object) -> str:
    """Return the innermost text: services embed each other's errors as JSON in their own text."""
    text = json.dumps(value) if isinstance(value, dict | list) else _text(value)
    for _ in range(4):
        start = NESTED_ERROR.search(text)
        if start is None:
            break
        try:
            inner, _end = json.JSONDecoder().raw_decode(text, start.start())
        except (ValueError, RecursionError):
            break
        error = inner["error"]  # not a dict if the name occurs twice
        inner_text = error.get("details") if isinstance(error, dict) else None
        if not isinstance(inner_text, str) or not inner_text:
            break
        text = inner_text
    return text


def _redirect_target(reply: Reply) -> str:
    """Describe the target of a redirect without user, path and query, which may hold a secret."""
    location = reply.headers.get("location", "")[:DETAILS_CHARACTERS] if reply.is_redirect else ""
    if (found := LOCATION.match(location)) is not None:
        scheme, host, port = found.group("scheme", "host", "port")
        return f", a redirect to {shown((scheme or '') + '//' + host + (port or ''), reply.mask)}"
    return ", a redirect to another path" if re.match(r"/(?![/\\])", location) else ""


def shown(text: str, mask: Redactor) -> str:
    """Return *text* as it may be shown. What is in braces repeats the request, including user data."""
    clean = mask(text[:DETAILS_CHARACTERS])
    if len(text) > DETAILS_CHARACTERS:
        clean = clean[:-CUT_CHARACTERS]  # a secret cut off here may be too short to be recognised
    return _words(ECHO.sub("{…}", clean), characters=500)  # "unable to convert '{…}'"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
