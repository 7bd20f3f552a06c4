"""
The slots of groups, and the keys that are parked until their group has a free one.

A group begins with two workers and has one more for each pass that ends, up to a bound, and up to as many as
it leaves free for others. So of groups that hang each holds two, or its share, and who has none finds one.

A free slot calls a parked key, and the call is kept until that key starts: if it starts in another group by
then, or is forgotten, the call passes to the next. Otherwise the rest would be parked for ever.
"""

from __future__ import annotations

import enum
import itertools
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

K = TypeVar("K", bound="Hashable")


class Lane(enum.IntEnum):
    """Who waits: a person, what the cloud did, or nobody."""

    USER = 0
    CLOUD = 1
    RESYNC = 2


# Which lane a turn begins with; an empty lane's turn goes to the most urgent one that waits. So user edits go
# first, and of eight keys three are the cloud's and one is a resync, whatever the users do: what they have
# begun comes to its end while more of theirs waits.
TURNS = (Lane.USER, Lane.CLOUD, Lane.USER, Lane.CLOUD, Lane.USER, Lane.CLOUD, Lane.USER, Lane.RESYNC)
FIRST_SLOTS = 2  # one would have every edit wait for a slow call of another


class Turns:
    """Whose turn it is among lanes that share something."""

    def __init__(self) -> None:
        self._turns = itertools.cycle(TURNS)

    def next(self, lanes: Mapping[Lane, OrderedDict[K, float]]) -> Lane | None:
        """Return the lane whose first key is next, or None if none waits."""
        lane = next(self._turns)
        return lane if lanes[lane] else next((other for other in Lane if lanes[other]), None)


@dataclass(slots=True)
class _Group(Generic[K]):
    running: int = 0
    granted: int = FIRST_SLOTS
    called: int = 0  # keys that were called and have not answered
    turns: Turns = field(default_factory=Turns)
    parked: dict[Lane, OrderedDict[K, float]] = field(
        default_factory=lambda: {lane: OrderedDict() for lane in Lane}
    )

    @property
    def idle(self) -> bool:
        return self.running == self.called == 0 and not any(self.parked.values())


class Groups(Generic[K]):
    """
    *slots*: how many keys of one group run at most; *workers*: how many of all groups.

    Every operation is O(1). A group of which nothing runs has a slot whenever a worker is free, so that every
    parked key is called by one that ends.
    """

    def __init__(self, slots: int, workers: int) -> None:
        self._slots = slots
        self._free = workers
        self._groups: defaultdict[Hashable, _Group[K]] = defaultdict(_Group)
        self._parked_in: dict[K, Hashable] = {}
        self._called_by: dict[K, Hashable] = {}

    def __len__(self) -> int:
        """Return how many keys are parked."""
        return len(self._parked_in)

    def __contains__(self, key: K) -> bool:
        """Say whether *key* is parked."""
        return key in self._parked_in

    def of(self, key: K) -> Hashable:
        """Return the group that *key* is parked in; it must be."""
        return self._parked_in[key]

    def enter(self, name: Hashable) -> bool:
        """Take a slot of a group; return whether there was one."""
        group = self._groups[name]
        if not self._has_slot(group, group.running):
            return False
        group.running += 1
        self._free -= 1
        return True

    def leave(self, name: Hashable) -> None:
        """Give a slot back."""
        group = self._groups[name]
        group.running -= 1
        group.granted += 1
        self._free += 1

    def park(self, key: K, lane: Lane, since: float, name: Hashable) -> OrderedDict[K, float]:
        """Park *key*; return those among which it is."""
        siblings = self._groups[name].parked[lane]
        siblings[key] = since
        self._parked_in[key] = name
        return siblings

    def call(self, name: Hashable) -> tuple[K, Lane, float] | None:
        """Take out the next parked key of a group, if one has no key yet of its free slots."""
        group = self._groups.get(name)
        if group is None or not self._has_slot(group, group.running + group.called):
            return None
        if (lane := group.turns.next(group.parked)) is None:
            self._tidy(name)
            return None
        key, since = group.parked[lane].popitem(last=False)
        del self._parked_in[key]
        self._called_by[key] = name
        group.called += 1
        return key, lane, since

    def since(self, lane: Lane) -> float | None:
        """Return since when the oldest key of *lane* is parked; one look at each group."""
        firsts = (next(iter(group.parked[lane].values()), None) for group in self._groups.values())
        return min((first for first in firsts if first is not None), default=None)

    def was_called(self, key: K) -> bool:
        """Say whether *key* was called for a free slot, and has not answered."""
        return key in self._called_by

    def answer(self, key: K) -> Hashable:
        """Return the group that called *key*; it is called no more."""
        name = self._called_by.pop(key)
        self._groups[name].called -= 1
        return name

    def drop(self, key: K) -> None:
        """Note that *key* is parked no more; it was taken out already."""
        if key in self._parked_in:
            self._tidy(self._parked_in.pop(key))

    def _has_slot(self, group: _Group[K], taken: int) -> bool:
        return taken == 0 or taken < min(group.granted, self._slots, self._free)

    def _tidy(self, name: Hashable) -> None:
        if (group := self._groups.get(name)) is not None and group.idle:
            del self._groups[name]
