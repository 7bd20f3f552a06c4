"""Counts the objects of each project that are deleted at once, so that a fleet does not go by mistake."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from onecloud_operator.controller.server_object import resource_of
from onecloud_operator.core.mass_deletion import Deletions, asked_away
from onecloud_operator.core.records import names_server, place_in
from onecloud_operator.core.status_values import mapping
from onecloud_operator.core.values import time_of_text
from onecloud_operator.kube.bounded_json import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.values import Place
    from onecloud_operator.kube.store import Key

WINDOW_SECONDS = 600
SETTLE_SECONDS = 3.0  # in which kubectl delete, or a controller, is through with some hundred objects
GRAIN_SECONDS = 60  # deletions are counted by the minute, so a window has up to one more
GRAINS = WINDOW_SECONDS // GRAIN_SECONDS + 1


@dataclass(frozen=True, slots=True)
class _Standing:
    """
    What counts of an object: the project of its server; *asked*: the minute in which it was asked away.

    All servers of a project that stay share one.
    """

    place: Place | None
    asked: int | None = None


@dataclass(slots=True)
class _Project:
    """*windows*: by the first minute, the deletions of each namespace in the ten minutes from then on."""

    stays: _Standing
    servers: int = 0
    windows: defaultdict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    totals: Counter[int] = field(default_factory=Counter)

    def count(self, namespace: str, standing: _Standing, one: int) -> None:
        """Count a server, and its deletion if it has one; or count it no more, if *one* is -1."""
        self.servers += one
        if standing.asked is None:
            return
        for first in range(standing.asked - GRAINS + 1, standing.asked + 1):
            window = self.windows[first]
            window[namespace] += one
            self.totals[first] += one
            if not window[namespace]:
                del window[namespace]
            if not window:
                del self.windows[first], self.totals[first]

    def over(self, namespace: str, asked: int, limit: float) -> bool:
        """Return whether too many were asked away about then, and by *namespace* more than its share."""
        return any(
            self.totals[first] > limit and window[namespace] > limit / len(window)
            for first in range(asked - GRAINS + 1, asked + 1)
            if (window := self.windows.get(first)) is not None
        )


@dataclass(slots=True)
class Departures:
    """
    More than max(*floor*, *share*) of a project's servers asked away within ten minutes are too many.

    What is compared are the times at which the API server took the deletions, never the present: so objects
    that were deleted while nobody worked, or whose credentials were gone for an hour, count as they did then,
    and a process that starts has the count again with the list of the objects. What is gone counts for ten
    more minutes. The share of a namespace is the limit, divided by the namespaces that ask.

    *parsed*: an object as decisions see it, in the version that is told of, where it is kept.
    """

    monotonic: Callable[[], float]
    floor: int = 20
    share: float = 0.2
    complete: Callable[[], bool] = lambda: True
    parsed: Callable[[Key], Resource | None] = lambda _key: None
    _projects: dict[Place | None, _Project] = field(default_factory=dict)
    _known: dict[Key, _Standing] = field(default_factory=dict)
    _heard: dict[Key, float] = field(default_factory=dict)  # since when a deletion is known (monotonic)
    _gone: deque[tuple[float, str, _Standing]] = field(default_factory=deque)

    def follow(self, key: Key, body: Mapping[str, Any] | None) -> None:
        """Hear of a new version of an object, or that it is gone (None)."""
        self._forget()
        before = self._known.pop(key, None)
        after = self._standing(key, body, before) if body is not None else None
        if after is not None:
            self._known[key] = after
        if after is None or after.asked is None:
            self._heard.pop(key, None)
        else:
            self._heard.setdefault(key, self.monotonic())
        if before is after:
            return
        if after is not None:
            self._count(key.namespace, after, 1)
        if before is not None and body is None and before.asked is not None:
            self._gone.append((self.monotonic() + WINDOW_SECONDS, key.namespace, before))
        elif before is not None:
            self._count(key.namespace, before, -1)

    def of(self, key: Key) -> Deletions:
        """Return what is to be known of the deletions beside that of *key*."""
        self._forget()
        if self.share >= 1.0:
            return Deletions(limited=False)
        standing, too_many, settles_in = self._known.get(key), False, 0.0
        if standing is not None and standing.asked is not None:
            project = self._projects[standing.place]
            limit = max(self.floor, self.share * project.servers)
            too_many = project.over(key.namespace, standing.asked, limit)
            if project.servers > limit:  # else there cannot be too many
                settles_in = max(self._heard[key] + SETTLE_SECONDS - self.monotonic(), 0.0)
        return Deletions(counted=self.complete(), too_many=too_many, settles_in=settles_in)

    def _standing(self, key: Key, body: Mapping[str, Any], before: _Standing | None) -> _Standing | None:
        status = mapping(body.get("status"))
        if not names_server(status):
            return None
        # A project that others wrote there must not be charged with it.
        place = None if "cloud" in body.get(SHARED, ()) else place_in(status)
        if "deletionTimestamp" not in body["metadata"]:
            return self._project(place).stays
        resource = self.parsed(key) or resource_of(body)
        if before is not None and before.asked is not None and not resource.held:
            return before  # our finalizer is off: it goes
        if not asked_away(resource):
            return self._project(place).stays
        moment = time_of_text(resource.deleted_at)
        asked = _Standing(place, int(moment.timestamp()) // GRAIN_SECONDS if moment is not None else 0)
        return before if before == asked else asked

    def _project(self, place: Place | None) -> _Project:
        return self._projects.setdefault(place, _Project(_Standing(place)))

    def _count(self, namespace: str, standing: _Standing, one: int) -> None:
        project = self._project(standing.place)
        project.count(namespace, standing, one)
        if not project.servers:
            del self._projects[standing.place]

    def _forget(self) -> None:
        now = self.monotonic()
        while self._gone and self._gone[0][0] <= now:
            _, namespace, standing = self._gone.popleft()
            self._count(namespace, standing, -1)
