from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.core.observed import Phase
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.onecloud.errors import Forbidden, OneCloudError
from tests.feed.live import QUICK, Live, detailed, live, server_of, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SWEEPING = replace(QUICK, sweep_seconds=0.2, sweep_without_events_seconds=0.2)


@pytest.fixture
async def sweeping() -> AsyncIterator[Live]:
    """Sweeps come quickly, and there are no events that show deletions."""
    async with live(SWEEPING) as made:
        made.cloud.settings.events_forbidden = True
        yield made


async def test_a_thousand_idle_servers_cost_no_call_for_any_one_of_them(parts: Live) -> None:
    ids = parts.cloud.seed(1000)
    await parts.watching(*ids)
    parts.cloud.reset_calls()
    parts.notified.clear()
    await asyncio.sleep(1.0)
    counts = parts.counts()
    assert set(counts) == {"GET /servers", "GET /events"}
    assert counts["GET /servers"] <= 20
    assert not [call for call in parts.cloud.calls if "details=true" in call.query or "&id=" in call.query]
    assert parts.notified == []


async def test_a_change_made_outside_is_seen_at_the_next_poll_with_its_details(parts: Live) -> None:
    first, second = parts.cloud.seed(2)
    feed = await parts.watching(first, second)
    parts.notified.clear()
    parts.cloud.change(first, name="renamed")
    await until(lambda: server_of(feed, first).name == "renamed")
    await until(lambda: detailed(feed.reading(first)))
    await until(lambda: (first, Lane.CLOUD) in parts.notified)
    assert second not in {key for key, _ in parts.notified}


async def test_two_changes_within_one_second_are_both_seen(parts: Live) -> None:
    """Their time stamps are equal; only the version tells them apart."""
    (one,) = parts.cloud.seed(1)
    feed = await parts.watching(one)
    for name in ("first", "second", "third"):
        parts.cloud.change(one, name=name)
        await until(lambda name=name: server_of(feed, one).name == name)  # type: ignore[misc]


async def test_a_server_that_is_stopped_and_started_is_followed_to_its_rest(parts: Live) -> None:
    (one,) = parts.cloud.seed(1)
    feed = await parts.watching(one)
    parts.cloud.power(one, on=False)
    await until(lambda: server_of(feed, one).phase is Phase.STOPPED and feed.reading(one).confirmed)
    await until(lambda: detailed(feed.reading(one)))
    parts.cloud.power(one, on=True)
    await until(lambda: server_of(feed, one).phase is Phase.RUNNING)


async def test_a_recycled_server_is_seen_in_the_bin_and_never_missed(parts: Live) -> None:
    (one,) = parts.cloud.seed(1)
    feed = await parts.watching(one)
    parts.cloud.recycle(one)
    await until(lambda: server_of(feed, one).recycled and detailed(feed.reading(one)))
    assert not feed.reading(one).missing
    parts.cloud.restore(one)
    await until(lambda: not server_of(feed, one).recycled)


async def test_a_deletion_is_a_question_after_one_round_of_events_and_a_look_answers_it(
    parts: Live,
) -> None:
    first, second = parts.cloud.seed(2)
    client = parts.client()
    feed = await parts.watching(first, second, client=client)
    parts.cloud.set_tags(second, {"user:a": "b"})  # so that there are events
    await asyncio.sleep(0.3)
    parts.notified.clear()
    parts.cloud.erase(first)
    await until(lambda: feed.reading(first).missing)
    assert (first, Lane.CLOUD) in parts.notified
    assert not feed.reading(first).gone
    assert feed.reading(first).server is not None, "a question is no answer"
    assert (await feed.look(first, client)).gone
    reading = feed.reading(first)
    assert reading.gone
    assert reading.server is None
    assert not reading.missing
    assert not feed.reading(second).missing


async def test_without_events_the_sweep_finds_what_was_deleted(sweeping: Live) -> None:
    ids = sweeping.cloud.seed(30)
    feed = await sweeping.watching(*ids)
    sweeping.cloud.erase(ids[7])
    await until(lambda: feed.reading(ids[7]).missing)
    await asyncio.sleep(0.5)
    assert [one for one in ids if feed.reading(one).missing] == [ids[7]]


async def test_a_sweep_of_several_pages_misses_nobody_while_servers_come_and_go() -> None:
    always = replace(QUICK, page_rows=16, sweep_seconds=0.0, sweep_without_events_seconds=0.0)
    async with live(always) as parts:
        ids = parts.cloud.seed(100)
        others = parts.cloud.seed(100, prefix="other-")
        feed = await parts.watching(*ids)
        parts.notified.clear()
        for number, other in enumerate(others):
            parts.cloud.erase(other)
            parts.cloud.add_server(f"new-{number}")
            await asyncio.sleep(0.01)
        assert not [one for one in ids if feed.reading(one).missing]


