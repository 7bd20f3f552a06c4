"""The priorities of the work queue."""

from __future__ import annotations

import enum


class Lane(enum.IntEnum):
    """Why a key is queued: a user's edit, a change in the cloud, or a periodic resync."""

    USER = 0
    CLOUD = 1
    RESYNC = 2


# Which lane is served first, in rotation; if it is empty, the most urgent other one. So user edits go first,
# and of eight keys three are of the cloud and one is a resync, however many edits wait: work in progress is
# finished.
LANE_ORDER = (Lane.USER, Lane.CLOUD, Lane.USER, Lane.CLOUD, Lane.USER, Lane.CLOUD, Lane.USER, Lane.RESYNC)
