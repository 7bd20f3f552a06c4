"""The limits of one origin: concurrent calls and timeouts."""

from __future__ import annotations

from dataclasses import dataclass

from .protocol import Traffic


@dataclass(frozen=True, slots=True)
class Limits:
    """
    The limits of one origin.

    The region has 8 workers for reads and 8 for writes, for all its users. It closes idle connections after
    10 s, and a request on a connection that is just being closed is a lost answer. Only reads, which can be
    sent again, use one that was idle for *idle_seconds* or longer, up to *read_idle_seconds*.
    """

    connections: int = 8
    writes: int = 4
    lists: int = 2
    idle_seconds: float = 5.0
    read_idle_seconds: float = 8.0  # longer than between two polls
    max_age_seconds: float = 60.0  # of a connection: the host is resolved and its address checked again
    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    list_read_seconds: float = 60.0
    write_seconds: float = 10.0
    slot_seconds: float = 60.0
    slow_seconds: float = 5.0
    slow_list_seconds: float = 20.0

    def max_calls(self, traffic: Traffic) -> int:
        """Return how many calls of *traffic* may be under way."""
        return {Traffic.READ: self.connections, Traffic.LIST: self.lists, Traffic.WRITE: self.writes}[traffic]

    def read_timeout_seconds(self, traffic: Traffic) -> float:
        """Return how long the other side may send nothing."""
        return self.list_read_seconds if traffic is Traffic.LIST else self.read_seconds

    def total_seconds(self, traffic: Traffic) -> float:
        """Return how long a call may take in all, from connecting to the last byte of the answer."""
        return self.connect_seconds + self.write_seconds + self.read_timeout_seconds(traffic) * 1.5

    def slow_answer_seconds(self, traffic: Traffic) -> float:
        """Return how long an answer may take before the limit decreases."""
        return self.slow_list_seconds if traffic is Traffic.LIST else self.slow_seconds
