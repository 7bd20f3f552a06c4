"""What the first sweep passed: taken once, and forgotten when anything is heard of it."""

from __future__ import annotations

from onecloud_operator.feed.recent_rows import MOST, RecentRows


def test_a_row_is_taken_once() -> None:
    passed = RecentRows()
    passed.note("s-1", 7, 10.0)
    assert passed.take("s-1") == (7, 10.0)
    assert passed.take("s-1") is None


def test_a_server_that_something_was_heard_of_is_asked_for_again() -> None:
    passed = RecentRows()
    passed.note("s-1", 7, 10.0)
    passed.stirred("s-1")
    passed.note("s-2", 7, 10.0)
    passed.stirred("s-2", 8)
    assert passed.take("s-1") is None
    assert passed.take("s-2") is None


def test_a_poll_that_shows_what_the_sweep_saw_is_no_news() -> None:
    passed = RecentRows()
    passed.note("s-1", 7, 10.0)
    passed.stirred("s-1", 7)
    assert passed.take("s-1") == (7, 10.0)


def test_the_second_sweep_ends_it() -> None:
    passed = RecentRows()
    passed.note("s-1", 7, 10.0)
    passed.close()
    passed.note("s-2", 7, 11.0)
    assert passed.take("s-1") is None
    assert passed.take("s-2") is None


def test_of_a_huge_project_only_so_many_rows_are_kept() -> None:
    passed = RecentRows()
    for number in range(MOST + 1):
        passed.note(f"s-{number}", 7, 10.0)
    assert passed.take(f"s-{MOST}") is None
    assert passed.take("s-0") is not None
