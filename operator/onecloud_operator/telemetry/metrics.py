"""
What the operator measures, for Prometheus.

Counters and histograms are updated when something happens, gauges are read upon a scrape. Label values are
from small closed sets. Nothing that a tenant writes becomes one, except the names of feeds and namespaces:
these are truncated, limited in number, and removed with what they name.
"""

from __future__ import annotations

import platform
import time
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client.core import Metric

PREFIX: Final = "onecloud_operator_"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
RENDER_SECONDS: Final = 1.0  # for so long a rendering is reused
MAX_FEEDS: Final = 200  # that have series of their own; the rest is added up as one
MAX_PROVIDERS: Final = 200  # that have series of their own; the rest is told as one
MAX_TROUBLES: Final = 1000  # namespaces and reasons that have a series of their own; the rest by reason alone
OTHER: Final = "other"
LONGEST_LABEL: Final = 63

PASS_BUCKETS: Final = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
CALL_BUCKETS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LAG_BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

Sample = tuple[str, tuple[str, ...], float]

FEED: Final = ("cloud", "region", "project")  # not "endpoint" or "job", which are the scraper's own
TROUBLE: Final = ("object_namespace", "reason", "stalled")  # "namespace" is the scraper's own, too
# Name without the prefix: what it means, and its labels.
GAUGES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "build_info": ("Always 1; which version runs, on which Python.", ("version", "python")),
    "leader": ("1 if this process may write, 0 while it stands by.", ()),
    "queue_depth": ("Objects that wait for a worker.", ("lane",)),
    "queue_oldest_seconds": ("How long the oldest of them has waited.", ("lane",)),
    "queue_parked": ("Objects that wait while their namespace has its share of the workers.", ()),
    "queue_parked_oldest_seconds": ("How long the oldest of those has waited.", ("lane",)),
    "queue_running": ("Objects with a running pass.", ()),
    "queue_delayed": ("Objects that are queued again at a later time.", ()),
    "feeds": ("Projects of clouds that are watched.", ()),
    "feed_in_touch": ("1 if the project's cloud answers, 0 if it does not.", FEED),
    "feed_staleness_seconds": (
        "Age of the newest complete poll; before the first, the time since the start.",
        FEED,
    ),
    "feed_servers": ("Servers that are watched.", FEED),
    "cloud_requests_in_flight": ("Requests to clouds that are under way.", ("lane",)),
    "cloud_requests_waiting": ("Requests to clouds that wait for a slot.", ("lane",)),
    "servers": ("Objects by the state of their server.", ("state",)),
    "objects": ("Objects by the reason of their condition Synced.", ("reason",)),
    "objects_in_trouble": (
        "Objects that are neither as wanted nor on their way; stalled: waiting does not help.",
        TROUBLE,
    ),
    "servers_disputed": (
        "Watched servers that objects, or objects and owner tags, do not agree about.",
        ("dispute",),
    ),
    "provider_ready": ("1 if the provider's cloud can be used, 0 if it cannot.", ("provider",)),
    "provider_servers": ("Objects that name the provider.", ("provider",)),
    "crd_fields_missing": (
        "Fields of the status that the installed CRD does not know, so that they are not shown.",
        (),
    ),
    "watch_silent_seconds": (
        "How long the watch of the Kubernetes API has received nothing; it gets a bookmark every minute.",
        (),
    ),
}
# The same for what others count.
COUNTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "feed_restarts": ("Feeds that were restarted after a bug in the operator.", ()),
    "lease_failures": ("Reads and writes of the Lease that failed.", ()),
}


