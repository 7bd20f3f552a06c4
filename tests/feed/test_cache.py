from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.engine.lanes import Lane
from onecloud_operator.feed.cache import Cache
from onecloud_operator.feed.entry import Entry, Freshness
from onecloud_operator.feed.feed_options import FeedOptions
from onecloud_operator.feed.source import CheckedRow, checked_row
from onecloud_operator.translate import observed_from_details

ROW: dict[str, Any] = {
    "id": "s1",
    "name": "web",
    "status": "running",
    "update_version": 5,
    "updated_at": "2026-11-23T07:28:28.000000Z",
    "tenant_id": "p1",
    "hypervisor": "kvm",
    "vcpu_count": 1,
    "vmem_size": 1024,
    "disable_delete": False,
    "pending_deleted": False,
}


def seen(**columns: Any) -> CheckedRow:
    found = checked_row(ROW | columns, "p1")
    assert found is not None
    return found


def row(version: int, **columns: Any) -> CheckedRow:
    return seen(update_version=version, **columns)


class Notifications(list[tuple[str, Lane]]):
    """Who was notified of what, in order."""

    def __call__(self, key: str, lane: Lane) -> None:
        self.append((key, lane))


@pytest.fixture
def notified() -> Notifications:
    return Notifications()


@pytest.fixture
def cache(notified: Notifications) -> Cache[str]:
    return Cache(FeedOptions(), notified)


def watched(cache: Cache[str], key: str = "k", server_id: str = "s1") -> Entry[str]:
    cache.watch(key, server_id, None, 0.0)
    entry = cache.get(server_id)
    assert entry is not None
    return entry


def version_of(cache: Cache[str]) -> int | None:
    server = cache.reading("s1").server
    return server.version if server else None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param((5, 10.0, 11.0), (6, 20.0, 21.0), 6, id="newer-and-asked-later"),
        pytest.param((5, 10.0, 11.0), (6, 9.0, 12.0), 6, id="newer-though-asked-earlier"),
        pytest.param((6, 10.0, 13.0), (5, 9.0, 14.0), 6, id="older-and-asked-earlier"),
        pytest.param((6, 10.0, 13.0), (5, 12.0, 14.0), 6, id="older-and-asked-before-the-newer-arrived"),
        pytest.param(
            (6, 10.0, 13.0), (5, 13.5, 14.0), 5, id="older-but-asked-afterwards-is-a-restored-cloud"
        ),
    ],
)
def test_of_two_reads_the_newer_state_wins_whatever_order_they_come_in(
    cache: Cache[str], first: tuple[int, float, float], second: tuple[int, float, float], expected: int
) -> None:
    entry = watched(cache)
    for version, asked_at, now in (first, second):
        cache.add_row(entry, row(version), asked_at, now)
    assert version_of(cache) == expected


def test_a_row_without_its_details_is_not_compared_with_anything(cache: Cache[str]) -> None:
    entry = watched(cache)
    cache.add_details(entry, observed_from_details(ROW | {"disks_info": []}), 1.0, 1.0)
    server = cache.reading("s1").server
    assert server is not None
    assert server.detailed
    cache.add_row(entry, row(6), 2.0, 2.0)
    server = cache.reading("s1").server
    assert server is not None
    assert server.details is not None
    assert not server.detailed


def test_details_that_changed_without_a_version_are_news(cache: Cache[str]) -> None:
    entry = watched(cache)
    server = observed_from_details(ROW | {"disks_info": []})
    disk = {"id": "d1", "index": 0, "size": 10240}
    assert cache.add_details(entry, server, 1.0, 1.0) is Freshness.NEW
    kept = entry.server
    assert (
        cache.add_details(entry, observed_from_details(ROW | {"disks_info": []}), 2.0, 2.0) is Freshness.SAME
    )
    assert entry.server is kept, "what is equal is kept once"
    assert (
        cache.add_details(entry, observed_from_details(ROW | {"disks_info": [disk]}), 3.0, 3.0)
        is Freshness.NEW
    )
    assert cache.add_details(entry, server, 2.5, 3.5) is Freshness.SAME, "asked for earlier"
    assert entry.server != server


