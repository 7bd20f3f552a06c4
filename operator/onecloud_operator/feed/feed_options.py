"""
How often the cloud is asked, and whether a feed is in touch with it.

With the defaults 10,000 idle servers cost some 1,100 calls an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onecloud_operator.core.values import Problem


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """Knobs of a feed; tests make them short."""

    moving_poll_seconds: float = 2.0  # while a server of ours moves, or was just written to
    idle_poll_seconds: float = 5.0
    hung_seconds: float = 600.0  # without a step for that long, a server no longer counts as moving
    hurried_poll_seconds: float = 0.5  # between two polls at least, however often we write
    expect_seconds: float = 30.0  # after a write of ours, how long something is expected to move
    overlap_seconds: float = 5.0  # a change may become visible that long after its time stamp
    confirm_seconds: float = 0.5  # between two reads that prove a status to be more than passing
    events_seconds: float = 15.0
    events_retry_seconds: float = 300.0  # after the events were refused
    sweep_seconds: float = 600.0
    sweep_without_events_seconds: float = 300.0
    sweep_ignored_seconds: float = 60.0  # for a cloud that ignores the delta's filter
    refresh_seconds: float = 3600.0  # in which everyone's details are read again
    deleting_seconds: float = 3.0  # between two looks for servers in the middle of their deletion
    deleting_max_seconds: float = 1800.0  # after which a deletion has got stuck
    moving_details_seconds: float = 10.0  # between two reads of a moving server's details
    first_read_seconds: float = (
        0.5  # an id that nobody has seen is often about to be created: learn() comes first
    )
    page_rows: int = 1024
    delta_rows: int = 512
    batch_ids: int = 100  # proxies cut URLs at about 8 kB
    retry_first_seconds: float = 5.0
    retry_max_seconds: float = 60.0
    free_tries: int = 2  # failures in a row before the feed counts as out of touch
    refused_first_seconds: float = 30.0  # until refused credentials are tried again
    refused_max_seconds: float = 300.0
    proven_seconds: float = 600.0  # for which credentials count as good that a call was made with
    proof_seconds: float = 30.0  # how long a call may take that is made for no other reason
    doubt_floor: int = 5  # so many servers, or this share, vanishing at once are doubted at first
    doubt_share: float = 0.05
    sample: int = 3
    gone_floor: int = 5  # more than so many servers and this share gone in ten minutes hold what follows
    gone_share: float = 0.05


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
