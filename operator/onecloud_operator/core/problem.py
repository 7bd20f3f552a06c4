"""What keeps an object from its spec, in words for the person who reads ``kubectl describe``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One failure, translated.

    *reason* is one of the closed set of api.reasons, whose table says whether waiting helps and how long to
    wait. *message* says what, which, and what to do; it carries no time, count, request id or secret.
    *ambiguous*: the request may have done its work all the same, so look before anything is repeated.
    *again*: the cloud only said "not now" (a server that moves): look again, nothing is wrong. *stuck*: it
    said so once more of a server that rests and has not changed since, so it does not pass by itself.
    """

    reason: str
    message: str
    request_id: str | None = None
    ambiguous: bool = False
    again: bool = False
    stuck: bool = False
    duplicate_id: bool = False  # a POST's id exists or existed ("1062 … PRIMARY")
    duplicate_name: bool = False
