"""Parses the cloud's answers, which are not trusted: any bytes become a value or a typed error."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from .connection_errors import not_the_api
from .error_reply import parse_error
from .errors import ProtocolError
from .json_body import decode
from .models import MAX_ROWS, Event, EventPage, Row, ServerPage, ServerQuery
from .protocol import CHECK, ID_CHARACTERS, Reply, Request

KINDS = {"disk": "disk", "eip": "EIP"}  # in words
EVENT_NUMBER = re.compile(r"[0-9]{1,19}")


def parse_server(request: Request, reply: Reply) -> Row:
    """Return the server in *reply*, which has an id unless it was a dry run."""
    body = json_object(request, reply)
    server = body.get("server")
    if not isinstance(server, dict):
        _unreadable(request, reply, "it has no server")
    found = server.get("id")
    if request.operation != CHECK and not (isinstance(found, str) and 0 < len(found) <= ID_CHARACTERS):
        _unreadable(request, reply, "its server has no valid id")
    return server


def parse_checked(request: Request, reply: Reply) -> None:
    """Read that a server could be made; raises what speaks against it."""
    if not isinstance(json_object(request, reply).get("servers"), dict):
        _unreadable(request, reply, "it does not say what was checked")


def parse_part(request: Request, reply: Reply, kind: str, ident: str) -> Row:
    """
    Return the *kind* (``disk``, ``eip``) with the id *ident* in *reply*.

    Raises ProtocolError if it is another: the cloud also looks up names.
    """
    row = json_object(request, reply).get(kind)
    found = row.get("id") if isinstance(row, dict) else None
    if not isinstance(row, dict) or not isinstance(found, str) or found.casefold() != ident.casefold():
        raise ProtocolError(
            f"the cloud answered with another {KINDS[kind]}, or none",
            request.call(reply.request_id),
            ambiguous=request.writes,
            status=reply.status,
        )
    return row


def parse_ids(request: Request, reply: Reply, plural: str) -> tuple[tuple[str, ...], bool]:
    """Return the ids in a list of *plural* (``disks``, ``eips``), and whether these are all."""
    body = json_object(request, reply)
    rows = rows_in(request, reply, body, plural)
    ids = [row.get("id") for row in rows if isinstance(row, dict)]
    found = tuple(one for one in ids if isinstance(one, str) and len(one) <= ID_CHARACTERS)
    return found, len(found) == len(rows) == body.get("total", 0)


def parse_acknowledged(request: Request, reply: Reply) -> Row:
    """Return the server in the reply to an action, or {} if the action does not return one."""
    if reply.is_success and not reply.body:
        return {}
    server = json_object(request, reply).get("server")
    return server if isinstance(server, dict) else {}


def parse_servers(request: Request, reply: Reply, query: ServerQuery, asked_at: float) -> ServerPage:
    """
    Return the rows that match *query*; the cloud omits a total, limit or offset of 0.

    A row whose id is longer than an id can be is dropped.
    """
    body = json_object(request, reply)
    rows = rows_in(request, reply, body, "servers")
    if not all(isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"] for row in rows):
        _unreadable(request, reply, "it has no list of servers with ids")
    total, limit, offset = (_number(request, reply, body, name) for name in ("total", "limit", "offset"))
    wanted = tuple(row for row in rows if len(row["id"]) <= ID_CHARACTERS and query.matches(row))
    return ServerPage(
        wanted, total, limit, offset, asked_at, unrequested=len(rows) - len(wanted), date=reply.date
    )


def parse_events(request: Request, reply: Reply, marker: int | None, asked_at: float) -> EventPage:
    """Return the events after *marker*, which the cloud repeats as the first one."""
    body = json_object(request, reply)
    rows = rows_in(request, reply, body, "events")
    events = tuple(_event(request, reply, row) for row in rows)
    following = _integer(body.get("next_marker"))
    shown = tuple(event for event in events if event.id != marker)
    return EventPage(shown, following, asked_at, reply.date, reply.mask)


def json_object(request: Request, reply: Reply) -> dict[str, Any]:
    """Return the JSON object in *reply*. Raises the error for an unsuccessful reply."""
    if not reply.is_success:
        raise parse_error(request, reply)
    try:
        body = decode(reply)
    except ValueError as error:
        _unreadable(request, reply, str(error))
    if not isinstance(body, dict):
        _unreadable(request, reply, "it is not a JSON object")
    return body


def _unreadable(request: Request, reply: Reply, why: str) -> NoReturn:
    raise not_the_api(reply, request.call(reply.request_id)) or ProtocolError(
        f"cannot read the answer of {reply.host_port}: {why}",
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