async def test_a_list_that_lies_is_not_believed(sweeping: Live) -> None:
    """It would make everyone look, one by one; and who trusted it would create every server again."""
    ids = sweeping.cloud.seed(50)
    feed = await sweeping.watching(*ids)
    await asyncio.sleep(0.5)
    sweeping.cloud.settings.lists_empty = True
    sweeping.cloud.reset_calls()
    sweeping.notified.clear()
    await until(lambda: sweeping.counts().get("GET /servers/{id}", 0) > 0)
    await asyncio.sleep(0.5)
    assert sweeping.counts()["GET /servers/{id}"] <= 10
    assert not [one for one in ids if feed.reading(one).missing]
    assert sweeping.notified == []


async def test_a_whole_fleet_that_really_vanished_is_asked_about(sweeping: Live) -> None:
    ids = sweeping.cloud.seed(50)
    feed = await sweeping.watching(*ids)
    sweeping.cloud.erase_all()
    await until(lambda: all(feed.reading(one).missing for one in ids))
    assert not any(feed.reading(one).gone for one in ids)


async def test_a_cloud_that_ignores_filters_costs_little_and_is_still_understood() -> None:
    async with live(replace(SWEEPING, delta_rows=64)) as parts:
        ids = parts.cloud.seed(200)
        feed = await parts.watching(*ids)
        parts.cloud.settings.filters_ignored = True
        await asyncio.sleep(0.3)
        parts.cloud.reset_calls()
        await asyncio.sleep(1.0)
        assert parts.counts().get("GET /servers", 0) <= 12
        assert not [one for one in ids if feed.reading(one).missing]
        parts.cloud.settings.filters_ignored = False
        parts.cloud.change(ids[3], name="renamed")


async def test_a_few_servers_are_followed_even_if_filters_are_ignored(parts: Live) -> None:
    ids = parts.cloud.seed(5)
    parts.cloud.settings.filters_ignored = True
    feed = await parts.watching(*ids)
    parts.cloud.change(ids[3], name="renamed")
    await until(lambda: server_of(feed, ids[3]).name == "renamed")


async def test_another_projects_server_shows_only_to_who_may_see_it(parts: Live) -> None:
    theirs = parts.cloud.add_server("theirs", project="other")
    client = parts.client()
    feed = await parts.join("me", client)
    feed.watch("me", theirs)
    await until(lambda: feed.reading(theirs).missing)
    with pytest.raises(Forbidden):
        await feed.look(theirs, client)
    reading = feed.reading(theirs)
    assert reading.server is None
    assert not reading.gone, "a refusal is not an absence"


async def test_two_projects_have_two_feeds(parts: Live) -> None:
    mine, theirs = parts.cloud.add_server("mine"), parts.cloud.add_server("theirs", project="other")
    own = await parts.join("me", parts.client())
    other = await parts.join("you", parts.client("otheruser", "other"))
    own.watch("me", mine)
    other.watch("you", theirs)
    await until(lambda: detailed(own.reading(mine)) and detailed(other.reading(theirs)))
    assert own is not other
    assert own.reading(theirs).server is None


async def test_who_does_not_verify_the_cloud_never_reads_for_who_does(parts: Live) -> None:
    """Anybody on the way could give the former any answer, and the feed shows it to all its members."""
    (one,) = parts.cloud.seed(1)
    careless = await parts.join("careless", parts.client(insecure=True))
    careful = await parts.join("careful", parts.client())
    careless.watch("careless", one)
    await until(lambda: detailed(careless.reading(one)))
    assert careless is not careful
    assert careful.reading(one).server is None
    assert await parts.join("careless", parts.client()) is careful, "it verifies by now"


async def test_the_reply_to_a_write_is_learned_and_the_next_poll_comes_at_once(parts: Live) -> None:
    (one,) = parts.cloud.seed(1)
    client = parts.client()
    feed = await parts.watching(one, client=client)
    reply = await client.update_server(one, {"name": "new"})
    wrote_at = asyncio.get_running_loop().time()
    feed.wrote(one)
    feed.learn(reply, wrote_at)
    assert server_of(feed, one).name == "new"
    await until(lambda: feed.reading(one).asked_at > wrote_at)


async def test_a_disk_that_moves_no_version_is_seen_through_the_events(parts: Live) -> None:
    one, other = parts.cloud.seed(2, status="ready")
    client = parts.client()
    feed = await parts.watching(one, other, client=client)
    parts.cloud.set_tags(other, {"user:a": "b"})
    await asyncio.sleep(1.2)  # time stamps are whole seconds: the row must be older than the disk
    version = server_of(feed, one).version
    parts.notified.clear()
    await client.perform(one, "createdisk", {"disks": [{"size": 1024}]})
    await until(lambda: len(server_of(feed, one).details.disks) == 2)  # type: ignore[union-attr]
    assert server_of(feed, one).version == version
    assert (one, Lane.CLOUD) in parts.notified


