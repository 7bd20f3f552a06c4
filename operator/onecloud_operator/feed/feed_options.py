"""How often a feed polls the cloud. With the defaults 10,000 idle servers cost some 1,100 calls an hour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """A feed's intervals and thresholds; tests shorten them."""

    moving_poll_seconds: float = 2.0  # while a server is moving, or was just written to
    idle_poll_seconds: float = 5.0
    hung_seconds: float = 600.0  # a server without a change for that long no longer counts as moving
    min_poll_seconds: float = 0.5  # between two polls, however often we write
    after_write_seconds: float = 30.0  # how long to poll more often after a write
    overlap_seconds: float = 5.0  # how long after its time stamp a change may become visible
    confirm_seconds: float = 0.5  # between two reads that show that a status is stable
    events_seconds: float = 15.0
    events_retry_seconds: float = 300.0  # after the events were refused
    sweep_seconds: float = 600.0
    sweep_without_events_seconds: float = 300.0
    sweep_ignored_seconds: float = 60.0  # for a cloud that ignores the delta's filter
    refresh_seconds: float = 3600.0  # in which all details are read again
    deleting_seconds: float = 3.0  # between two reads of servers that are being deleted
    deleting_max_seconds: float = 1800.0  # after which a deletion counts as stuck
    moving_details_seconds: float = 10.0  # between two reads of a moving server's details
    first_read_seconds: float = 0.5  # an unknown id often is about to be created: learn() comes first
    page_rows: int = 1024
    delta_rows: int = 512
    batch_ids: int = 100  # proxies limit URLs to about 8 kB
    retry_first_seconds: float = 5.0
    retry_max_seconds: float = 60.0
    tolerated_failures: int = 2  # in a row before the feed counts as disconnected
    refused_first_seconds: float = 30.0  # until refused credentials are checked again
    refused_max_seconds: float = 300.0
    check_interval_seconds: float = 600.0  # between two checks of credentials
    check_timeout_seconds: float = 30.0  # of such a check
    doubt_floor: int = 5  # a list that lacks more than so many servers and this share is verified first
    doubt_share: float = 0.05
    sample: int = 3  # how many of them are read for that
    loss_floor: int = 5  # the breaker trips if more than so many and this share are gone in ten minutes
    loss_share: float = 0.05
