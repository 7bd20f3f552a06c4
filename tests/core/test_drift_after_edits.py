"""An edit between the request and the completion: drift, and never a difference."""

from __future__ import annotations

from dataclasses import replace

from onecloud_operator.core.actions import Settled
from onecloud_operator.core.creation_digests import GIVEN, UNSURE, edited, sent_again, sent_of
from onecloud_operator.core.references import (
    Kind,
    Reference,
    Resolved,
)
from tests.core.baselines import wanted
from tests.core.fixtures import (
    MADE,
    nothing_yet,
    spec,
)
from tests.core.world import World


def test_an_edit_after_the_post_is_told_as_drift_and_never_as_a_difference() -> None:
    world = World.of(replace(nothing_yet().resource, spec=spec()))
    while not world.cloud.posts:
        world.turn()
    world.cluster.respec(spec({"image": "debian-12", "hostname": "other", "userData": "#!/bin/sh\n"}))
    world.cloud.named[Reference(Kind.IMAGE, "debian-12")] = Resolved("image-9")
    assert world.run() == Settled()
    status = world.cluster.stored.status
    assert status["creation"]["completedAt"]
    assert {each["field"]: each["actual"] for each in status["drift"]} == {
        "hostname": "made before this edit",
        "image": "image-0 (made before this edit)",
        "userData": "made before this edit",
    }
    assert "#!/bin/sh" not in repr(status)


def test_an_edit_before_the_post_is_what_the_server_is_made_of() -> None:
    world = World.of(replace(nothing_yet().resource, spec=spec()))
    world.turn()
    world.turn()
    assert world.cluster.stored.status["creation"]
    world.cluster.respec(spec({"hostname": "other"}))
    assert world.run() == Settled()
    assert "drift" not in world.cluster.stored.status
    assert dict(world.cluster.stored.status["creation"]["sent"]).keys() == {"hostname", "image", "networks"}


def test_an_edit_after_a_post_whose_answer_is_lost_is_told_whichever_post_made_the_server() -> None:
    world = World.of(replace(nothing_yet().resource, spec=spec()))
    world.cloud.mood = "late"
    while not world.cloud.under_way:
        world.turn()
    world.cloud.mood = "well"
    world.cluster.respec(spec({"hostname": "other"}))
    for _ in range(400):
        if world.turn() == Settled():
            break
        world.now += world.wait or 0.0
    status = world.cluster.stored.status
    assert status["creation"]["sent"]["hostname"] == UNSURE
    assert [each["field"] for each in status["drift"]] == ["hostname"]


def test_after_a_lost_post_it_is_not_known_which_of_two_values_made_the_server() -> None:
    first, second = sent_of(wanted()), sent_of(wanted({"image": "debian-12"}))
    both = dict(sent_again(first, second, unmade=False))
    assert both["image"] == UNSURE
    assert both["networks"] == dict(first)["networks"]
    assert dict(sent_again(first, second, unmade=True)) == dict(second)
    assert edited(wanted(), replace(MADE, sent=tuple(both.items()))) == {"image"}


def test_what_was_sent_says_nothing_secret_and_order_does_not_matter() -> None:
    secret = {"secretKeyRef": {"name": "login", "key": "password"}}
    sent = dict(sent_of(wanted({"userData": "#!/bin/sh\necho hush", "passwordFrom": secret})))
    assert sent["userData"] == GIVEN
    assert all(len(digest) <= 16 for digest in sent.values())
    nets = [{"network": "a"}, {"network": "b"}]
    assert sent_of(wanted({"networks": nets})) == sent_of(wanted({"networks": nets[::-1]}))
