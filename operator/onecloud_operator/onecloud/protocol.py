"""
The compute API as values: the request of each operation. Nothing here does I/O.

All quoting happens here: ids go into paths, filters and tags into queries, and the cloud silently ignores a
malformed filter and returns every server.
"""

from __future__ import annotations

import enum
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from .errors import Call, InvalidRequest
from .models import MAX_ROWS, ServerQuery, within_calendar
from .redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The size limits are several times what a request needs. Measured: a bare row has 1.2 kB, one with details
# 3.1 (with many disks, NICs and tags some 20), an event without its notes 0.1, a sign-in with a large catalog
# some 100. The largest lists that the operator requests (512 whole rows, 1,024 slim ones, 100 with details)
# have 0.6 MB. Parsing an answer blocks the event loop, so even a list has a limit.
ANSWER_BYTES = 2**20  # one server, a sign-in, an error that repeats the request
DETAILED_ROW_BYTES = 64 * 2**10
ROW_BYTES = 8 * 2**10
EVENT_BYTES = 16 * 2**10
LIST_ANSWER_BYTES = 8 * 2**20
DATE_CHARACTERS = 40  # a Date header has 29
ID_CHARACTERS = 128  # the column's width
CHECK = "check_server"  # a dry run occupies one of the cloud's write workers, and changes nothing
PROOF = ServerQuery(limit=1, fields=("id",))


class Traffic(enum.Enum):
    """Which of an origin's limits a call counts against."""

    READ = "read"
    LIST = "list"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Request:
    """One call. *operation* and *template* are from small closed sets, for metrics and errors."""

    operation: str
    method: str
    path: str
    template: str
    traffic: Traffic
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    answer_bytes: int = ANSWER_BYTES

    @property
    def target(self) -> str:
        """The path with its query, quoted."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path

    @property
    def content(self) -> bytes | None:
        """The body as bytes, sent with a Content-Length: the cloud does not support chunked encoding."""
        if self.body is None:
            return None
        return json.dumps(self.body, allow_nan=False).encode()

    def max_bytes(self, status: int) -> int:
        """Return how large an answer of *status* may be: only a success carries the requested data."""
        return self.answer_bytes if status < HTTPStatus.MULTIPLE_CHOICES else ANSWER_BYTES

    @property
    def writes(self) -> bool:
        """Whether a lost answer leaves open what the cloud did."""
        return self.traffic is Traffic.WRITE and self.operation != CHECK

    def call(self, request_id: str = "") -> Call:
        """Return the description of this call for an error."""
        return Call(self.method, self.template, request_id, self.writes)


@dataclass(frozen=True, slots=True)
class Reply:
    """
    One complete answer.

    *headers* has lower-case keys; *request_id* is the cloud's, or else ours. *mask* hides secrets that the
    cloud repeats in an error. *host_port*: where it came from.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    request_id: str = ""
    mask: Redactor = field(default=Redactor(), repr=False)
    host_port: str = "the service"

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx; the identity service's differs between releases."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST

    @property
    def date(self) -> datetime | None:
        """The time of its Date header, or None if that is missing or malformed."""
        try:
            date = parsedate_to_datetime(self.headers.get("date", "")[:DATE_CHARACTERS])
            return within_calendar(date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC))
        except (ValueError, TypeError, OverflowError, IndexError):
            return None

    @property
    def is_server_error(self) -> bool:
        """Whether the status is 5xx, or one of the cloud's own codes above that."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def new_request_id() -> str:
    """Return a short id for a call; the cloud appends its own to it."""
    return secrets.token_hex(4)


def list_servers(query: ServerQuery) -> Request:
    """Read one page of servers."""
    return _server_list("list_servers", query)


def prove_token() -> Request:
    """Read the cheapest list there is, which succeeds only with a valid token."""
    return _server_list("prove_token", PROOF)


def get_server(server_id: str) -> Request:
    """Read one server, without a query string: with any, a server in the recycle bin is a 404."""
    return Request("get_server", "GET", _server_path(server_id), "/servers/{id}", Traffic.READ)


def check_server(body: Mapping[str, Any]) -> Request:
    """Have a server to make checked, by a route that makes none; it takes the bare body."""
    path = "/servers/check-create-data"
    return Request(CHECK, "POST", path, path, Traffic.WRITE, body=dict(body))


def create_server(body: Mapping[str, Any], *, dry_run: bool = False) -> Request:
    """Create a server, or only validate the request."""
    server = {**body, "dry_run": True} if dry_run else dict(body)
    operation = CHECK if dry_run else "create_server"
    return Request(operation, "POST", "/servers", "/servers", Traffic.WRITE, body={"server": server})


def update_server(server_id: str, changes: Mapping[str, Any]) -> Request:
    """Update a server's plain fields."""
    return Request(
        "update_server",
        "PUT",
        _server_path(server_id),
        "/servers/{id}",
        Traffic.WRITE,
        body={"server": dict(changes)},
    )