def test_a_list_cannot_bring_back_what_is_proven_gone(cache: Cache[str]) -> None:
    """A list may still show rows that were deleted while it was made."""
    entry = watched(cache)
    cache.add_row(entry, row(5), 1.0, 1.0)
    cache.mark_gone(entry, 10.0, 10.5)
    assert cache.add_row(entry, row(7), 10.2, 11.0) is Freshness.OLD
    assert cache.reading("s1").gone
    assert cache.add_row(entry, row(7), 12.0, 12.1) is Freshness.NEW
    assert not cache.reading("s1").gone


def test_an_absence_asked_for_before_the_last_sight_says_nothing(cache: Cache[str]) -> None:
    """A list that was sent before our POST does not show what the POST made."""
    entry = watched(cache)
    cache.add_details(entry, observed_from_details(ROW | {"disks_info": []}), 10.0, 10.1)
    assert not cache.mark_missing(entry, 9.0)
    assert not cache.reading("s1").missing
    assert cache.mark_missing(entry, 11.0)
    assert cache.reading("s1").missing


def test_a_sight_asked_for_before_an_absence_does_not_answer_it(cache: Cache[str]) -> None:
    entry = watched(cache)
    cache.add_row(entry, row(5), 1.0, 1.0)
    cache.mark_missing(entry, 10.0)
    cache.add_row(entry, row(5), 9.0, 11.0)
    assert cache.reading("s1").missing
    cache.add_row(entry, row(5), 12.0, 12.5)
    assert not cache.reading("s1").missing


def test_a_look_that_was_overtaken_by_a_creation_does_not_say_gone(cache: Cache[str]) -> None:
    entry = watched(cache)
    cache.add_details(entry, observed_from_details(ROW | {"disks_info": []}), 10.0, 10.2)
    assert not cache.mark_gone(entry, 9.0, 10.5)
    assert cache.reading("s1").server is not None


def test_one_read_is_no_confirmation_and_two_at_the_same_moment_are_none_either(cache: Cache[str]) -> None:
    entry = watched(cache)
    cache.add_row(entry, row(5, status="ready"), 10.0, 10.1)
    assert not cache.reading("s1").confirmed
    cache.add_row(entry, row(5, status="ready"), 10.3, 10.4)
    assert not cache.reading("s1").confirmed
    cache.add_row(entry, row(5, status="ready"), 10.6, 10.7)
    assert cache.reading("s1").confirmed
    cache.add_row(entry, row(6, status="ready"), 11.0, 11.1)
    assert not cache.reading("s1").confirmed


def test_several_objects_may_watch_one_server_and_one_object_only_one(
    cache: Cache[str], notified: Notifications
) -> None:
    entry = watched(cache, "a")
    watched(cache, "b")
    cache.notify(entry)
    assert notified == [("a", Lane.CLOUD), ("b", Lane.CLOUD)]
    watched(cache, "a", "s2")
    assert cache.unwatch("b") == "s1"
    assert cache.get("s1") is None
    assert len(cache) == 1


def test_nothing_is_known_of_what_nobody_watches(cache: Cache[str]) -> None:
    assert cache.reading("s1").server is None
    watched(cache)
    cache.unwatch("k")
    assert cache.reading("s1").server is None


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"tenant_id": "p2"}, id="another-projects"),
        pytest.param({"tenant_id": None}, id="nobodys"),
        pytest.param({"update_version": "5"}, id="a-version-that-is-no-number"),
        pytest.param({"update_version": True}, id="a-version-that-is-a-truth-value"),
        pytest.param({"updated_at": "yesterday"}, id="a-time-that-is-none"),
        pytest.param({"id": 7}, id="an-id-that-is-no-text"),
    ],
)
def test_a_row_that_cannot_be_believed_is_left_out(columns: dict[str, Any]) -> None:
    assert checked_row(ROW | columns, "p1") is None
