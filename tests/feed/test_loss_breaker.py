from __future__ import annotations

import pytest

from onecloud_operator.feed.loss_breaker import LossBreaker


def lose(breaker: LossBreaker, count: int, *, now: float = 0.0, first: int = 0) -> None:
    for number in range(first, first + count):
        breaker.record(f"s{number}", now)


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
    breaker = LossBreaker()
    lose(breaker, gone)
    assert breaker.holding(1.0, owned, "shop") is holds


def test_the_same_server_counts_once() -> None:
    breaker = LossBreaker()
    for second in range(20):
        breaker.record("s1", float(second))
    assert not breaker.holding(20.0, 10, "shop")


def test_servers_that_went_one_by_one_over_hours_hold_nothing() -> None:
    breaker = LossBreaker()
    for number in range(100):
        breaker.record(f"s{number}", number * 200.0)
        assert not breaker.holding(number * 200.0, 10, "shop")


def test_once_tripped_time_alone_does_not_release_it() -> None:
    breaker = LossBreaker()
    lose(breaker, 6)
    assert breaker.holding(1.0, 10, "shop")
    assert breaker.holding(100_000.0, 10, "shop")


def test_an_acknowledgement_releases_what_went_before_it_and_not_what_goes_later() -> None:
    breaker = LossBreaker()
    lose(breaker, 6)
    assert breaker.holding(1.0, 10, "shop")
    breaker.acknowledge("shop")
    assert not breaker.holding(3.0, 10, "shop")
    lose(breaker, 6, now=4.0, first=100)
    assert breaker.holding(5.0, 10, "shop")


def test_a_namespace_that_acknowledges_does_so_for_itself() -> None:
    """In a project that is shared nobody has another's servers made again."""
    breaker = LossBreaker()
    lose(breaker, 6)
    assert breaker.holding(1.0, 10, "shop")
    breaker.acknowledge("shop")
    assert not breaker.holding(2.0, 10, "shop")
    assert breaker.holding(2.0, 10, "bank")
    assert breaker.holding(100_000.0, 10, "bank")
    breaker.record("one more", 3.0)
    assert not breaker.holding(4.0, 10, "shop"), "one more is not many"


def test_the_setting_that_any_number_may_vanish_agrees_for_all() -> None:
    breaker = LossBreaker(floor=5, share=1.0)
    lose(breaker, 10)
    breaker.trip()
    assert not breaker.holding(1.0, 10, "shop")


def test_servers_that_came_back_and_went_again_are_no_part_of_what_was_acknowledged() -> None:
    breaker = LossBreaker()
    lose(breaker, 6)
    breaker.holding(1.0, 10, "shop")
    breaker.acknowledge("shop")
    lose(breaker, 6, now=2.0)
    assert breaker.holding(3.0, 10, "shop")
