from __future__ import annotations

from onecloud_operator.feed.detail_queue import DetailQueue


def detail_queue(count: int = 0, *, batch: int = 10) -> DetailQueue:
    found = DetailQueue(batch, 3600.0)
    for number in range(count):
        found.watch(f"s{number}", 0.0)
    return found


def test_an_id_is_read_once_however_often_it_is_wanted() -> None:
    some = detail_queue(3)
    for _ in range(5):
        some.add("s1")
    some.add("s1", notify=True)
    some.add("s1")
    assert some.take() == {"s1": True}
    assert not len(some)


def test_a_batch_that_fails_is_halved_until_the_poison_is_alone() -> None:
    some = detail_queue(8, batch=8)
    for number in range(8):
        some.add(f"s{number}", notify=True)
    sizes = []
    while len(batch := some.take()) > 1:
        sizes.append(len(batch))
        some.batch_failed(batch)
    assert sizes == [8, 4, 2]
    some.batch_succeeded()
    assert len(some.take()) == 2


def test_an_id_that_nobody_watches_is_not_put_back() -> None:
    some = detail_queue(2)
    some.add("s0")
    some.add("s1")
    batch = some.take()
    some.drop("s0")
    some.batch_failed(batch)
    assert list(some.take()) == ["s1"]


def test_everyone_is_read_within_the_hour_in_even_steps() -> None:
    some = detail_queue(1000, batch=100)
    now, read, calls = 0.0, dict.fromkeys((f"s{n}" for n in range(1000)), 0.0), 0
    while now < 4 * 3600:
        now = some.refresh_at
        some.refresh(now)
        for server_id in some.take():
            assert now - read[server_id] <= 3600.0 + 361.0
            read[server_id] = now
            some.done(server_id, now)
        calls += 1
    assert 38 <= calls <= 42


def test_what_was_read_a_moment_ago_needs_no_refresh() -> None:
    some = detail_queue(5)
    for number in range(4):
        some.done(f"s{number}", 3500.0)
    some.refresh(3600.0)
    assert list(some.take()) == ["s4"]


def test_no_servers_need_no_refresh() -> None:
    some = detail_queue(1)
    some.drop("s0")
    assert some.refresh_at == float("inf")