async def test_a_disk_of_our_own_making_is_seen_even_without_events(parts: Live) -> None:
    parts.cloud.settings.events_forbidden = True
    (one,) = parts.cloud.seed(1, status="ready")
    client = parts.client()
    feed = await parts.watching(one, client=client)
    await client.perform(one, "createdisk", {"disks": [{"size": 1024}]})
    await until(lambda: len((parts.cloud.find(one) or {})["disks_info"]) == 2)
    feed.wrote(one)
    await until(lambda: len(server_of(feed, one).details.disks) == 2)  # type: ignore[union-attr]


async def test_credentials_that_are_refused_give_way_to_the_next_members(parts: Live) -> None:
    first, second = parts.cloud.seed(2)
    feed = await parts.join("a", parts.client("editor"))
    feed.watch("a", first)
    await until(lambda: detailed(feed.reading(first)))
    await parts.join("b", parts.client("labuser"))
    feed.watch("b", second)
    await until(lambda: detailed(feed.reading(second)))
    parts.cloud.set_password("editor", "another")
    parts.cloud.revoke_tokens("editor")
    await until(lambda: feed.trouble("a") is not None)
    assert feed.trouble("b") is None
    assert feed.health.problem is None
    parts.cloud.change(second, name="renamed")
    await until(lambda: server_of(feed, second).name == "renamed")


async def test_a_dead_cloud_shows_in_the_health_and_the_feed_recovers_untouched(parts: Live) -> None:
    (one,) = parts.cloud.seed(1)
    feed = await parts.watching(one)
    parts.notified.clear()
    parts.cloud.fault("reset", "GET", "^/servers", count=None)
    await until(lambda: feed.health.problem is not None)
    assert feed.trouble(one) is not None
    assert feed.reading(one).server is not None
    assert (one, Lane.RESYNC) in parts.notified
    parts.cloud.clear_faults()
    parts.cloud.change(one, name="renamed")
    await until(lambda: feed.health.problem is None and server_of(feed, one).name == "renamed")


@pytest.mark.parametrize("effect", ["garbage", "truncate", "huge", "answer"])
async def test_a_bad_answer_never_ends_the_feed(parts: Live, effect: str) -> None:
    (one,) = parts.cloud.seed(1)
    feed = await parts.watching(one)
    parts.cloud.fault(effect, "GET", "^/servers", count=8)  # type: ignore[arg-type]
    await until(lambda: feed.health.problem is not None)
    await until(lambda: feed.health.problem is None)
    parts.cloud.change(one, name="renamed")
    await until(lambda: server_of(feed, one).name == "renamed")
    assert parts.feeds.restarts == 0


async def test_events_that_hang_do_not_hold_up_the_polls(parts: Live) -> None:
    (one,) = parts.cloud.seed(1)
    parts.cloud.fault("hang", "GET", "^/events", count=None)
    feed = await parts.watching(one)
    parts.cloud.change(one, name="renamed")
    await until(lambda: server_of(feed, one).name == "renamed", seconds=3.0)


async def test_a_look_that_fails_changes_nothing(parts: Live) -> None:
    (one,) = parts.cloud.seed(1)
    client = parts.client()
    feed = await parts.watching(one, client=client)
    parts.cloud.fault("answer", "GET", "^/servers/", status=500)
    with pytest.raises(OneCloudError):
        await feed.look(one, client)
    assert feed.reading(one).server is not None
    assert not feed.reading(one).gone


async def test_the_past_of_a_server_tells_whether_it_ran(parts: Live) -> None:
    client = parts.client()
    parts.cloud.fail_next("create", "disk_fail", "no space")
    body = {"name": "x", "vcpu_count": 1, "vmem_size": 1024, "disks": [{"image_id": "tiny", "size": 10240}]}
    body |= {"nets": [{"network": "vnet0"}], "hypervisor": "kvm"}
    failed = (await client.create_server(body))["id"]
    feed = await parts.watching(failed, client=client)
    await until(lambda: server_of(feed, failed).status == "disk_fail")
    past = await feed.history(failed, client)
    assert past is not None
    assert not past.started
    assert past.failure is not None
    assert "no space" in past.failure

    ran = (await client.create_server(body | {"name": "y", "auto_start": True}))["id"]
    feed.watch("first", ran)
    await until(lambda: feed.reading(ran).server is not None and server_of(feed, ran).status == "running")
    past = await feed.history(ran, client)
    assert past is not None
    assert past.started


async def test_a_past_that_may_not_be_read_proves_nothing(parts: Live) -> None:
    (one,) = parts.cloud.seed(1)
    client = parts.client()
    feed = await parts.watching(one, client=client)
    parts.cloud.settings.events_forbidden = True
    assert await feed.history(one, client) is None
    parts.cloud.settings.events_forbidden = False
    parts.cloud.world.events.enabled = False
    assert await feed.history(one, client) is None
