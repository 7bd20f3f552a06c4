"""Whether a feed is in touch with its cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onecloud_operator.core.problem import Problem


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """
    Times are monotonic.

    *problem*: why nothing new is known, None while all is well; *since*: since when it is so, or not so.
    *fresh_at*: when the newest poll that showed everything was sent; None before the first.
    """

    problem: Problem | None = None
    since: float = 0.0
    fresh_at: float | None = None
