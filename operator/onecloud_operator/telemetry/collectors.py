"""Collects the current values of gauges from the parts of the operator."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.claims import Dispute, dispute_of
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.kube.standing import OTHER, REASONS, STATES
from onecloud_operator.onecloud import Traffic
from onecloud_operator.telemetry.metrics import MAX_FEEDS, MAX_TROUBLES, code_of, label, tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from onecloud_operator.core.observed import Owner
    from onecloud_operator.election.election import Election, Fence
    from onecloud_operator.engine.queue import Queue
    from onecloud_operator.feed import Feed, Feeds
    from onecloud_operator.kube.installed_crd import InstalledCRD
    from onecloud_operator.kube.store import Key, Store
    from onecloud_operator.kube.watch import Watch
    from onecloud_operator.onecloud import Endpoints
    from onecloud_operator.onecloud.models import Exchange
    from onecloud_operator.telemetry.metrics import Metrics, Sample


@dataclass(slots=True)
class StandbySamples:
    """The gauges of every process, leading or not."""

    fence: Fence
    election: Election | None = None

    def __call__(self) -> Iterator[Sample]:
        """Yield each sample: its metric, its labels, its value."""
        yield "leader", (), float(self.fence.open)
        yield "lease_failures", (), float(self.election.failures if self.election else 0)


@dataclass(slots=True)
class WorkSamples:
    """The gauges of a process that works, besides *standing*."""

    standing: StandbySamples
    queue: Queue[Key]
    feeds: Feeds[Key]
    objects: Store[Any]
    endpoints: Endpoints
    watch: Watch
    monotonic: Callable[[], float]
    installed_crd: InstalledCRD
    cluster: str  # what it is called in owner tags
    # Feeds that have had series of their own: tenants can name any number of hosts.
    named: set[tuple[str, str, str]] = field(default_factory=set)
    # The same for namespaces with objects in trouble.
    troubled: set[tuple[str, str, str]] = field(default_factory=set)
    of_providers: Callable[[], Iterator[Sample]] = lambda: iter(())

    def __call__(self) -> Iterator[Sample]:
        """Yield each sample: its metric, its labels, its value."""
        yield from self.standing()
        for lane in Lane:
            yield "queue_depth", (lane.name.lower(),), float(self.queue.depth(lane))
            yield "queue_oldest_seconds", (lane.name.lower(),), self.queue.waiting_seconds(lane)
            yield "queue_parked_oldest_seconds", (lane.name.lower(),), self.queue.parked_seconds(lane)
        yield "queue_parked", (), float(self.queue.parked)
        yield "queue_running", (), float(self.queue.running)
        yield "queue_delayed", (), float(self.queue.delayed)
        for kind in Traffic:
            yield "cloud_requests_in_flight", (kind.value,), float(self.endpoints.under_way(kind))
            yield "cloud_requests_waiting", (kind.value,), float(self.endpoints.waiting(kind))
        yield "crd_fields_missing", (), float(len(self.installed_crd.lacking))
        yield "watch_silent_seconds", (), self.watch.silent_seconds
        yield from self.of_providers()
        yield from self._of_feeds()
        yield from self._of_objects()
        yield from self._of_claims()

    def _of_claims(self) -> Iterator[Sample]:
        found: Counter[Dispute | None] = Counter()
        for feed in self.feeds:
            for watchers, owner in feed.owners():
                if len(watchers) == 1 and (owner is None or owner.uid == watchers[0].uid):
                    continue  # nearly all are so
                managers = {key.uid for key in watchers if self.objects.reason(key) != Reason.OBSERVING}
                found[dispute_of(owner, managers, (self.cluster,), self._lives)] += 1
        for dispute in Dispute:
            yield "servers_disputed", (dispute.value,), float(found[dispute])

    def _lives(self, owner: Owner) -> bool:
        return self.objects.lives(owner.uid, owner.namespace)

    def _of_feeds(self) -> Iterator[Sample]:
        now = self.monotonic()
        feeds: dict[tuple[str, str, str], list[Feed[Key]]] = {}
        for feed in sorted(self.feeds, key=lambda one: -one.owned):
            # Truncated, two names may be equal: their feeds are added up.
            name = name_of(feed)
            if name not in self.named and len(self.named) >= MAX_FEEDS:
                name = (OTHER, OTHER, OTHER)
            else:
                self.named.add(name)
            feeds.setdefault(name, []).append(feed)
        yield "feeds", (), float(sum(len(several) for several in feeds.values()))
        yield "feed_restarts", (), float(self.feeds.restarts)
        for name, several in feeds.items():
            yield "feed_in_touch", name, float(all(feed.health.problem is None for feed in several))
            yield "feed_servers", name, float(sum(feed.owned for feed in several))
            yield "feed_staleness_seconds", name, now - min(fresh_at(feed) for feed in several)

    def _of_objects(self) -> Iterator[Sample]:
        states: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        troubles: Counter[tuple[str, str, str]] = Counter()
        for (namespace, standing), number in self.objects.standings.items():
            states[standing.state] += number
            reasons[standing.reason] += number
            if standing.trouble is not None:
                reason, stalled = standing.trouble
                troubles[label(namespace), reason, str(stalled).lower()] += number
        for state, number in tally(states, STATES).items():
            yield "servers", (state,), float(number)
        for reason, number in tally(reasons, REASONS).items():
            yield "objects", (reason,), float(number)
        yield from self._of_troubles(troubles)

    def _of_troubles(self, troubles: Counter[tuple[str, str, str]]) -> Iterator[Sample]:
        shown: Counter[tuple[str, str, str]] = Counter()
        for trouble, number in troubles.most_common():
            if trouble in self.troubled or len(self.troubled) < MAX_TROUBLES:
                self.troubled.add(trouble)
                shown[trouble] += number
            else:
                shown[OTHER, *trouble[1:]] += number
        for trouble, number in shown.items():
            yield "objects_in_trouble", trouble, float(number)


def name_of(feed: Feed[Key]) -> tuple[str, str, str]:
    """Return the labels of a feed: host of the sign-in URL, region, project id."""
    place = feed.place
    parts = urlsplit(place.auth_url)
    host = parts.hostname or ""
    endpoint = f"{host}:{parts.port}" if parts.port is not None else host
    return label(endpoint), label(place.region), label(place.project_id)


def fresh_at(feed: Feed[Key]) -> float:
    """Return when the newest complete poll was sent, or since when the first one is awaited."""
    health = feed.health
    return health.since if health.fresh_at is None else health.fresh_at


def exchange_counter(metrics: Metrics) -> Callable[[Exchange], None]:
    """Return a callback that counts the requests of the cloud's client."""

    def count(exchange: Exchange) -> None:
        code = exchange.error or code_of(exchange.status)
        metrics.exchanged(exchange.operation, code, exchange.seconds, throttled=exchange.throttled)

    return count
