"""What the first sweep passed: taken once, and forgotten when anything is heard of it."""

from __future__ import annotations

from onecloud_operator.feed.recent_rows import MAX_ROWS, RecentRows


def test_a_row_is_taken_once() -> None:
    recent_rows = RecentRows()
    recent_rows.add("s-1", 7, 10.0)
    assert recent_rows.take("s-1") == (7, 10.0)
    assert recent_rows.take("s-1") is None


def test_a_server_that_something_was_heard_of_is_asked_for_again() -> None:
    recent_rows = RecentRows()
    recent_rows.add("s-1", 7, 10.0)
    recent_rows.invalidate("s-1")
    recent_rows.add("s-2", 7, 10.0)
    recent_rows.invalidate("s-2", 8)
    assert recent_rows.take("s-1") is None
    assert recent_rows.take("s-2") is None


def test_a_poll_that_shows_what_the_sweep_saw_is_no_news() -> None:
    recent_rows = RecentRows()
    recent_rows.add("s-1", 7, 10.0)
    recent_rows.invalidate("s-1", 7)
    assert recent_rows.take("s-1") == (7, 10.0)


def test_the_second_sweep_ends_it() -> None:
    recent_rows = RecentRows()
    recent_rows.add("s-1", 7, 10.0)
    recent_rows.close()
    recent_rows.add("s-2", 7, 11.0)
    assert recent_rows.take("s-1") is None
    assert recent_rows.take("s-2") is None


def test_of_a_huge_project_only_so_many_rows_are_kept() -> None:
    recent_rows = RecentRows()
    for number in range(MAX_ROWS + 1):
        recent_rows.add(f"s-{number}", 7, 10.0)
    assert recent_rows.take(f"s-{MAX_ROWS}") is None
    assert recent_rows.take("s-0") is not None
