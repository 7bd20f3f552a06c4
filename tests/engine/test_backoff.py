from __future__ import annotations

import pytest

from onecloud_operator.engine.backoff import Backoff


def test_waits_double_up_to_the_maximum() -> None:
    backoff: Backoff[str] = Backoff(5.0, 60.0, lambda: 0.5)
    assert [backoff.next("a") for _ in range(6)] == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_keys_wait_apart_and_a_reset_starts_from_the_beginning() -> None:
    backoff: Backoff[str] = Backoff(1.0, 60.0, lambda: 0.5)
    assert [backoff.next("a"), backoff.next("a"), backoff.next("b")] == [1.0, 2.0, 1.0]
    backoff.reset("a")
    assert backoff.failures("a") == 0
    assert backoff.next("a") == 1.0


@pytest.mark.parametrize(
    ("random", "expected"),
    [pytest.param(0.0, 8.0, id="20-percent-less"), pytest.param(1.0, 12.0, id="20-percent-more")],
)
def test_jitter_parts_what_failed_together(random: float, expected: float) -> None:
    assert Backoff[str](10.0, 60.0, lambda: random).next("a") == pytest.approx(expected)


def test_ten_thousand_failures_are_no_overflow() -> None:
    backoff: Backoff[str] = Backoff(1.0, 300.0, lambda: 0.5)
    for _ in range(10_000):
        seconds = backoff.next("a")
    assert seconds == 300.0
