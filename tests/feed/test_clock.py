"""The rules by which a window is placed, whatever the cloud's clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.feed.window import MANY, Window
from tests.feed.windows import T, after
from tests.feed.world import HOUR

AHEAD = T + timedelta(hours=1)
STRANGE = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))


@pytest.fixture
def window() -> Window:
    """A window whose newest change came at a known time: T, seen at 100 seconds of ours."""
    made = Window(5.0)
    made.start(after(-50), 0.0)
    made.complete([after(-50)], [], 95.0)
    made.complete([T], [], 100.0)
    return made


def poll(window: Window, rows: list[datetime], at: float, date: datetime | None) -> bool:
    """Have a poll of *rows* be answered at once; return whether it counts as whole."""
    floor = window.floor()
    window.note_date(date, at)
    if window.asks_too_little(floor):
        return False
    window.complete([row for row in rows if row >= floor], [], at)
    return True


# -- the rule: answers that are dated --------------------------------------------------------------------
def test_a_window_never_starts_later_than_the_clock_that_dates_the_answers(window: Window) -> None:
    assert poll(window, [AHEAD], 105.0, after(5))
    assert window.floor() == T
    assert poll(window, [AHEAD, after(9)], 110.0, after(10))
    assert window.floor() == after(5)


def test_while_nothing_runs_ahead_the_date_moves_nothing() -> None:
    dated, undated = Window(5.0), Window(5.0)
    for window, date in ((dated, True), (undated, False)):
        window.start(T, 0.0)
        for at in range(5, 300, 5):
            rows = [after(at - 1)] * (40 if at % 50 == 0 else 0)
            assert poll(window, rows, at, after(at) if date else None)
    assert dated.floor() == undated.floor()


@pytest.mark.parametrize("servers", [1, MANY + 1, 600])
def test_the_first_answer_after_the_clock_was_set_back_shows_it_however_much_was_stamped(
    window: Window, servers: int
) -> None:
    rows = [AHEAD] * servers
    assert poll(window, rows, 105.0, after(HOUR + 5))
    assert window.floor() == AHEAD - timedelta(seconds=5)
    assert not poll(window, [], 110.0, after(10)), "it asked from the hour that lies ahead"
    assert window.floor() == T, "five seconds before the last poll that was whole"
    for at in range(115, 300, 5):
        assert poll(window, [*rows, after(at - 103)], at, after(at - 100))
        assert after(at - 110) <= window.floor() <= after(at - 105)
    assert window.repeated == servers


def test_a_quiet_night_and_a_silent_hour_are_no_clock_that_runs_ahead(window: Window) -> None:
    assert poll(window, [], 100.0 + 8 * HOUR, after(8 * HOUR))
    assert poll(window, [after(8 * HOUR + 4)], 105.0 + 8 * HOUR, after(8 * HOUR + 5))
    assert window.floor() == after(8 * HOUR - 1)


def test_a_stamp_from_the_future_counts_once_its_time_has_come(window: Window) -> None:
    for at in range(105, 3900, 5):
        assert poll(window, [AHEAD], at, after(at - 100))
        assert window.floor() <= after(at - 100)
    assert window.floor() == AHEAD
    assert window.repeated == 0


def test_a_clock_that_was_set_on_is_followed_when_enough_changes_say_so(window: Window) -> None:
    """Until then rows are shown again: a window that starts early hides nothing."""
    assert poll(window, [AHEAD], 105.0, after(5))
    for number in range(MANY + 3):
        at = 110.0 + 5 * number
        assert poll(window, [after(HOUR + at - 100)], at, after(HOUR + at - 100))
    assert window.floor() == after(HOUR + at - 105)
    assert window.repeated == 0


def test_the_clock_of_a_proxy_that_is_behind_is_not_followed_for_long(window: Window) -> None:
    rows: list[datetime] = []
    assert not poll(window, rows, 103.0, after(3 - HOUR))
    for number in range(60):
        at = 105.0 + 5 * number
        rows.append(after(at - 100))
        assert poll(window, rows, at, after(at - 100 - HOUR))
    assert window.floor() == rows[-1] - timedelta(seconds=5)
    assert window.repeated == 0
    assert poll(window, [AHEAD], 405.0, after(305 - HOUR))
    window.move_back(after(310), 410.0)
    assert window.floor() <= after(305), "what is read elsewhere moves it all the same"


def test_a_date_that_runs_ahead_makes_no_window_start_later(window: Window) -> None:
    assert poll(window, [after(4)], 105.0, after(50 * HOUR))
    assert window.floor() == after(-1)
    window.move_back(after(-30), 106.0)
    floor = window.floor()
    assert floor <= after(-35)
    assert poll(window, [after(4)], 107.0, after(50 * HOUR))
    assert window.floor() <= after(-30)


@pytest.mark.parametrize("date", [*STRANGE, None])
def test_a_date_that_is_no_time_of_today_is_none(window: Window, date: datetime | None) -> None:
    assert poll(window, [after(4)], 105.0, date)
    assert window.floor() == after(-1)


def test_stamps_that_are_no_times_of_today_break_nothing() -> None:
    for strange in STRANGE:
        window = Window(5.0)
        window.start(strange, 0.0)
        poll(window, [strange], 5.0, T)
        window.complete([strange], [], 6.0)
        window.move_back(strange, 7.0)
        assert window.floor().year >= 2000


# -- the rule: what is read elsewhere --------------------------------------------------------------------
@pytest.mark.parametrize("rows", [1, 600])
def test_a_change_below_the_floor_moves_it_back_to_where_the_window_last_rose(
    window: Window, rows: int
) -> None:
    ahead = [AHEAD] * rows
    window.complete(ahead, [], 105.0)
    window.complete([], [], 395.0)
    assert window.move_back(after(300), 400.0) == 105.0, "the last poll that is sure to have shown everything"
    assert window.floor() == T
    for at in range(401, 500, 5):
        window.complete([*ahead, after(at - 102)], [], at)
        assert after(at - 110) <= window.floor() <= after(at - 104)
    assert window.repeated == rows


def test_a_window_that_began_in_the_future_falls_back_to_its_beginning() -> None:
    window = Window(5.0)
    window.start(AHEAD, 0.0)
    window.complete([AHEAD], [], 5.0)
    assert window.move_back(T, 100.0) == 0.0
    assert window.floor() == after(-105)


# -- whatever the clock does -----------------------------------------------------------------------------
STEPS = st.lists(
    st.tuples(st.integers(10, 400), st.sampled_from([-7200, -3600, -60, -20, 0, 20, 60, 3600, 7200])),
    max_size=5,
)


CHANGES = st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 40)), max_size=40)


def set_by(steps: list[tuple[int, int]], at: float) -> timedelta:
    """Return how far the clock runs ahead at *at*: each step says for how long it stays as it was."""
    ahead, until = 0, 0.0
    for seconds, offset in steps:
        until += seconds
        if at < until:
            break
        ahead = offset
    return timedelta(seconds=ahead)


@given(STEPS, CHANGES, st.sampled_from([0.0, 3.0]))
@settings(deadline=None)
def test_every_change_is_asked_for_soon_whatever_the_clock_that_dates_it_does(
    steps: list[tuple[int, int]], changes: list[tuple[int, int]], slow_seconds: float
) -> None:
    """*slow_seconds* after it was asked an answer comes, dated then."""
    changes = sorted(changes)
    stamps = [(at, (after(at) + set_by(steps, at)).replace(microsecond=0)) for at, _ in changes]
    made = [
        (at, stamp) for (at, stamp), (_, count) in zip(stamps, changes, strict=True) for _ in range(count)
    ]
    window, now = Window(5.0), 0.0
    window.start(made[0][1] if made and made[0][0] <= 0 else None, 0.0)
    polls: list[tuple[float, datetime]] = []
    repeated = False
    while now < 1600:
        floor = window.floor()
        polls.append((now, floor))
        shown = [stamp for at, stamp in made if at <= now and stamp >= floor]
        answered_at = now + slow_seconds
        window.note_date(after(answered_at) + set_by(steps, answered_at), answered_at)
        repeated = window.asks_too_little(floor) and not repeated
        if not repeated:
            window.complete(shown, [], now)
        now += slow_seconds + (0.5 if repeated else 5.0)
    for at, stamp in stamps:
        soon = [floor for asked_at, floor in polls if at <= asked_at <= at + 3 * slow_seconds + 11.0]
        assert any(floor <= stamp for floor in soon), f"a change at {at}, stamped {stamp}"
