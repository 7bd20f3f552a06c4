"""Fields that ``drift.ignore`` leaves to others: neither corrected nor reported, and yet made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.fixed import fixed_field_of
from onecloud_operator.api.ignorable import IGNORABLE, word_of
from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.cloud_writes import Create, Resize, SetTags, Start, Stop
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.image_record import ImageRecord
from onecloud_operator.core.login_record import LoginRecord, SecretUse
from onecloud_operator.core.observed import Disk, SecurityGroup
from onecloud_operator.core.plan.differing import open_differences
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records, Restart
from onecloud_operator.core.report.report import report
from tests.core.fixtures import ADOPTED, ID, bound, details, facts, records, resource, server, spec
from tests.core.invariants import keep
from tests.core.stops import LARGER, adopted, row_of, sent, to_rest, world_of
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

WANTED: dict[str, Any] = {
    "name": "web",
    "description": "orders",
    "cpu": 4,
    "memory": "8Gi",
    "image": "debian-12",
    "rootDisk": {"size": "80Gi"},
    "dataDisks": [{"name": "data-1", "size": "20Gi"}],
    "networks": [{"network": "vnet-1"}, {"network": "6a1b0d5e-2f7c-4a83-9d10-5b3c1e7f9a21"}],
    "instanceGroups": ["spread"],
    "securityGroups": ["db"],
    "keypair": "3f2e1d0c-9b8a-4756-8493-2d1c0b9a8f7e",
    "passwordFrom": {"secretKeyRef": {"name": "another", "key": "password"}},
    "powerState": "Running",
    "tags": {"team": "shop"},
    "eip": {"bandwidth": 10},
    "hardware": {
        "bootOrder": "cd",
        "vga": "std",
        "vdi": "vnc",
        "shutdownBehavior": "Stop",
        "sourceIPCheck": True,
        "sourceMACCheck": True,
    },
}
LOGIN = LoginRecord("2026-11-23T11:00:00Z", password=SecretUse("login", "password"))
OTHERWISE = server(
    "ready",
    name="shop.web-1",
    details=details(
        disks=(*details().disks, Disk("disk-1", 1, 10240)),
        security_groups=(SecurityGroup("default", "Default"),),
    ),
)


def ignoring(
    *words: str, wanted: dict[str, Any] = WANTED, found: Observed = OTHERWISE, **policies: Any
) -> Facts:
    """Return the facts of an object that leaves the fields *words* to others."""
    mode = policies.pop("mode", "Correct")
    intent = spec(wanted, drift={"mode": mode, "ignore": list(words)}, **policies)
    known = records(
        disks=(bound(),), instance_groups=(), login=LOGIN, image=ImageRecord("ubuntu-22.04", "image-0")
    )
    return facts(found, resource=resource(spec=intent, records=known))


def words_that_differ(case: Facts) -> set[str]:
    assert case.server is not None
    return {word_of(each.field) for each in open_differences(case, case.server)}


def test_every_difference_that_can_be_mended_has_a_word_and_every_word_a_difference() -> None:
    assert words_that_differ(ignoring()) == set(IGNORABLE) - {"instanceType"}
    typed = {**WANTED, "cpu": None, "memory": None, "instanceType": "ecs.g1.c4m8"}
    assert words_that_differ(ignoring(wanted=typed)) == set(IGNORABLE) - {"cpu", "memory"}


@pytest.mark.parametrize("word", [word for word in IGNORABLE if word != "instanceType"])
def test_an_ignored_field_is_no_difference_and_the_others_are(word: str) -> None:
    assert words_that_differ(ignoring(word)) == set(IGNORABLE) - {"instanceType", word}


@pytest.mark.parametrize("mode", ["Correct", "Report"])
def test_where_all_that_differs_is_ignored_the_object_is_up_to_date(mode: str) -> None:
    case = ignoring(*(word for word in IGNORABLE if word != "instanceType"), mode=mode)
    assert plan(case) == Settled()
    status = report(case, plan(case)).status
    assert status is not None
    assert "drift" not in status
    ready, synced = (standing(status, kind) for kind in ("Ready", "Synced"))
    assert ready is not None
    assert synced is not None
    assert (ready["status"], ready["reason"]) == ("True", "PoweredOff")
    assert (synced["status"], synced["reason"]) == ("True", "UpToDate")


def test_what_is_reported_is_without_what_is_ignored() -> None:
    case = ignoring("cpu", "tags", wanted={"cpu": 4, "memory": "8Gi", "tags": {"a": "b"}}, mode="Report")
    status = report(case, plan(case)).status
    assert status is not None
    assert [each["field"] for each in status["drift"]] == ["memory", "powerState"]


def test_a_new_server_is_made_with_what_is_ignored() -> None:
    wanted = spec({**LARGER, "powerState": "Stopped"}, drift={"ignore": ["cpu", "powerState"]})
    world = World.of(resource(spec=wanted, finalizers=(), records=Records()))
    world.before = keep
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Create]
    assert (row_of(world).cpu, row_of(world).memory_mib, row_of(world).status) == (4, 8192, "ready")


def test_of_one_resize_only_what_is_not_ignored_is_sent() -> None:
    step = plan(ignoring("cpu", "name", "rootDisk", "dataDisks", wanted=LARGER))
    assert step == Resize(ID, memory_mib=8192)


def test_tags_that_leave_the_spec_stay_while_tags_are_ignored_and_go_when_they_are_not() -> None:
    tagged = server(details=details(tags={"team": "shop"}))
    managed = records(managed_tags=("team",))
    left = facts(tagged, resource=resource(spec=spec(drift={"ignore": ["tags"]}), records=managed))
    assert plan(left) == Settled()
    status = report(left, plan(left)).status
    assert status is not None
    assert status["managedTags"] == ["team"]
    assert plan(facts(tagged, resource=resource(records=managed))) == SetTags(ID, (), ("team",))


@pytest.mark.parametrize("power", ["Running", "Stopped", "Suspended", "Unmanaged"])
@pytest.mark.parametrize("found", ["running", "ready", "suspend"])
def test_an_ignored_power_state_is_left_as_it_is(power: str, found: str) -> None:
    case = ignoring("powerState", wanted={"powerState": power}, found=server(found))
    assert plan(case) == Settled()


@pytest.mark.parametrize("power", ["Running", "Stopped", "Unmanaged"])
def test_a_server_that_is_stopped_for_a_change_is_started_again_whatever_the_ignored_power_state(
    power: str,
) -> None:
    world = world_of({**LARGER, "powerState": power}, drift={"ignore": ["powerState"]})
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Start]
    assert row_of(world).status == "running"


def test_a_server_that_is_off_for_a_change_is_started_though_its_power_state_is_ignored_by_now() -> None:
    stopped = records(restart=Restart("2026-11-23T11:59:00Z", "cpu"))
    wanted = spec({"powerState": "Stopped"}, drift={"ignore": ["powerState", "cpu"]})
    assert plan(facts(server("ready"), resource=resource(spec=wanted, records=stopped))) == Start(ID)


def test_nothing_is_stopped_for_what_is_ignored() -> None:
    world = world_of(LARGER, drift={"ignore": ["cpu", "memory"]})
    assert isinstance(to_rest(world), Settled)
    assert not sent(world, Stop)


def test_what_cannot_change_is_told_of_an_adopted_server_unless_it_belongs_to_an_ignored_field() -> None:
    wanted = {"rootDisk": {"backend": "rbd"}, "hypervisor": "esxi"}
    found = server(
        plain={"hypervisor": "kvm"}, details=details(disks=(Disk("disk-0", 0, 40960, backend="local"),))
    )
    intent = spec(wanted, adoption={"policy": "Adopt", "id": ID}, drift={"ignore": ["rootDisk"]})
    case = facts(found, resource=resource(spec=intent, records=ADOPTED))
    step = plan(case)
    assert isinstance(step, Hold)
    assert "hypervisor" in step.message
    assert "rootDisk" not in step.message
    assert fixed_field_of("hypervisor") is not None


def test_an_adopted_server_is_left_alone_in_what_is_ignored() -> None:
    world = adopted({**LARGER, "powerState": "Running"}, drift={"ignore": ["cpu", "memory", "powerState"]})
    row = world.cloud.rows[ID]
    row.change(status="ready")
    assert isinstance(to_rest(world), Settled)
    assert not world.sent
