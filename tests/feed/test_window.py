from __future__ import annotations

from onecloud_operator.feed.window import EVERYTHING, Window
from tests.feed.windows import T, after


def test_a_project_without_servers_is_asked_for_everything() -> None:
    window = Window(5.0)
    window.start(None, 0.0)
    window.complete([], [], 5.0)
    assert window.floor() == EVERYTHING


def test_a_change_may_show_up_to_five_seconds_after_its_stamp() -> None:
    window = Window(5.0)
    window.start(T, 0.0)
    assert window.floor() == after(-5)
    window.complete([after(10)], [], 2.0)
    assert window.floor() == after(5)


def test_the_window_narrows_only_after_a_wide_poll_that_came_late_enough() -> None:
    """Or a transaction that was slow, and began just after the burst, would fall between two polls."""
    window = Window(5.0)
    window.start(T, 0.0)
    window.complete([after(10)], [], 100.0)
    window.complete([after(10)], [], 104.9)
    assert window.floor() == after(5)
    window.complete([after(10)], [], 105.0)
    assert window.floor() == after(10)


def test_a_second_that_many_share_is_not_repeated_for_ever() -> None:
    window = Window(5.0)
    window.start(T, 0.0)
    burst = [after(10)] * 300
    window.complete(burst, [], 100.0)
    window.complete(burst, [], 105.0)
    assert window.floor() == after(10)
    window.complete(burst, [], 107.0)
    assert window.floor() == after(11)
    window.complete([], [], 112.0)
    assert window.floor() == after(11)
    window.complete([after(30)], [], 117.0)
    assert window.floor() == after(25)


def test_a_few_rows_of_the_newest_second_are_asked_for_again() -> None:
    window = Window(5.0)
    window.start(T, 0.0)
    window.complete([after(10)] * 3, [], 100.0)
    window.complete([after(10)] * 3, [], 110.0)
    assert window.floor() == after(10)


def test_the_window_never_goes_back_while_nothing_is_new() -> None:
    window = Window(5.0)
    window.start(T, 0.0)
    window.complete([after(-3)], [], 5.0)
    assert window.floor() == T


def test_what_a_later_page_shows_moves_the_window_one_poll_later() -> None:
    """While page two was read, a row of page one may have changed: it must be in the next window."""
    window = Window(5.0)
    window.start(T, 0.0)
    window.complete([after(10)], [after(60)], 20.0)
    assert window.floor() == after(5)
    window.complete([after(10)], [after(60)], 25.0)
    assert window.floor() == after(55)
