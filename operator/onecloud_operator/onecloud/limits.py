"""What one place is asked for at most, and how long it is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from .protocol import Traffic


@dataclass(frozen=True, slots=True)
class Limits:
    """
    The measures of one place.

    The region has 8 workers for reads and 8 for writes, for all its users. It closes idle connections at
    10 s, and a request on a connection that is just being closed is a lost answer.
    """

    connections: int = 8
    writes: int = 4
    lists: int = 2
    idle_seconds: float = 5.0
    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    list_read_seconds: float = 60.0
    write_seconds: float = 10.0
    slot_seconds: float = 60.0
    slow_seconds: float = 5.0
    slow_list_seconds: float = 20.0

    def places(self, lane: Traffic) -> int:
        """How many calls of *lane* may be under way."""
        return {Traffic.READ: self.connections, Traffic.LIST: self.lists, Traffic.WRITE: self.writes}[lane]

    def silence_seconds(self, lane: Traffic) -> float:
        """How long the other side may be silent."""
        return self.list_read_seconds if lane is Traffic.LIST else self.read_seconds

    def whole_seconds(self, lane: Traffic) -> float:
        """How long a call may take from its first byte to the answer's last."""
        return self.connect_seconds + self.write_seconds + self.silence_seconds(lane) * 1.5

    def patience_seconds(self, lane: Traffic) -> float:
        """How long an answer may take before we ask for less at a time."""
        return self.slow_list_seconds if lane is Traffic.LIST else self.slow_seconds
