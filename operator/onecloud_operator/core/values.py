"""Small values of every decision: a problem in words, where a server lives, and times as text."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from onecloud_operator.api.reasons import Reason

T = TypeVar("T")
REMEMBERED = 64  # cards or groups of a server: more than a spec may name, and a status has room for


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One failure, translated.

    *reason* is one of the closed set of api.reasons, whose table says whether waiting helps and how long to
    wait. *message* says what, which, and what to do; it carries no time, count, request id or secret.
    *ambiguous*: the request may have done its work all the same, so look before anything is repeated.
    *again*: the cloud only said "not now" (a server that moves): look again, nothing is wrong. *stuck*: it
    said so once more of a server that rests and has not changed since, so it does not pass by itself.
    *absent*: what the request names beside the server is not in the cloud.
    """

    reason: Reason
    message: str
    request_id: str | None = None
    ambiguous: bool = False
    again: bool = False
    stuck: bool = False
    duplicate_id: bool = False  # a POST's id exists or existed ("1062 … PRIMARY")
    duplicate_name: bool = False
    absent: bool = False


class Place(NamedTuple):
    """One project of one region behind one sign-in URL; pinned in the status before the first write."""

    auth_url: str  # without a trailing slash
    region: str
    project_id: str


def cut(text: str, characters: int) -> str:
    """Return *text* with at most so many *characters*; one that is longer ends in ``…``."""
    return text if len(text) <= characters else text[: characters - 1] + "…"


@lru_cache(maxsize=8192)  # it is asked for in every decision, to see that a record is the object's own
def derived_id(uid: str, name: str) -> str:
    """Return the id of what the object *uid* makes under *name*; lower case, as the cloud stores it."""
    return str(uuid.uuid5(uuid.UUID(uid), name))


def text_of_time(moment: datetime) -> str:
    """Return *moment* as ``2026-11-23T07:28:28Z``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def time_of_text(text: str | None) -> datetime | None:
    """Return the moment that *text* names, or None if it names none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # somebody may have edited a status
        return None


def newest(found: dict[str, T]) -> dict[str, T]:
    """Return *found* without the oldest of more parts of a server than are remembered."""
    while len(found) > REMEMBERED:
        del found[next(iter(found))]
    return found


def text_of(value: object) -> str:
    """Return a value as a text to show."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case _:
            return str(value)
