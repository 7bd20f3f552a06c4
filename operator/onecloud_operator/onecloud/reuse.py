"""
Which idle connections a request may use, and whether the one that it got was closed under it.

The cloud closes a connection that was idle for 10 s, and proxies close it earlier. A request that is sent at
that moment is lost, and nobody knows whether it was read. So a write uses no connection that comes near to
that; a read may, because it can be sent once more (RFC 9110, 9.2.2).
"""

from __future__ import annotations

from contextvars import ContextVar


class Reuse:
    """
    One sending of a request.

    It uses no connection that was idle for *max_idle_seconds* or open for *max_age_seconds*, or longer.
    """

    __slots__ = ("_max_age_seconds", "_max_idle_seconds", "_sent", "answered", "closed", "idle_seconds")

    def __init__(self, max_idle_seconds: float, max_age_seconds: float) -> None:
        self._max_idle_seconds = max_idle_seconds
        self._max_age_seconds = max_age_seconds
        self._sent = False
        self.idle_seconds: float | None = None  # of its connection before; None of a new one
        self.answered = False  # a byte was received
        self.closed = False  # the other side closed the connection before that

    def allows(self, *, idle_seconds: float, age_seconds: float) -> bool:
        """Return whether a connection may be used that was idle, and open, for so long."""
        return idle_seconds < self._max_idle_seconds and age_seconds < self._max_age_seconds

    def sending(self, idle_seconds: float | None) -> None:
        """Record that bytes are sent on a connection that was idle for so long, None: on a new one."""
        if not self._sent:
            self._sent, self.idle_seconds = True, idle_seconds

    def received(self, data: bytes) -> None:
        """Record what was received; nothing is the end of the connection."""
        if data:
            self.answered = True
        else:
            self.closed = not self.answered

    def closed_after(self, seconds: float) -> bool:
        """Return whether it was lost because the other side had enough of a connection idle for so long."""
        return self.closed and self.idle_seconds is not None and self.idle_seconds >= seconds


REUSE: ContextVar[Reuse | None] = ContextVar("REUSE", default=None)  # of the current task's request
