"""Queries of the cloud's lists, and their results, as frozen values."""

from __future__ import annotations

import operator as operators
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from .errors import InvalidRequest
from .redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Row = dict[str, Any]
Operator = Literal["ge", "gt", "le", "lt", "in", "notin", "equals", "notequals", "startswith"]
COMPARE: dict[str, Callable[[Any, Any], object]] = {
    "in": operators.eq,
    "equals": operators.eq,
    "notin": operators.eq,
    "notequals": operators.eq,
    "startswith": lambda have, want: str(have).startswith(str(want)),
    "ge": operators.ge,
    "gt": operators.gt,
    "le": operators.le,
    "lt": operators.lt,
}
NEGATIVE = frozenset({"notin", "notequals"})
TIME_FIELDS = frozenset({"created_at", "updated_at", "pending_deleted_at"})
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MAX_ROWS = 2048  # cloudpods pkg/cloudcommon/consts/consts.go: a larger limit is cut to this


@dataclass(frozen=True, slots=True)
class Filter:
    """
    One condition of a list, ``updated_at.ge('2026-11-23 07:28:28')`` on the wire. Times are UTC.

    The cloud drops a condition that it does not understand and returns everything, so every row is checked
    again with `matches`.
    """

    field: str
    operator: Operator
    values: tuple[str, ...]

    def __str__(self) -> str:
        if not self.field.isidentifier() or not self.values:
            raise InvalidRequest("a filter has the name of a field and at least one value")
        return f"{self.field}.{self.operator}({','.join(_quoted(value) for value in self.values)})"

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether *row* matches; a row without the field does, since lists omit empty fields."""
        found = row.get(self.field)
        if found is None:
            return True
        return any(_holds(self.operator, found, self.field, value) for value in self.values) is (
            self.operator not in NEGATIVE
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerQuery:
    """
    Which servers to list. The default is every server of the project as bare rows, the recycle bin included.

    *pending_delete*: ``all`` (both), ``true`` (only the recycle bin) or None (without it). *tags* are
    (key, value) pairs with the prefix written out (``user:owner``); a None value means that the key exists.
    """

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    tags: tuple[tuple[str, str | None], ...] = ()
    fields: tuple[str, ...] = ()
    details: bool = False
    pending_delete: Literal["all", "true"] | None = "all"
    order_by: str | None = None
    order: Literal["asc", "desc"] | None = None
    limit: int | None = None
    offset: int | None = None

    def parameters(self) -> Iterator[tuple[str, str]]:
        """Yield the query string's parts."""
        yield "details", "true" if self.details else "false"
        if self.pending_delete is not None:
            yield "pending_delete", self.pending_delete
        yield from (("id", server_id) for server_id in self.ids)
        yield from (("name", name) for name in self.names)
        yield from (("filter", str(condition)) for condition in self.filters)
        for index, (key, value) in enumerate(self.tags):
            yield f"tags.{index}.key", key
            if value is not None:
                yield f"tags.{index}.value", value
        yield from (("field", name) for name in self._fields())
        for parameter, number in (("limit", self.limit), ("offset", self.offset)):
            if number is not None:
                yield parameter, str(number)
        if self.order_by is not None:
            yield "order_by", self.order_by
        if self.order is not None:
            yield "order", self.order

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether *row* matches all conditions."""
        return (
            _one_of(row.get("id"), self.ids)
            and _one_of(row.get("name"), self.names)
            and all(condition.matches(row) for condition in self.filters)
            and self._tagged(row.get("metadata"))
        )

    def _fields(self) -> tuple[str, ...]:
        """Return the columns wanted, and those that `matches` needs."""
        if not self.fields:
            return ()
        needed = ("id", *(condition.field for condition in self.filters), *(("name",) if self.names else ()))
        return tuple(dict.fromkeys((*self.fields, *needed)))

    def _tagged(self, metadata: object) -> bool:
        if not self.tags or not isinstance(metadata, dict):  # bare rows carry no tags: they can't be checked
            return True
        wanted: dict[str, set[str | None]] = {}
        for key, value in self.tags:  # one key given several times is an OR
            wanted.setdefault(key, set()).add(value)
        return all(
            key in metadata and (None in values or metadata[key] in values) for key, values in wanted.items()
        )


@dataclass(frozen=True, slots=True)
class ServerPage:
    """
    One page of a list.

    *asked_at* is the monotonic time before the call, *total* counts all matches, *unrequested* the rows that
    were dropped because they do not match: the cloud ignored a part of the query. *date* is the answer's Date
    header, by the clock of the cloud or a proxy. *cost_seconds* is how long parsing blocked the event loop.
    """

    rows: tuple[Row, ...] = field(repr=False)
    total: int
    limit: int
    offset: int
    asked_at: float
    unrequested: int = 0
    date: datetime | None = None
    cost_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the cloud's operation log. *notes* is free text, or JSON for some actions."""

    id: int
    action: str = ""
    server_id: str = ""
    server_name: str = ""
    notes: str = field(default="", repr=False)
    happened_at: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class EventPage:
    """
    The events after a marker; *next_marker* is None on the last page.

    *date* is the answer's Date header, *cost_seconds* how long parsing blocked the event loop. *mask* hides
    our secrets if a note repeats one.
    """

    events: tuple[Event, ...]
    next_marker: int | None
    asked_at: float
    date: datetime | None = None
    mask: Redactor = field(default=Redactor(), repr=False)
    cost_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Sent:
    """
    A call that may have changed something in the cloud.

    *path* is a template. *status* None: no answer came, by *error* (its class). *request_id* is the cloud's
    if it gave one, else ours, which the call carried in ``X-Request-Id``.
    """

    method: str
    path: str
    request_id: str
    status: int | None = None
    error: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One finished call, for metrics: *error* is the class of the error, or None.

    *throttled* is whether its result reduced a limit.
    """

    method: str
    operation: str
    status: int | None
    error: str | None
    seconds: float
    throttled: bool = False


def parse_time(text: object) -> datetime | None:
    """Parse one of the cloud's times, in UTC unless it has an offset; return None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text)
        parsed = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return within_calendar(parsed)


def within_calendar(time: datetime) -> datetime | None:
    """Return *time*, or None if it is outside of 1970 to 2200, where arithmetic could overflow."""
    return time if EARLIEST <= time < LATEST else None


def _quoted(value: str) -> str:
    """Quote a filter's value. There is no escape character, so some values cannot be sent."""
    if not value.isprintable() or "\\" in value:
        raise InvalidRequest("a filter's value has no control characters and no backslash")
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value:
        return f'"{value}"'
    raise InvalidRequest("a filter's value has one kind of quotes at most")


def _holds(operator: Operator, found: object, name: str, value: str) -> bool:
    """Compare as the cloud does: times as times, numbers as numbers, texts ignoring case."""
    have: Any
    want: Any
    if name in TIME_FIELDS:
        have, want = parse_time(found), parse_time(value)
    elif isinstance(found, int):  # booleans too: the cloud stores 0 and 1
        have, want = int(found), int(value) if value.isdecimal() else None
    else:
        have, want = str(found).casefold(), value.casefold()
    if have is None or want is None:
        return operator in NEGATIVE  # not comparable: never a match
    return bool(COMPARE[operator](have, want))


def _one_of(found: object, wanted: tuple[str, ...]) -> bool:
    return not wanted or (isinstance(found, str) and _folded(found) in map(_folded, wanted))


def _folded(text: str) -> str:
    return text.strip().casefold()  # the cloud compares names and ids this way
