"""
The ``filter`` parameter, as forgiving as the real one: what it does not understand, it drops without a word.

``field.op(args)``; quoted arguments are texts, others split on blanks, commas and colons.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .errors import CloudError
from .guests import Guest
from .times import FIRST_MOMENT, parse_time

_CALL = re.compile(r"^\s*([A-Za-z_][\w]*)\.([a-z]+)\((.*)\)\s*$", re.DOTALL)
_ARGUMENT = re.compile(r"""'([^']*)'|"([^"]*)"|([^\s,:'"]+)""")
TIME_COLUMNS = frozenset(
    {
        "created_at",
        "updated_at",
        "deleted_at",
        "pending_deleted_at",
        "last_start_at",
        "imported_at",
        "expired_at",
    }
)


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a column. *moment* is the parsed argument of a condition on a time, if it is one."""

    column: str
    operation: str
    arguments: tuple[str, ...]
    moment: datetime | None = None

    def holds(self, guest: Guest) -> bool:
        return OPERATIONS[self.operation](guest.row[self.column], self)


def parse_filter(text: str, columns: dict[str, Any]) -> Filter | None:
    """Return the condition, or None for what the cloud drops: no call, unknown column or operation."""
    match = _CALL.match(text)
    if match is None:
        return None
    column, operation, inside = match.groups()
    if column not in columns or operation not in OPERATIONS:
        return None
    arguments = tuple(a or b or c for a, b, c in _ARGUMENT.findall(inside))
    if column in TIME_COLUMNS and ":" in inside and not re.search(r"['\"]", inside):
        raise CloudError(
            500, "InternalServerError", f"Internal server error: Malformed multi value string: {inside}"
        )
    moment = parse_time(arguments[0]) if column in TIME_COLUMNS and arguments else None
    return Filter(column, operation, arguments, moment)


def _comparable(value: Any, argument: str) -> tuple[Any, Any] | None:
    """Return the two sides as the database compares them, or None where nothing can be compared."""
    if isinstance(value, bool):
        return int(value), {"true": 1, "false": 0}.get(
            argument.lower(), int(argument) if argument.isdigit() else 0
        )
    if isinstance(value, int):
        try:
            return value, float(argument)
        except ValueError:
            return value, 0
    return str(value).casefold(), argument.casefold()


def _compare(verdict: Callable[[Any, Any], bool]) -> Callable[[Any, Filter], bool]:
    def decide(value: Any, condition: Filter) -> bool:
        if not condition.arguments:
            return True
        if condition.column in TIME_COLUMNS:
            # An argument that is no time counts as the beginning of all times: ge matches every row.
            left = parse_time(str(value)) if value else None
            return left is not None and verdict(left, condition.moment or FIRST_MOMENT)
        sides = _comparable(value, condition.arguments[0])
        return sides is not None and verdict(*sides)

    return decide


def _text(verdict: Callable[[str, str], bool]) -> Callable[[Any, Filter], bool]:
    return lambda value, c: any(verdict(str(value).casefold(), a.casefold()) for a in c.arguments)


def _among(value: Any, condition: Filter) -> bool:
    return any(_compare(lambda a, b: a == b)(value, _only(condition, a)) for a in condition.arguments)


def _only(condition: Filter, argument: str) -> Filter:
    return Filter(condition.column, condition.operation, (argument,), parse_time(argument))


def _between(value: Any, condition: Filter) -> bool:
    match [_only(condition, argument) for argument in condition.arguments]:
        case [low, high, *_]:
            pass
        case _:
            return True
    return _compare(lambda a, b: a >= b)(value, low) and _compare(lambda a, b: a <= b)(value, high)


def _like(value: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("%")), value) is not None


OPERATIONS: dict[str, Callable[[Any, Filter], bool]] = {
    "in": _among,
    "notin": lambda value, c: not _among(value, c),
    "between": _between,
    "ge": _compare(lambda a, b: a >= b),
    "gt": _compare(lambda a, b: a > b),
    "le": _compare(lambda a, b: a <= b),
    "lt": _compare(lambda a, b: a < b),
    "like": _text(_like),
    "contains": _text(lambda value, part: part in value),
    "startswith": _text(str.startswith),
    "endswith": _text(str.endswith),
    "equals": _compare(lambda a, b: a == b),
    "notequals": _compare(lambda a, b: a != b),
    "isnull": lambda value, _: value == "",
    "isnotnull": lambda value, _: value != "",
    "isempty": lambda value, _: value == "",
    "isnotempty": lambda value, _: value != "",
    "isnullorempty": lambda value, _: value == "",
}