class Metrics:
    """All metrics, in their own registry. *look*, once it is set, yields the values of gauges."""

    def __init__(self, version: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.look: Callable[[], Iterable[Sample]] | None = None
        self.registry = CollectorRegistry()
        self._version = version
        self._clock = clock
        self._rendered = b""
        self._rendered_at = float("-inf")
        self._passes = self._counter("passes", "Passes over an object.", "lane", "result")
        self._pass_seconds = self._histogram(
            "pass_duration_seconds", "How long passes took.", PASS_BUCKETS, "lane"
        )
        self._wait_seconds = self._histogram(
            "pass_wait_seconds", "How long objects waited for their pass.", PASS_BUCKETS, "lane"
        )
        self._steps = self._counter("steps", "Steps towards a spec that were carried out.", "step")
        self._errors = self._counter(
            "errors", "Steps that the cloud refused, or that failed on the way, by reason.", "step", "reason"
        )
        self._feed_calls = self._counter("feed_calls", "Runs of a feed's tasks.", "task", "result")
        self._feed_rows = self._counter("feed_rows", "Rows that the tasks received.", "task")
        self._feed_seconds = self._histogram(
            "feed_call_duration_seconds", "How long a run of a feed's task took.", CALL_BUCKETS, "task"
        )
        self._cloud_requests = self._counter(
            "cloud_requests", "Requests to clouds, by result.", "operation", "code"
        )
        self._cloud_seconds = self._histogram(
            "cloud_request_duration_seconds",
            "How long requests to clouds took, without waiting for a slot.",
            CALL_BUCKETS,
            "operation",
        )
        self._cloud_throttled = self._counter(
            "cloud_throttled", "Answers that reduced a limit on concurrent requests.", "operation"
        )
        self._kubernetes_requests = self._counter(
            "kubernetes_requests",
            "Requests to the Kubernetes API beside the watch, by result.",
            "operation",
            "code",
        )
        self._kubernetes_seconds = self._histogram(
            "kubernetes_request_duration_seconds",
            "How long requests to the Kubernetes API took.",
            CALL_BUCKETS,
            "operation",
        )
        self._lag_seconds = Histogram(
            PREFIX + "event_loop_lag_seconds",
            "How late timers of the event loop fired.",
            registry=self.registry,
            buckets=LAG_BUCKETS,
        )
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    # -- what happens ------------------------------------------------------------------------------------
    def passed(self, lane: str, waited_seconds: float, seconds: float, *, failed: bool) -> None:
        """Count a pass over an object."""
        self._passes(lane, "failed" if failed else "ok").inc()
        self._pass_seconds(lane).observe(seconds)
        self._wait_seconds(lane).observe(waited_seconds)

    def stepped(self, step: str, refusal: str | None) -> None:
        """Count a step; *refusal* is the reason of one that failed."""
        if refusal is None:
            self._steps(step).inc()
        else:
            self._errors(step, refusal).inc()

    def fed(self, job: str, seconds: float, rows: int, *, failed: bool) -> None:
        """Count a run of a feed's job."""
        self._feed_calls(job, "failed" if failed else "ok").inc()
        self._feed_rows(job).inc(rows)
        self._feed_seconds(job).observe(seconds)

    def exchanged(self, operation: str, code: str, seconds: float, *, throttled: bool) -> None:
        """Count a request to a cloud; *code* is a status or the class of an error."""
        self._cloud_requests(operation, code).inc()
        self._cloud_seconds(operation).observe(seconds)
        if throttled:
            self._cloud_throttled(operation).inc()

    def called(self, operation: str, status: int | None, seconds: float) -> None:
        """Count a request to Kubernetes; *status* None: it was not answered."""
        self._kubernetes_requests(operation, code_of(status)).inc()
        self._kubernetes_seconds(operation).observe(seconds)

    def lagged(self, seconds: float) -> None:
        """Record a delay of the event loop."""
        self._lag_seconds.observe(max(seconds, 0.0))

    # -- what is asked for -------------------------------------------------------------------------------
    def render(self) -> bytes:
        """Return everything in Prometheus' text format, at most a second old."""
        now = self._clock()
        if now - self._rendered_at >= RENDER_SECONDS:
            self._rendered, self._rendered_at = generate_latest(self.registry), now
        return self._rendered

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges, for the registry."""
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
            **{
                name: GaugeMetricFamily(PREFIX + name, text, labels=to) for name, (text, to) in GAUGES.items()
            },
            **{
                name: CounterMetricFamily(PREFIX + name, text, labels=to)
                for name, (text, to) in COUNTS.items()
            },
        }
        families["build_info"].add_metric((self._version, platform.python_version()), 1)
        for name, labels, value in self.look() if self.look is not None else ():
            families[name].add_metric(labels, value)
        yield from families.values()

    def _counter(self, name: str, text: str, *labels: str) -> Callable[..., Counter]:
        """Return the way to a counter by its labels; the library finds it anew each time."""
        return cache(Counter(PREFIX + name, text, labels, registry=self.registry).labels)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Callable[..., Histogram]:
        """Return the way to a histogram by its labels."""
        return cache(Histogram(PREFIX + name, text, labels, registry=self.registry, buckets=buckets).labels)


def code_of(status: int | None) -> str:
    """Return the label for an HTTP status: it, or its class for one that HTTP does not know."""
    if status is None:
        return "none"
    return str(status) if status in CODES else f"{status // 100}xx"


CODES: Final = frozenset(int(code) for code in HTTPStatus)


def tally(words: Mapping[Any, int], known: Iterable[str]) -> dict[str, int]:
    """Sum up *words* by those that are *known*, each of which is in the result, and the rest as other."""
    result = {word: words.get(word, 0) for word in known}
    if rest := sum(words.values()) - sum(result.values()):
        result[OTHER] = rest
    return result


def label(text: str) -> str:
    """Return *text* as a label: printable and truncated."""
    return "".join(c if c.isprintable() else "?" for c in text[:LONGEST_LABEL])
