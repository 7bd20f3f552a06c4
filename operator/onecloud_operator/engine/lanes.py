"""Who waits, and whose turn it is among those that wait for the same."""

from __future__ import annotations

import enum


class Lane(enum.IntEnum):
    """Who waits: a person, what the cloud did, or nobody."""

    USER = 0
    CLOUD = 1
    RESYNC = 2


# Which lane a turn begins with; an empty lane's turn goes to the most urgent one that waits. So user edits go
# first, and of eight keys three are the cloud's and one is a resync, whatever the users do: what they have
# begun comes to its end while more of theirs waits.
TURNS = (Lane.USER, Lane.CLOUD, Lane.USER, Lane.CLOUD, Lane.USER, Lane.CLOUD, Lane.USER, Lane.RESYNC)
