"""The state of one watched server."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.core.observed import Phase

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
    """One watched server. Times are monotonic, of requests being sent; ``arrived_at`` of an answer."""

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
