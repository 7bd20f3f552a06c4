"""What is measured, what it is called, and that it stays bounded whatever tenants write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.crd import DEFINITION
from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.core.observed import Owner
from onecloud_operator.core.values import Place
from onecloud_operator.election.election import Fence
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.queue import Queue
from onecloud_operator.feed import Feed, FeedOptions, Feeds
from onecloud_operator.feed.feed_health import FeedHealth
from onecloud_operator.kube.installed_crd import InstalledCRD
from onecloud_operator.kube.standing import REASONS, STATES
from onecloud_operator.kube.store import Key, Store
from onecloud_operator.kube.watch import Watch
from onecloud_operator.onecloud import Endpoints, Exchange
from onecloud_operator.telemetry.collectors import (
    StandbySamples,
    WorkSamples,
    exchange_counter,
)
from onecloud_operator.telemetry.metrics import (
    COUNTS,
    GAUGES,
    LONGEST_LABEL,
    MAX_FEEDS,
    MAX_TROUBLES,
    OTHER,
    PREFIX,
    Metrics,
    code_of,
    label,
    tally,
)
from tests.engine.simulated import SimulatedClock
from tests.feed.live import QUICK, live

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| (.*?) \| (.+?) \|$", re.MULTILINE)
SERIES = re.compile(r"^onecloud_operator_\w+(?:\{.*\})? ", re.MULTILINE)


@pytest.fixture
def metrics(clock: SimulatedClock) -> Metrics:
    return Metrics("1.2.3", clock=clock.monotonic)


def lines(metrics: Metrics) -> set[str]:
    return {line.removeprefix(PREFIX) for line in metrics.render().decode().splitlines()}


def families(metrics: Metrics) -> Iterator[tuple[str, str, str]]:
    """Yield each metric of ours: its full name, its type, its help."""
    for family in metrics.registry.collect():
        if family.name.startswith(PREFIX):
            yield (
                family.name + ("_total" if family.type == "counter" else ""),
                family.type,
                family.documentation,
            )


def test_the_document_has_every_metric_with_its_type_and_meaning(metrics: Metrics) -> None:
    documented = {(name, kind, meaning) for name, kind, _, meaning in ROW.findall(DOCUMENT.read_text())}
    assert documented == set(families(metrics))


def test_the_document_has_the_labels_of_every_metric(metrics: Metrics) -> None:
    documented = {
        name: set(re.findall(r"`(\w+)`", labels)) for name, _, labels, _ in ROW.findall(DOCUMENT.read_text())
    }
    assert documented == labels_of(metrics)


def labels_of(metrics: Metrics) -> dict[str, set[str]]:
    """Return the label names of each metric, from one series of each."""
    metrics.passed("user", 0.1, 0.1, failed=False)
    metrics.stepped("Create", None)
    metrics.stepped("Create", "NoCapacity")
    metrics.fed("delta", 0.1, 2, failed=False)
    metrics.exchanged("get_server", "200", 0.1, throttled=True)
    metrics.called("write_status", 200, 0.1)
    metrics.look = every_sample
    return {
        family.name + ("_total" if family.type == "counter" else ""): {
            name for sample in family.samples for name in sample.labels if name != "le"
        }
        for family in metrics.registry.collect()
        if family.name.startswith(PREFIX)
    }


def every_sample() -> Iterator[tuple[str, tuple[str, ...], float]]:
    for name, (_, labels) in {**GAUGES, **COUNTS}.items():
        if name != "build_info":
            yield name, tuple("x" for _ in labels), 1.0


def test_alerts_in_the_document_name_metrics_that_exist(metrics: Metrics) -> None:
    known = {name for name, _, _ in families(metrics)}
    expressions = re.findall(r"expr: (.+)", DOCUMENT.read_text())
    used = {name for expression in expressions for name in re.findall(rf"{PREFIX}\w+", expression)}
    assert len(expressions) >= 8
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in used} <= known


def test_what_happens_is_counted(metrics: Metrics) -> None:
    metrics.passed("cloud", 0.2, 0.01, failed=True)
    metrics.stepped("Create", "QuotaExceeded")
    metrics.fed("sweep", 0.3, 1000, failed=False)
    exchange_counter(metrics)(Exchange("GET", "get_server", 404, None, 0.1))
    exchange_counter(metrics)(Exchange("POST", "create_server", None, "Timeout", 30.0, throttled=True))
    metrics.called("emit", None, 15.0)
    assert {
        'passes_total{lane="cloud",result="failed"} 1.0',
        'errors_total{reason="QuotaExceeded",step="Create"} 1.0',
        'feed_rows_total{task="sweep"} 1000.0',
        'cloud_requests_total{code="404",operation="get_server"} 1.0',
        'cloud_requests_total{code="Timeout",operation="create_server"} 1.0',
        'cloud_throttled_total{operation="create_server"} 1.0',
        'kubernetes_requests_total{code="none",operation="emit"} 1.0',
    } <= lines(metrics)


async def test_a_rendering_is_good_for_a_second_however_often_it_is_asked_for(
    metrics: Metrics, clock: SimulatedClock
) -> None:
    first = metrics.render()
    metrics.lagged(0.5)
    assert metrics.render() is first
    await clock.advance(1.0)
    assert metrics.render() != first


@pytest.mark.parametrize(
    ("status", "code"),
    [(200, "200"), (409, "409"), (599, "5xx"), (612, "6xx"), (999, "9xx"), (None, "none")],
)
def test_codes_are_few_whatever_a_cloud_answers(status: int | None, code: str) -> None:
    assert code_of(status) == code


def test_words_outside_the_closed_set_are_one() -> None:
    assert tally({"a": 2, "b": 1, "?": 1, None: 1}, ["a", "b", "c"]) == {"a": 2, "b": 1, "c": 0, OTHER: 2}


def test_labels_are_printable_and_short() -> None:
    assert label("x" * 1000) == "x" * LONGEST_LABEL
    assert label('a\n"b\x00') == 'a?"b?'


# -- gathered from the parts -----------------------------------------------------------------------------
def working(clock: Any, *, feeds: Any = (), endpoints: Endpoints | None = None) -> WorkSamples:
    queue: Queue[Key] = Queue(clock=clock, backoff=Backoff(1.0, 2.0, lambda: 0.5), workers=1, per_group=1)
    no_feeds: Any = NoFeeds()
    nobody: Any = None
    watch = Watch({}, monotonic=clock.monotonic)
    return WorkSamples(
        StandbySamples(Fence.opened()),
        queue,
        feeds or no_feeds,
        Store(SERVERS, clock.monotonic),
        endpoints or Endpoints(),
        watch,
        clock.monotonic,
        InstalledCRD(nobody, DEFINITION),
        "cluster0",
    )


class NoFeeds:
    restarts = 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())


def body(name: str, status: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "name": name, "uid": f"u-{name}", "resourceVersion": "1"},
        "status": status,
    }


def synced(reason: str) -> list[dict[str, str]]:
    return [{"type": "Ready", "reason": "Available"}, {"type": "Synced", "reason": reason}]


async def test_the_queue_is_measured_by_lane(metrics: Metrics, clock: SimulatedClock) -> None:
    parts = working(clock)
    parts.queue.add(Key("shop", "a", "1"), Lane.USER)
    await clock.advance(4.0)
    parts.queue.add(Key("shop", "b", "2"), Lane.RESYNC)
    metrics.look = parts
    assert {
        'queue_depth{lane="user"} 1.0',
        'queue_depth{lane="cloud"} 0.0',
        'queue_oldest_seconds{lane="user"} 4.0',
        'queue_oldest_seconds{lane="resync"} 0.0',
        "leader 1.0",
    } <= lines(metrics)


def test_objects_are_counted_by_state_and_reason(metrics: Metrics, clock: SimulatedClock) -> None:
    parts = working(clock)
    for name, status in {
        "a": {"state": "Running", "conditions": synced("UpToDate")},
        "b": {"state": "Running", "conditions": synced("QuotaExceeded")},
        "c": {"state": "made up by somebody", "conditions": synced("invented")},
        "d": None,
    }.items():
        parts.objects.heard(body(name, status), listed=True)
    metrics.look = parts
    seen = lines(metrics)
    assert {
        'servers{state="Running"} 2.0',
        'servers{state="Failed"} 0.0',
        'servers{state="other"} 2.0',
        'objects{reason="UpToDate"} 1.0',
        'objects{reason="QuotaExceeded"} 1.0',
        'objects{reason="NotYetObserved"} 1.0',
        'objects{reason="other"} 1.0',
    } <= seen
    assert not any("invented" in line or "made up" in line for line in seen)


def test_objects_in_trouble_are_counted_by_their_namespace(metrics: Metrics, clock: SimulatedClock) -> None:
    parts = working(clock)
    stalled = {"type": "Stalled", "status": "True", "reason": "InvalidSpec"}
    deleting = {"type": "Deleting", "status": "True", "reason": "DeletionProtected"}
    for namespace, conditions in {
        "well": synced("UpToDate"),
        "busy": synced("Creating"),
        "wanted": synced("Paused"),
        "new": [],
        "poor": synced("QuotaExceeded"),
        "wrong": [*synced("InvalidSpec"), stalled],
        "strange": synced("invented"),
        "protected": [*synced("UpToDate"), deleting],
        "going": [*synced("UpToDate"), {**deleting, "reason": "Removing"}],
    }.items():
        one = body(namespace, {"conditions": conditions})
        one["metadata"] |= {"namespace": namespace}
        parts.objects.heard(one, listed=True)
    metrics.look = parts
    assert {line for line in lines(metrics) if line.startswith("objects_in_trouble{")} == {
        'objects_in_trouble{object_namespace="poor",reason="QuotaExceeded",stalled="false"} 1.0',
        'objects_in_trouble{object_namespace="wrong",reason="InvalidSpec",stalled="true"} 1.0',
        f'objects_in_trouble{{object_namespace="strange",reason="{OTHER}",stalled="false"}} 1.0',
        'objects_in_trouble{object_namespace="protected",reason="DeletionProtected",stalled="false"} 1.0',
    }


def test_namespaces_that_come_and_go_get_no_ever_new_series(metrics: Metrics, clock: SimulatedClock) -> None:
    """What is beyond the bound is still counted, by its reason."""
    parts, named = working(clock), set[str]()
    metrics.look = parts
    for first in range(0, 3 * MAX_TROUBLES, MAX_TROUBLES):
        for key in tuple(parts.objects.keys()):
            parts.objects.drop(key)
        for number in range(first, first + MAX_TROUBLES + 50):
            one = body("web", {"conditions": synced("NoCapacity")})
            one["metadata"] |= {"namespace": f"team-{number}", "uid": f"u-{number}"}
            parts.objects.heard(one, listed=True)
        clock.now += 10.0
        seen = {line for line in lines(metrics) if line.startswith("objects_in_trouble{")}
        named |= {line.partition("}")[0] for line in seen}
        assert sum(float(line.rpartition(" ")[2]) for line in seen) == MAX_TROUBLES + 50
    assert len(named) == MAX_TROUBLES + 1
    assert any(f'object_namespace="{OTHER}"' in line for line in named)


def test_the_number_of_series_does_not_grow_with_objects(metrics: Metrics, clock: SimulatedClock) -> None:
    parts = working(clock)
    for number in range(10_000):
        status = {"state": f"s{number}", "conditions": synced(f"r{number}")}
        parts.objects.heard(body(f"web-{number}", status), listed=True)
    metrics.look = parts
    assert len(SERIES.findall(metrics.render().decode())) < 150 + len(STATES) + len(REASONS)
    assert "web-" not in metrics.render().decode()


def owned(uid: str, cluster: str = "cluster0") -> Owner:
    return Owner(cluster, "shop", "web", uid)


class OneFeed(NoFeeds):
    """A feed whose servers are watched by objects of these names, and carry these owner tags."""

    owned = 0
    place = Place("https://cloud.example/v3", "r0", "p0")
    health = FeedHealth()

    def __init__(self, *servers: tuple[tuple[str, ...], Owner | None]) -> None:
        self.servers = servers

    def __iter__(self) -> Iterator[Any]:
        return iter((self,))

    def owners(self) -> Iterator[tuple[tuple[Key, ...], Owner | None]]:
        for names, owner in self.servers:
            yield tuple(Key("shop", name, f"u-{name}") for name in names), owner


def test_servers_on_which_claims_do_not_agree_are_counted(metrics: Metrics, clock: SimulatedClock) -> None:
    feed = OneFeed(
        (("a",), owned("u-a")),
        (("a",), None),
        (("a", "eye"), owned("u-a")),
        (("eye",), owned("u-elsewhere", "cluster1")),
        (("a", "b"), owned("u-a")),
        (("a",), owned("u-b")),
        (("a",), owned("u-elsewhere", "cluster1")),
        (("eye",), owned("u-gone")),
        (("a",), owned("u-gone")),
    )
    parts = working(clock, feeds=feed)
    for name in ("a", "b"):
        parts.objects.heard(body(name, {"conditions": synced("UpToDate")}), listed=True)
    parts.objects.heard(body("eye", {"conditions": synced("Observing")}), listed=True)
    metrics.look = parts
    # While there may be objects that were not heard of, nobody's server is called an orphan.
    assert disputes(metrics) == {"shared": 1, "other_object": 2, "other_cluster": 1, "orphaned": 0}
    parts.objects.complete = True
    clock.now += 10.0
    # One that an object manages, or is about to adopt, is no orphan, whoever had it before.
    assert disputes(metrics) == {"shared": 1, "other_object": 1, "other_cluster": 1, "orphaned": 1}


def disputes(metrics: Metrics) -> dict[str, int]:
    found = (line.split('"') for line in lines(metrics) if line.startswith("servers_disputed{"))
    return {kind: int(float(value.removeprefix("} "))) for _, kind, value in found}


async def test_feeds_have_series_as_long_as_they_live() -> None:
    metrics = Metrics("1.2.3", clock=iter(range(1000)).__next__)
    turns: list[tuple[Any, ...]] = []
    async with live() as scene:
        scene.feeds = Feeds(
            notify=lambda *_: None,
            clock=SystemClock(),
            options=QUICK,
            on_run=lambda *turn: turns.append(turn),
        )
        server_id = scene.cloud.add_server("web")
        await scene.watching(server_id)
        metrics.look = working(SystemClock(), feeds=scene.feeds, endpoints=scene.lab.endpoints)
        seen = lines(metrics)
        (in_touch,) = (line for line in seen if line.startswith("feed_in_touch{"))
        assert in_touch.endswith(" 1.0")
        assert 'cloud="127.0.0.1:' in in_touch
        assert any(line.startswith("feed_servers{") and line.endswith(" 1.0") for line in seen)
        (stale,) = (line for line in seen if line.startswith("feed_staleness_seconds{"))
        assert 0.0 <= float(stale.rpartition(" ")[2]) < 60.0
        assert {"delta", "details"} <= {turn[0] for turn in turns}
        assert sum(turn[2] for turn in turns) >= 1
        for key in ("first", server_id):
            scene.feeds.leave(key)
        seen = lines(metrics)
        assert "feeds 0.0" in seen
        assert not any(line.startswith("feed_in_touch{") for line in seen)
        await scene.feeds.close()


class Crowd:
    """More feeds than may have series of their own."""

    restarts = 0
    first = 0

    def __iter__(self) -> Iterator[Any]:
        for number in range(self.first, self.first + MAX_FEEDS + 50):
            place = Place(f"https://host-{number}.{'x' * 300}:5000/v3", "r" * 300, f"p{number}")
            yield Feed(
                place,
                notify=lambda *_: None,
                clock=SimulatedClock(),
                options=FeedOptions(),
                random=lambda: 0.5,
            )


def test_the_number_of_series_does_not_grow_with_tenants_beyond_a_bound(
    metrics: Metrics, clock: SimulatedClock
) -> None:
    metrics.look = working(clock, feeds=Crowd())
    seen = [line for line in lines(metrics) if line.startswith("feed_in_touch{")]
    assert len(seen) == MAX_FEEDS + 1
    assert f'feed_in_touch{{cloud="{OTHER}",project="{OTHER}",region="{OTHER}"}} 1.0' in seen
    assert all(len(line) < 4 * LONGEST_LABEL + 60 for line in seen)
    assert f"feeds {MAX_FEEDS + 50}.0" in lines(metrics)


def test_feeds_that_come_and_go_under_ever_new_names_get_no_ever_new_series(
    metrics: Metrics, clock: SimulatedClock
) -> None:
    """Who names hosts would otherwise fill what stores the metrics, one scrape after the other."""
    crowd, named = Crowd(), set[str]()
    metrics.look = working(clock, feeds=crowd)
    for crowd.first in range(0, 5 * MAX_FEEDS, MAX_FEEDS):
        clock.now += 10.0
        named |= {line for line in lines(metrics) if line.startswith("feed_in_touch{")}
    assert len(named) == MAX_FEEDS + 1
