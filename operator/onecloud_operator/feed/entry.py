"""The state of one watched server."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import Phase
from onecloud_operator.engine.packed import Packed

if TYPE_CHECKING:
    from collections.abc import Hashable

    from onecloud_operator.core.observed import Observed

K = TypeVar("K", bound="Hashable")

NEVER = float("-inf")


class Freshness(enum.Enum):
    """How a read compares to what is known."""

    OLD = enum.auto()  # older than what is known
    SAME = enum.auto()
    NEW = enum.auto()


@dataclass(slots=True)
class Entry(Generic[K]):
    """
    One watched server. Times are monotonic, of requests being sent; ``arrived_at`` of an answer.

    Mirrors are packed once they were looked at, so who looks at one takes the server `in_full`.
    """

    id: str
    watchers: tuple[K, ...]
    watched_at: float
    recalled: Observed | None = None  # from the status, until a row confirms it or not
    server: Observed | None = None
    first_seen_at: float = NEVER
    asked_at: float = NEVER
    arrived_at: float = NEVER
    details_at: float = NEVER
    missing_at: float = NEVER
    wrote_at: float = NEVER  # when our last write to it ended
    awaited_by: tuple[K, Observed] | None = None  # who waits until it has settled, and its state when seen
    missing: bool = False
    gone: bool = False
    swept: int = 0

    @property
    def known(self) -> Observed | None:
        """The newest state, which may be one recalled from the status."""
        return self.server or self.recalled

    @property
    def settled(self) -> bool:
        """Whether its details are worth reading: the server is not moving, and the cloud knows its state."""
        return self.server is None or self.server.phase not in {Phase.MOVING, Phase.UNKNOWN}

    @property
    def under_way(self) -> bool:
        """Whether its only watcher waits until it has settled, and all that changed is the step it is at."""
        server = self.server
        if server is None or self.awaited_by is None or server.phase is not Phase.MOVING or self.missing:
            return False
        key, seen = self.awaited_by
        if self.watchers != (key,) or seen.phase is not Phase.MOVING or server.recycled != seen.recycled:
            return False
        if server.details is None or seen.details is None or server.details is seen.details:
            return server.details is seen.details
        return server.details == replace(seen.details, version=server.details.version)


def packed(server: Observed) -> Observed:
    """Return *server* as it is kept: nobody looks at most mirrors for hours."""
    return server if isinstance(server.mirror, Packed) else replace(server, mirror=Packed(server.mirror))


def in_full(server: Observed) -> Observed:
    """Return a kept *server* for who looks at its mirror."""
    mirror = server.mirror
    return replace(server, mirror=mirror.value) if isinstance(mirror, Packed) else server
