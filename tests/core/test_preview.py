"""What is about to be done, told before it is done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.eip_record import MADE as MADE_EIP
from onecloud_operator.core.eip_record import EipRecord
from onecloud_operator.core.image_record import ImageRecord
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.plan.preview import known_preview, plan_hash, preview
from onecloud_operator.core.plan_step import MAX_STEPS, VALUE_LENGTH, Effect, PlanStep, planned
from tests.core.fixtures import (
    ADOPTED,
    DATA,
    GONE,
    ID,
    RECREATE,
    RESTART,
    ROOT,
    bound,
    details,
    facts,
    nothing_yet,
    records,
    resource,
    server,
    spec,
)
from tests.core.wanted import adopted, wanting

if TYPE_CHECKING:
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource

SUSPENDED = server("suspend")
OFF = server("ready")


def shown(steps: tuple[PlanStep, ...]) -> list[str]:
    return [str(step) for step in steps]


def planned_for(resource: Resource, found: Observed | None = None, **changes: Any) -> list[str]:
    return shown(preview(facts(found, resource=resource, **changes)))


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        pytest.param(wanting(), server(), [], id="what-agrees-has-no-plan"),
        pytest.param(
            wanting({"description": "new", "tags": {"a": "b"}}),
            server(),
            ["description new (Live)", "tags.a b (Live)"],
            id="what-is-put-at-once",
        ),
        pytest.param(
            wanting({"cpu": 4}, **RESTART), server(), ["cpu 2 → 4 (Restart)"], id="a-resize-stops-what-runs"
        ),
        pytest.param(wanting({"cpu": 4}), server(), [], id="what-may-not-be-done-is-no-plan"),
        pytest.param(
            wanting({"cpu": 4, "powerState": "Stopped"}),
            OFF,
            ["cpu 2 → 4 (Live)"],
            id="what-is-off-is-not-stopped-for-it",
        ),
        pytest.param(
            wanting({"cpu": 4}),
            server(details=details(hot_plug=True)),
            ["cpu 2 → 4 (Live)"],
            id="hot-plug-needs-no-stop",
        ),
        pytest.param(
            wanting({"cpu": 4, "powerState": "Suspended"}, **RESTART),
            SUSPENDED,
            [],
            id="nothing-is-done-to-what-is-suspended",
        ),
        pytest.param(
            wanting({"powerState": "Stopped"}),
            server(),
            ["powerState Running → Stopped (Restart)"],
            id="to-be-switched-off-disturbs-like-a-restart",
        ),
        pytest.param(wanting(), OFF, ["powerState Stopped → Running (Live)"], id="to-be-switched-on"),
        pytest.param(
            wanting({"description": "new"}, drift={"mode": "Report"}),
            server(),
            [],
            id="what-is-only-reported",
        ),
        pytest.param(wanting({"image": "debian"}), server(), [], id="an-image-without-record-is-no-rebuild"),
    ],
)
def test_each_change_of_a_resting_server_is_told_with_its_effect(
    wanted: Resource, found: Observed, expected: list[str]
) -> None:
    assert planned_for(wanted, found) == expected


def test_an_edited_image_is_told_as_a_rebuild() -> None:
    wanted = resource(
        spec=spec({"image": "debian"}, disruption={"allow": "Rebuild"}),
        records=records(image=ImageRecord("ubuntu-22.04", "image-0")),
    )

    assert planned_for(wanted) == ["image ubuntu-22.04 → debian (Rebuild)"]


def test_a_new_server_is_told_field_by_field_and_without_secrets() -> None:
    wanted = {
        "passwordFrom": {"secretKeyRef": {"name": "login", "key": "password"}},
        "userData": "#cloud-config\nhush: hush",
        "dataDisks": [{"name": "data-1", "size": "10Gi"}],
        "tags": {"team": "web"},
    }
    found = planned_for(replace(nothing_yet().resource, spec=spec(wanted)), reading=nothing_yet().reading)

    assert found == [
        "server shop.web-1 (Create)",
        "cpu 2 (Create)",
        "dataDisks[data-1] 10Gi (Create)",
        "image ubuntu-22.04 (Create)",
        "memory 4Gi (Create)",
        "networks[vnet-1] vnet-1 (Create)",
        "passwordFrom Secret login, key password (Create)",
        "powerState Running (Create)",
        "tags team=web (Create)",
        "userData given (Create)",
    ]


def test_a_lost_server_is_made_again_only_where_that_is_wanted() -> None:
    assert preview(facts(reading=GONE)) == ()
    again = preview(facts(reading=GONE, resource=resource(spec=RECREATE)))
    assert str(again[0]) == "server shop.web-1 (Create)"


def test_an_adoption_is_told_as_its_owner_tags() -> None:
    wanted = replace(nothing_yet().resource, spec=adopted().spec)
    found = server(details=details(owner=None))

    assert planned_for(wanted, candidates=(found,)) == ["ownerTags shop/web-1 (Live)"]
    assert known_preview(facts(resource=wanted)) is None  # nobody has looked yet


DISKS = records(
    disks=(bound(), bound("data-2", "disk-2", "Retain")),
    eip=EipRecord(id="eip-1", origin=MADE_EIP, address="203.0.113.9", made_at="2026-11-23T11:59:00Z"),
)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(
            "RecycleBin",
            [
                "server shop.web-1 → recycle bin (Recycle)",
                "dataDisks[data-1] disk-1 → recycle bin (Recycle)",
                "dataDisks[data-2] disk-2 → kept (Live)",
                "eip 203.0.113.9 → none (Delete)",
            ],
        ),
        pytest.param(
            "Delete",
            [
                "server shop.web-1 → none (Delete)",
                "dataDisks[data-1] disk-1 → none (Delete)",
                "dataDisks[data-2] disk-2 → kept (Live)",
                "eip 203.0.113.9 → none (Delete)",
            ],
        ),
        pytest.param(
            "Retain",
            [
                "ownerTags shop/web-1 → none (Live)",
                "dataDisks[data-1] disk-1 → kept (Live)",
                "dataDisks[data-2] disk-2 → kept (Live)",
                "eip 203.0.113.9 → kept (Live)",
            ],
        ),
    ],
)
def test_what_becomes_of_all_that_an_object_has_is_told_when_it_is_deleted(
    policy: str, expected: list[str]
) -> None:
    going = resource(deleting=True, records=DISKS, spec=spec(deletionPolicy=policy))

    assert planned_for(going, server(details=details(disks=(ROOT, DATA)))) == expected


@pytest.mark.parametrize(
    "quiet",
    [
        pytest.param(resource(annotations={"onecloud.io/paused": "true"}), id="paused"),
        pytest.param(resource(spec=None), id="unreadable"),
        pytest.param(
            resource(spec=spec(managementPolicy="Observe", adoption={"id": ID}), finalizers=()), id="observed"
        ),
        pytest.param(
            resource(deleting=True, annotations={"onecloud.io/force-detach": "true"}), id="let-go-at-once"
        ),
    ],
)
def test_what_is_left_alone_has_no_plan(quiet: Resource) -> None:
    assert planned_for(quiet, OFF) == []


def test_a_server_that_moves_has_no_plan_that_is_known() -> None:
    moving = facts(server("starting"), resource=wanting({"description": "new"}))

    assert known_preview(moving) is None
    assert preview(moving) == ()


@pytest.mark.parametrize(
    "wanted",
    [
        wanting({"description": "new"}),
        wanting({"cpu": 4}, **RESTART),
        wanting({"rootDisk": {"size": "80Gi"}}, **RESTART),
        wanting({"tags": {"a": "b"}}),
        wanting({"powerState": "Stopped"}),
        wanting({"powerState": "Suspended"}),
        wanting({"securityGroups": ["db"]}),
        wanting({"eip": {"bandwidth": 5}}),
        wanting({"name": "db"}),
        resource(spec=spec({"dataDisks": []}), records=records(disks=(bound(),))),
        resource(spec=spec(), records=ADOPTED, deleting=True),
        resource(deleting=True),
    ],
)
def test_whatever_is_done_stands_in_the_plan(wanted: Resource) -> None:
    """A step without a plan could not be approved, and a plan without a step would wait for ever."""
    found = server(details=details(disks=(ROOT, DATA)))
    now = facts(found, resource=wanted)

    assert preview(now) != ()
    assert not isinstance(plan(now), Settled)
    assert not isinstance(plan(now), Hold)


def test_the_hash_is_of_the_object_its_generation_its_server_and_each_step() -> None:
    now = facts(resource=wanting({"description": "new"}))
    steps, base = preview(now), plan_hash(now.resource, preview(now))
    others = {
        plan_hash(replace(now.resource, uid="11111111-2222-4333-8444-555555555555"), steps),
        plan_hash(replace(now.resource, generation=2), steps),
        plan_hash(replace(now.resource, records=ADOPTED, deleting=False), (*steps, steps[0])),
        plan_hash(replace(now.resource, records=replace(now.resource.records, creation=None)), steps),
        plan_hash(now.resource, (replace(steps[0], after="newer"),)),
        plan_hash(now.resource, steps, after=base),
    }

    assert base not in others
    assert len(others) == 6
    assert plan_hash(now.resource, steps) == base


def test_long_texts_are_cut_and_told_apart_all_the_same() -> None:
    one = planned("description", None, "x" * 1000 + "a", Effect.LIVE)
    other = planned("description", None, "x" * 1000 + "b", Effect.LIVE)

    assert one != other
    assert len(one.after or "") <= VALUE_LENGTH


def test_a_plan_has_room_for_the_largest_spec() -> None:
    largest = spec(
        {
            "tags": {f"tag-{number}": "x" for number in range(15)},
            "dataDisks": [{"name": f"data-{number}", "size": "1Gi"} for number in range(15)],
            "networks": [{"network": f"vnet-{number}"} for number in range(8)],
        }
    )
    new = nothing_yet()
    found = preview(replace(new, resource=replace(new.resource, spec=largest)))

    assert len(found) + len(PLAIN_FIELDS) + 14 < MAX_STEPS
