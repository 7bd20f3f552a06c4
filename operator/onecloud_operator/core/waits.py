"""How long to wait before the next try or look: the first wait of a reason, doubled up to its longest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from onecloud_operator.api.reasons import CREDENTIALS_REASONS, Reason, row_of

if TYPE_CHECKING:
    from onecloud_operator.core.config import Config

SECRET_REASONS = frozenset({*CREDENTIALS_REASONS, Reason.CREDENTIALS_MISMATCH})
# What another Secret, or other values in it, may cure.
OF_SECRETS = SECRET_REASONS | {Reason.FORBIDDEN, Reason.ENDPOINT_UNREACHABLE}
MAX_DOUBLINGS = 16


class Waits(NamedTuple):
    """The first wait and the longest one, in seconds."""

    first: float
    longest: float

    def after(self, count: int) -> float:
        """Return the wait after *count* waits for the same."""
        return min(self.first * 2.0 ** min(count, MAX_DOUBLINGS), self.longest)


DEFAULT_WAITS = Waits(10.0, 300.0)  # for a refusal whose reason has no waits of its own


def waits_of(reason: Reason, config: Config, jitter: float) -> Waits | None:
    """Return the waits of *reason* times *jitter*; None: something is heard of it instead."""
    row = row_of(reason)
    if row.first_seconds is None or row.max_seconds is None:
        return None
    first, longest = row.first_seconds, row.max_seconds
    if reason in SECRET_REASONS:
        # Secret and identity service may work again at any time, and nothing reports it.
        first, longest = min(first, config.secret_seconds), min(longest, config.secret_seconds)
    return Waits(first * jitter, longest * jitter)
