from __future__ import annotations

import pytest

from onecloud_operator.feed.loss_breaker import LossBreaker


def lose(limiter: LossBreaker, count: int, *, now: float = 0.0, first: int = 0) -> None:
    for number in range(first, first + count):
        limiter.record(f"s{number}", now)


@pytest.mark.parametrize(
    ("gone", "owned", "holds"),
    [
        pytest.param(5, 10, False, id="five-of-a-small-fleet-may-go"),
        pytest.param(6, 10, True, id="the-sixth-trips"),
        pytest.param(50, 1000, False, id="five-percent-of-a-large-fleet-may-go"),
        pytest.param(51, 1000, True, id="more-than-five-percent-trips"),
    ],
)
def test_more_than_a_few_at_once_hold_what_would_follow(gone: int, owned: int, *, holds: bool) -> None:
    limiter = LossBreaker()
    lose(limiter, gone)
    assert limiter.holding(1.0, owned, "shop") is holds


def test_the_same_server_counts_once() -> None:
    limiter = LossBreaker()
    for second in range(20):
        limiter.record("s1", float(second))
    assert not limiter.holding(20.0, 10, "shop")


def test_servers_that_went_one_by_one_over_hours_hold_nothing() -> None:
    limiter = LossBreaker()
    for number in range(100):
        limiter.record(f"s{number}", number * 200.0)
        assert not limiter.holding(number * 200.0, 10, "shop")


def test_once_tripped_time_alone_does_not_release_it() -> None:
    limiter = LossBreaker()
    lose(limiter, 6)
    assert limiter.holding(1.0, 10, "shop")
    assert limiter.holding(100_000.0, 10, "shop")


def test_an_acknowledgement_releases_what_went_before_it_and_not_what_goes_later() -> None:
    limiter = LossBreaker()
    lose(limiter, 6)
    assert limiter.holding(1.0, 10, "shop")
    limiter.acknowledge("shop")
    assert not limiter.holding(3.0, 10, "shop")
    lose(limiter, 6, now=4.0, first=100)
    assert limiter.holding(5.0, 10, "shop")


def test_a_namespace_that_acknowledges_does_so_for_itself() -> None:
    """In a project that is shared nobody has another's servers made again."""
    limiter = LossBreaker()
    lose(limiter, 6)
    assert limiter.holding(1.0, 10, "shop")
    limiter.acknowledge("shop")
    assert not limiter.holding(2.0, 10, "shop")
    assert limiter.holding(2.0, 10, "bank")
    assert limiter.holding(100_000.0, 10, "bank")
    limiter.record("one more", 3.0)
    assert not limiter.holding(4.0, 10, "shop"), "one more is not many"


def test_the_setting_that_any_number_may_vanish_agrees_for_all() -> None:
    limiter = LossBreaker(floor=5, share=1.0)
    lose(limiter, 10)
    limiter.trip()
    assert not limiter.holding(1.0, 10, "shop")


def test_servers_that_came_back_and_went_again_are_no_part_of_what_was_acknowledged() -> None:
    limiter = LossBreaker()
    lose(limiter, 6)
    limiter.holding(1.0, 10, "shop")
    limiter.acknowledge("shop")
    lose(limiter, 6, now=2.0)
    assert limiter.holding(3.0, 10, "shop")
