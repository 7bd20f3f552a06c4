"""The cloud's answers, read with distrust: any bytes become a value of ours or a typed error."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any, NoReturn

from pydantic_core import from_json

from .duplicate_id import names_used_id
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
from .inner import tells_of_inner_call
from .models import MAX_ROWS, Event, EventPage, Row, ServerPage, ServerQuery
from .protocol import CHECK, ID_CHARACTERS, Reply, Request
from .redact import Redactor

# What an answer becomes in memory, by its marks: a list or object, a value, a name of a value. An honest row
# becomes eight times its size, a list of empty lists forty times. The parser holds the whole process up while
# it is at it (it is in C and lets no thread in): 0.05 s for so much, 0.15 s if every name is another one.
BRACKET_BYTES = VALUE_BYTES = 64
NAME_BYTES = 128
MAX_BYTES = 24 * 2**20
SAID_CHARACTERS = 2 * 2**10  # of a refusal's text are read; what is not shown only costs time
CUT_CHARACTERS = 128
ECHO = re.compile(r'\{\s*".*\}|\{\s*".*', re.DOTALL)
ELSEWHERE = re.compile(
    r"(?P<scheme>https?:)?//(?:[^/?#@\\]*@)?(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?P<port>:\d{1,5})?(?=[/?#]|$)"
)
EVENT_NUMBER = re.compile(r"[0-9]{1,19}")
NESTED_ERROR = re.compile(r'\{"error":\s*\{')

# The class decides, since one status has several meanings; the status decides for classes not named here.
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
# What a proxy says in its own words (HTML) still means the same for these.
PROXY_WORDS = frozenset({429, 502, 503, 504})


def parse_server(request: Request, reply: Reply) -> Row:
    """Return the server in *reply*, which has an id unless it was a dry run."""
    body = json_object(request, reply)
    server = body.get("server")
    if not isinstance(server, dict):
        _unreadable(request, reply, "it has no server")
    found = server.get("id")
    if request.operation != CHECK and not (isinstance(found, str) and 0 < len(found) <= ID_CHARACTERS):
        _unreadable(request, reply, "its server has no id, or none that can be one")
    return server


def parse_acknowledged(request: Request, reply: Reply) -> Row:
    """Return the server in the reply to an action, or {} if this action does not answer with one."""
    if reply.succeeded and not reply.body:
        return {}
    server = json_object(request, reply).get("server")
    return server if isinstance(server, dict) else {}


def parse_servers(request: Request, reply: Reply, query: ServerQuery, asked_at: float) -> ServerPage:
    """
    Return the rows that *query* asked for; the cloud leaves out totals, limits and offsets of 0.

    A row whose id is longer than any can be is none of them.
    """
    body = json_object(request, reply)
    rows = rows_in(request, reply, body, "servers")
    if not all(isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"] for row in rows):
        _unreadable(request, reply, "it has no list of servers with ids")
    total, limit, offset = (_number(request, reply, body, name) for name in ("total", "limit", "offset"))
    wanted = tuple(row for row in rows if len(row["id"]) <= ID_CHARACTERS and query.matches(row))
    return ServerPage(
        wanted, total, limit, offset, asked_at, strangers=len(rows) - len(wanted), dated=reply.dated
    )


def parse_events(request: Request, reply: Reply, marker: int | None, asked_at: float) -> EventPage:
    """Return the events after *marker*, which the cloud gives back as the first of them."""
    body = json_object(request, reply)
    rows = rows_in(request, reply, body, "events")
    events = tuple(_event(request, reply, row) for row in rows)
    following = _integer(body.get("next_marker"))
    shown = tuple(event for event in events if event.id != marker)
    return EventPage(shown, following, asked_at, reply.dated, reply.mask)


def missing(request: Request, reply: Reply, one_id: str) -> bool:
    """
    Tell whether *reply* says that this very server or disk does not exist. A dead token's proves nothing.

    The id must be in the text: a 404 may be about a handler, a referenced object, or be a proxy's page.
    """
    if reply.status != HTTPStatus.NOT_FOUND:
        return False
    error = parse_error(request, reply)
    return isinstance(error, ResourceNotFound) and one_id.casefold() in error.details.casefold()


def parse_error(request: Request, reply: Reply) -> ApiError | ProtocolError:
    """Return the error that *reply*, whose status is not 2xx, stands for."""
    call = request.call(reply.request_id)
    if reply.status < HTTPStatus.BAD_REQUEST:
        strange = Redirected if reply.redirects else ProtocolError
        message = f"answered {reply.status}{_led_to(reply)}"
        return strange(message, call, ambiguous=request.writes, status=reply.status)
    try:
        body = decode(reply)
    except ValueError:
        body = None
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]  # some proxies wrap it
    if not isinstance(body, dict):
        if reply.status in PROXY_WORDS:
            return BY_STATUS[reply.status](call, reply.status, "", "")
        message = f"answered {reply.status} with something that is not the API's"
        return ProtocolError(message, call, ambiguous=request.writes, status=reply.status)
    error_class = _words(_text(body.get("class")), 64)
    said = _innermost(body.get("details"))
    details = _shown(said, reply.mask)
    kind = BY_CLASS.get((reply.status, error_class)) or BY_STATUS.get(reply.status)
    if kind is None:
        kind = ServerError if reply.broke else ApiError
    if kind in {ServerError, Conflict} and names_used_id(request.body, said[:SAID_CHARACTERS]):
        kind = DuplicateId
    mistake = kind in {ApiError, InvalidInput, InvalidStatus, NotFound, NotSupported}
    kind = InnerFailure if mistake and tells_of_inner_call(details) else kind
    return kind(call, reply.status, error_class, details)


def decode(reply: Reply) -> object:
    """Return the JSON in *reply*. Raises ValueError for anything else, half characters included."""
    content_type = reply.headers.get("content-type", "")
    if content_type and "json" not in content_type.lower():
        raise ValueError("its content type is not JSON")
    if reply.headers.get("content-encoding", "identity").lower() != "identity":
        raise ValueError("it is compressed, though we asked for plain")
    if _bytes_in_memory(reply.body) > MAX_BYTES:
        raise ValueError("it has too many parts")
    try:
        # From its bytes: the standard library makes one text of all of it, at up to four bytes a character.
        return from_json(reply.body, allow_inf_nan=False, cache_strings="keys")
    except ValueError:  # bad syntax, no UTF-8, half characters, a nest that is too deep
        raise ValueError("it is not JSON") from None


def json_object(request: Request, reply: Reply) -> dict[str, Any]:
    """Return the JSON object in *reply*. Raises the error that it stands for if it did not succeed."""
    if not reply.succeeded:
        raise parse_error(request, reply)
    try:
        body = decode(reply)
    except ValueError as error:
        _unreadable(request, reply, str(error))
    if not isinstance(body, dict):
        _unreadable(request, reply, "it is not a JSON object")
    return body


def _unreadable(request: Request, reply: Reply, why: str) -> NoReturn:
    raise ProtocolError(
        f"cannot read the answer: {why}",
        request.call(reply.request_id),
        ambiguous=request.writes,
        status=reply.status,
    ) from None


def rows_in(request: Request, reply: Reply, body: dict[str, Any], name: str) -> list[Any]:
    """Return the rows of a list, of which the cloud never sends more than `MAX_ROWS`."""
    rows = body.get(name)
    if not isinstance(rows, list):
        _unreadable(request, reply, f"it has no list of {name}")
    if len(rows) > MAX_ROWS:
        _unreadable(request, reply, f"its list of {name} has more than {MAX_ROWS}")
    return rows


def _bytes_in_memory(body: bytes) -> int:
    """Return about how large *body* becomes when it is read; marks within texts count as well."""
    brackets = body.count(b"[") + body.count(b"{")
    return (
        len(body) + BRACKET_BYTES * brackets + VALUE_BYTES * body.count(b",") + NAME_BYTES * body.count(b":")
    )


def _number(request: Request, reply: Reply, body: dict[str, Any], name: str) -> int:
    value = body.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        _unreadable(request, reply, f"its {name} is not a number")
    return value


def _event(request: Request, reply: Reply, row: object) -> Event:
    if not isinstance(row, dict) or (number := _integer(row.get("id"))) is None:
        _unreadable(request, reply, "it has an event without a number")
    return Event(
        id=number,
        action=_text(row.get("action")),
        server_id=_text(row.get("obj_id")),
        server_name=_text(row.get("obj_name")),
        notes=_text(row.get("notes")),
        happened_at=_text(row.get("ops_time")),
        user=_text(row.get("user")),
    )


def _integer(value: object) -> int | None:
    if isinstance(value, str) and EVENT_NUMBER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _words(text: str, characters: int) -> str:
    """Return text for one line of a message."""
    text = " ".join(text.split())
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _innermost(value: object) -> str:
    """Return the innermost text: services wrap each other's errors as JSON in the text of their own."""
    text = json.dumps(value) if isinstance(value, dict | list) else _text(value)
    for _ in range(4):
        start = NESTED_ERROR.search(text)
        if start is None:
            break
        try:
            inner, _end = json.JSONDecoder().raw_decode(text, start.start())
        except (ValueError, RecursionError):
            break
        error = inner["error"]  # no dict any more if the name comes twice
        inner_text = error.get("details") if isinstance(error, dict) else None
        if not isinstance(inner_text, str) or not inner_text:
            break
        text = inner_text
    return text


def _led_to(reply: Reply) -> str:
    """Return where a redirect leads to, without user, path and query, which may hold a secret."""
    location = reply.headers.get("location", "")[:SAID_CHARACTERS] if reply.redirects else ""
    if (found := ELSEWHERE.match(location)) is not None:
        scheme, host, port = found.group("scheme", "host", "port")
        return f", a redirect to {_shown((scheme or '') + '//' + host + (port or ''), reply.mask)}"
    return ", a redirect to another path" if re.match(r"/(?![/\\])", location) else ""


def _shown(text: str, mask: Redactor) -> str:
    """Return *text* as it may be shown: what is left in braces is what we sent, user data and all."""
    clean = mask(text[:SAID_CHARACTERS])
    if len(text) > SAID_CHARACTERS:
        clean = clean[:-CUT_CHARACTERS]  # a secret may have been cut to less than can be told from other text
    return _words(ECHO.sub("{…}", clean), characters=500)  # "unable to convert '{…}'"