def delete_server(server_id: str, options: Mapping[str, bool]) -> Request:
    """Delete a server. The options are in the query: the cloud ignores them in a body."""
    query = tuple((name, "true") for name, wanted in options.items() if wanted)
    return Request("delete_server", "DELETE", _server_path(server_id), "/servers/{id}", Traffic.WRITE, query)


def perform(server_id: str, action: str, body: Mapping[str, Any] | None) -> Request:
    """Start an action on a server."""
    if not action or not all(c.isascii() and (c.isalnum() or c == "-") for c in action):
        raise InvalidRequest("an action has only letters, digits and dashes")
    return Request(
        "perform_" + action.replace("-", "_"),
        "POST",
        f"{_server_path(server_id)}/{action}",
        "/servers/{id}/" + action,
        Traffic.WRITE,
        body={"server": dict(body or {})},
    )


def list_events(  # noqa: PLR0913 - the events route has these parameters
    *,
    marker: int | None,
    server_ids: Sequence[str],
    actions: Sequence[str],
    order: str,
    limit: int,
    fields: Sequence[str],
) -> Request:
    """
    Read events of the project's servers.

    Without ``scope=project`` the cloud returns only this user's own actions. The marker is inclusive.
    """
    if order not in {"ASC", "DESC"}:
        raise InvalidRequest("order is ASC or DESC")
    query = [("scope", "project"), ("obj_type", "server"), ("paging_order", order), ("limit", str(limit))]
    if marker is not None:
        query.append(("paging_marker", str(marker)))
    query += [("obj_id", server_id) for server_id in server_ids]
    query += [("action", action) for action in actions]
    query += [("field", name) for name in dict.fromkeys(("id", *fields))] if fields else []
    return Request(
        "list_events",
        "GET",
        "/events",
        "/events",
        Traffic.LIST,
        tuple(query),
        answer_bytes=_list_bytes(limit, EVENT_BYTES),
    )


def _server_list(operation: str, query: ServerQuery) -> Request:
    return Request(
        operation,
        "GET",
        "/servers",
        "/servers",
        Traffic.LIST,
        tuple(query.parameters()),
        answer_bytes=_list_bytes(query.limit, DETAILED_ROW_BYTES if query.details else ROW_BYTES),
    )


def _list_bytes(limit: int | None, each: int) -> int:
    rows = min(limit or MAX_ROWS, MAX_ROWS)
    return min(LIST_ANSWER_BYTES, max(ANSWER_BYTES, rows * each))


def id_path(collection: str, one_id: str) -> str:
    """Return the path of one object in *collection*. Raises InvalidRequest for an impossible id."""
    if not one_id or one_id in {".", ".."} or len(one_id) > ID_CHARACTERS:
        raise InvalidRequest(f"an id has 1 to {ID_CHARACTERS} characters and is not a path")
    return f"/{collection}/" + quote(one_id, safe="")


def _server_path(server_id: str) -> str:
    return id_path("servers", server_id)
