"""Reads from the events whether a server ever ran, and why an operation failed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from onecloud_operator.core.facts import Cause, History
from onecloud_operator.core.values import cut
from onecloud_operator.onecloud.errors import OneCloudError
from onecloud_operator.onecloud.models import parse_time
from onecloud_operator.onecloud.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onecloud_operator.feed.source import Source
    from onecloud_operator.onecloud.models import Event, EventPage

FIELDS = ("id", "obj_id", "action", "notes")
CAUSE_FIELDS = (*FIELDS, "ops_time")
PAGE = 500
CAUSE_PAGE = 60  # an operation writes some ten events, and what follows it as many
MAX_PAGES = 10
MAX_CHARACTERS = 300
MAX_NOTES_CHARACTERS = 4096  # of a message; the rest would not be shown
NO_MASK = Redactor()
MAX_NESTED = 16  # tasks within tasks
STARTED = frozenset({"start", "starting"})  # from here on its disks may hold data
CREATED = "create"
STEP = re.compile(r"^(?P<old>[a-z_]*)=>(?P<new>[a-z_]+)(?:: ?(?P<why>.*))?$", re.DOTALL)
# The scheduler quotes its request including the token header and the body; only these members are read.
MESSAGE_KEYS = ("__reason__", "reason", "error", "details")
SESSION = re.compile(r",? *session_id=\\*\"?\d+\\*\"?")


async def history_of(server_id: str, source: Source) -> History | None:
    """Return the history of *server_id*, or None if the events cannot be read back to its creation."""
    events: list[Event] = []
    mask = NO_MASK
    marker: int | None = None
    try:
        for _ in range(MAX_PAGES):
            page = await source.events(
                marker=marker, server_ids=(server_id,), order="DESC", limit=PAGE, fields=FIELDS
            )
            events += [event for event in page.events if event.server_id == server_id]
            mask = page.mask
            if page.next_marker is None or not page.events:
                break
            marker = page.events[-1].id
    except OneCloudError:
        return None
    return history_in(events, mask)


async def cause_of(server_id: str, source: Source) -> Cause | None:
    """Return the newest failure in the events of *server_id*, or None if they cannot be read."""
    try:
        page = await source.events(
            server_ids=(server_id,), order="DESC", limit=CAUSE_PAGE, fields=CAUSE_FIELDS
        )
    except OneCloudError:
        return None
    return cause_in(page, server_id)


def cause_in(page: EventPage, server_id: str) -> Cause:
    """
    Return the newest failure in *page*, which lists the newest events first.

    A failed operation writes several events: those back to the status that it failed from count as one
    failure, with the newest message among them.
    """
    status: str | None = None
    failed: list[Event] = []
    words = ""
    for event in (event for event in page.events if event.server_id == server_id):
        reached = _reached(event)
        if _fails(event) or (reached is not None and _is_failure(reached)):
            failed.append(event)
            words = words or _failure(event, page.mask)
        elif reached is not None and failed:
            break
        status = status or reached
    at = _happened_at(failed[0], page) if failed else page.asked_at
    return Cause(words, at, status)


def _happened_at(event: Event, page: EventPage) -> float:
    """Return about when *event* happened by our clock; never too early if the answer has no date."""
    now, then = page.date or parse_time(page.events[0].happened_at), parse_time(event.happened_at)
    return page.asked_at - max((now - then).total_seconds(), 0.0) if now and then else page.asked_at


def history_in(newest_first: Sequence[Event], mask: Redactor = NO_MASK) -> History | None:
    """Return the history, or None if the creation is missing: then more events may be, too."""
    if not any(event.action == CREATED for event in newest_first):
        return None
    started = any(event.action in STARTED or _reached(event) == "running" for event in newest_first)
    failures = (text for event in newest_first if (text := _failure(event, mask)))
    return History(started=started, failure=next(failures, None))


def _reached(event: Event) -> str | None:
    step = STEP.match(event.notes) if event.action == "updatestatus" else None
    return step["new"] if step else None


def _is_failure(word: str) -> bool:
    return word.endswith(("_fail", "_failed"))


def _fails(event: Event) -> bool:
    return event.action != "updatestatus" and _is_failure(event.action)


def _failure(event: Event, mask: Redactor) -> str:
    if _fails(event):
        return text_of_notes(event.notes, mask)
    step = STEP.match(event.notes) if event.action == "updatestatus" else None
    return text_of_notes(step["why"] or "", mask) if step and _is_failure(step["new"]) else ""


def text_of_notes(notes: str, mask: Redactor = NO_MASK) -> str:
    """
    Return the message in an event's notes, on one line.

    Notes are text, or JSON that nests errors in errors as strings, sometimes truncated.
    """
    text = SESSION.sub("", _innermost(notes, depth=0))
    text = mask(text[:MAX_NOTES_CHARACTERS])
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return cut(text, MAX_CHARACTERS)


def _innermost(value: object, depth: int) -> str:
    if depth > MAX_NESTED:
        return ""
    match value:
        case dict():
            return next((_innermost(value[key], depth + 1) for key in MESSAGE_KEYS if value.get(key)), "")
        case list():
            return ": ".join(filter(None, (_innermost(item, depth + 1) for item in value)))
        case str():
            text = value.strip()
            if not text.startswith(("{", "[")):
                return re.split(r"[{\[]", text, maxsplit=1)[0].strip(" :")
            try:
                return _innermost(json.loads(text), depth + 1)
            except (ValueError, RecursionError):
                return _first_string(text)
        case _:
            return ""


def _first_string(cut: str) -> str:
    """Return the first string of a truncated JSON list; nothing from objects, which quote requests."""
    found = re.match(r'\[\s*"((?:[^"\\{]|\\.)*)"', cut)
    return found[1] if found else ""
