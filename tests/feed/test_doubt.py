"""What takes back what was believed: a person's word, and a server in the recycle bin."""

from __future__ import annotations

import pytest

from onecloud_operator.feed.cache import Cache
from onecloud_operator.feed.feed_options import FeedOptions
from onecloud_operator.feed.loss_breaker import LossBreaker


def test_absences_that_are_doubted_count_as_old_until_they_are_asked_for_again() -> None:
    cache: Cache[str] = Cache(FeedOptions(), lambda _key, _lane: None)
    for server_id in ("lost", "unread"):
        cache.watch(f"of {server_id}", server_id, None, 0.0)
    lost = cache.get("lost")
    assert lost is not None
    cache.mark_gone(lost, asked_at=100.0, now=100.1)
    cache.expire_absences()
    assert cache.reading("lost").gone
    assert cache.reading("lost").asked_at <= 0.0
    assert not cache.mark_gone(lost, asked_at=200.0, now=200.1)
    assert cache.reading("lost").asked_at == 200.0
    assert not cache.reading("unread").gone


@pytest.mark.parametrize(
    ("deleted_at", "works"),
    [
        pytest.param(9.0, False, id="one-sent-before-it-failed-proves-nothing"),
        pytest.param(11.0, True, id="one-sent-later-does"),
    ],
)
def test_the_bin_works_again_when_a_later_delete_led_to_it(deleted_at: float, *, works: bool) -> None:
    breaker = LossBreaker()
    assert not breaker.bin_works(1.0)
    breaker.bin_fails(10.0)
    assert breaker.bin_off
    assert not breaker.idle(10.0)
    assert breaker.bin_works(deleted_at) is works
    assert breaker.bin_off is not works


def test_a_bin_that_failed_before_a_restart_works_again_with_the_first_delete_that_leads_to_it() -> None:
    breaker = LossBreaker()
    breaker.bin_off = True
    assert breaker.bin_works(0.0)
