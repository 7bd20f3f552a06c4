"""Which lines of the log two statuses in a row give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from onecloud_operator.api.annotations import RESTART_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginAdoption, BeginCreation, BeginDeletion, Hold, Settled
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records
from onecloud_operator.core.report.log_lines import log_lines
from onecloud_operator.core.values import Problem
from tests.core.fixtures import BEGUN, ID, PLACE, facts, nothing_yet, resource, spec
from tests.core.statuses import DOWN, PROBLEMS, SETTLED, after, cases, status_after

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts

NAMES = {"object": "shop/web-1", "cloud": "cloud.example:5000", "secret": "onecloud"}
BEGUN_STATUS = status_after(nothing_yet(), BeginCreation(BEGUN, PLACE))
DOWN_STATUS = status_after(
    replace(after(facts(), SETTLED), trouble=DOWN, place=None), Hold(DOWN.reason, DOWN.message)
)
REMOVING = status_after(after(facts(), SETTLED, deleting=True), BeginDeletion())
PROTECTED = status_after(
    after(facts(), SETTLED, deleting=True), Hold(Reason.DELETION_PROTECTED, "It is protected.")
)
RESTART = status_after(
    after(facts(), SETTLED, generation=2, spec=spec({"cpu": 4})), Hold(Reason.RESTART_NEEDED, "Allow it.")
)
ADOPTING = status_after(replace(facts(), resource=resource(records=Records())), BeginAdoption(ID, PLACE))
ADOPTED = status_after(after(facts(), ADOPTING), Settled())


def told(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [
        f"{line.level} {line.message} {line.fields.get('reason') or ''}".strip()
        for line in log_lines(old, new, NAMES)
    ]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        pytest.param({}, BEGUN_STATUS, ["INFO creating server Creating"], id="it-is-begun"),
        pytest.param(
            BEGUN_STATUS, SETTLED, ["INFO server created", "INFO server ready Available"], id="it-is-made"
        ),
        pytest.param(
            SETTLED,
            DOWN_STATUS,
            ["WARNING The cloud cannot be reached. EndpointUnreachable"],
            id="the-cloud-goes-away",
        ),
        pytest.param(
            DOWN_STATUS, SETTLED, ["INFO The server agrees with the spec. UpToDate"], id="it-is-back"
        ),
        pytest.param(SETTLED, RESTART, ["WARNING Allow it. RestartNeeded"], id="a-change-waits-for-the-user"),
        pytest.param(
            SETTLED,
            status_after(after(facts(), SETTLED), Hold(Reason.FROZEN, "Asked for.")),
            ["INFO Asked for. Frozen"],
            id="it-waits-as-the-user-wants-it",
        ),
        pytest.param(
            SETTLED,
            status_after(after(facts(), SETTLED), Hold(Reason.PLAN_PENDING, "Approve it.")),
            ["WARNING Approve it. PlanPending"],
            id="a-plan-waits-for-a-person",
        ),
        pytest.param(
            SETTLED, PROTECTED, ["WARNING It is protected. DeletionProtected"], id="its-deletion-waits"
        ),
    ],
)
def test_the_log_tells_turns_and_warns_where_somebody_must_act(
    old: dict[str, Any], new: dict[str, Any], lines: list[str]
) -> None:
    assert told(old, new) == lines


def test_a_removal_and_an_adoption_are_told() -> None:
    (removal,) = log_lines(SETTLED, REMOVING, NAMES)
    assert (removal.level, removal.fields["reason"]) == ("INFO", "Removing")
    assert told(ADOPTING, ADOPTED)[0] == "INFO server adopted"


def at_rest(**shown: Any) -> dict[str, Any]:
    """Return the settled status of a server that shows this."""
    return {**SETTLED, "server": {**SETTLED["server"], **shown}}


def off(**shown: Any) -> dict[str, Any]:
    status = at_rest(powerState="Stopped", **shown)
    ready = {"reason": "PoweredOff", "message": "The server is stopped."}
    return {**status, "conditions": [c | ready if c["type"] == "Ready" else c for c in status["conditions"]]}


ON = at_rest(powerState="Running")
RESTARTING = {**off(), "restart": {"since": "2026-11-23T12:00:00Z", "why": "cpu"}}


@pytest.mark.parametrize(
    ("old", "new", "power", "message"),
    [
        pytest.param(ON, off(), "Stopped", "server is off, as spec.server.powerState asks", id="off"),
        pytest.param(off(), ON, "Running", "server is on, as spec.server.powerState asks", id="on"),
        pytest.param(
            ON,
            off() | {"server": SETTLED["server"] | {"powerState": "Suspended"}},
            "Suspended",
            "server is suspended, as spec.server.powerState asks",
            id="suspended",
        ),
        pytest.param(ON, off(), "Unmanaged", "server was turned off in the cloud", id="by-others"),
        pytest.param(RESTARTING, ON, "Running", "server is on again, after a change of cpu", id="restarted"),
        pytest.param(
            RESTARTING | {"restart": {"since": "2026-11-23T12:00:00Z", "why": RESTART_REQUESTED_AT}},
            ON,
            "Running",
            f"server is on again, after the restart that the annotation {RESTART_REQUESTED_AT} asks for",
            id="asked-for-by-an-annotation",
        ),
        pytest.param(
            {**RESTARTING, "server": ON["server"]},
            ON,
            "Running",
            "server is on again, after a change of cpu",
            id="restarted-in-a-moment",
        ),
        pytest.param(SETTLED | {"conditions": []}, SETTLED, "Running", None, id="nothing-known-before"),
    ],
)
def test_a_server_that_was_turned_on_or_off_is_told_once_and_why(
    old: dict[str, Any], new: dict[str, Any], power: str, message: str | None
) -> None:
    lines = [line.message for line in log_lines(old, new, NAMES, power)]
    assert lines == [message or "server ready"]


def test_the_end_of_a_restart_is_told_once_though_the_server_is_not_ready_yet() -> None:
    updating = {"status": "False", "reason": "Updating", "message": "It is read."}
    waiting = [c | updating if c["type"] == "Ready" else c for c in SETTLED["conditions"]]
    on = {**ON, "conditions": waiting}
    again = "INFO server is on again, after a change of cpu"
    assert told({**on, "restart": RESTARTING["restart"]}, on) == [again]
    assert told(on, ON) == ["INFO server ready Available"]


def test_what_one_condition_has_said_is_not_told_again_of_the_other() -> None:
    stopped = {"status": "False", "reason": "Updating", "message": "The server is stopped for a change."}
    said = [c | stopped if c["type"] == "Synced" else c for c in SETTLED["conditions"]]
    both = [c | stopped if c["type"] in {"Ready", "Synced"} else c for c in SETTLED["conditions"]]
    assert len(told(SETTLED, SETTLED | {"conditions": said})) == 1
    assert told(SETTLED | {"conditions": said}, SETTLED | {"conditions": both}) == []


DISK = {"index": 1, "id": "disk-1", "size": "10Gi"}
GROUP = {"id": "default", "name": "Default"}


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        pytest.param(
            {"cpu": 2, "memory": "4Gi"},
            {"cpu": 4, "memory": "8Gi"},
            "server resized: cpu from 2 to 4, memory from 4Gi to 8Gi",
            id="resized",
        ),
        pytest.param(
            {"dataDisks": [DISK]},
            {"dataDisks": [DISK | {"size": "20Gi"}]},
            "disks changed: disk disk-1 from 10Gi to 20Gi",
            id="grown",
        ),
        pytest.param(
            {"securityGroups": [GROUP]},
            {"securityGroups": [GROUP, {"id": "db", "name": "db"}]},
            "security groups changed: security groups from Default to Default, db",
            id="guarded-otherwise",
        ),
        pytest.param(
            {},
            {"dataDisks": [DISK]},
            "disks changed: disk disk-1 from nothing to 10Gi",
            id="attached",
        ),
        pytest.param(
            {"imageID": "image-0"},
            {"imageID": "image-1"},
            "root disk rebuilt: image from image-0 to image-1",
            id="rebuilt",
        ),
        pytest.param(
            {"addresses": [{"type": "InternalIP", "address": "10.0.0.5"}]},
            {},
            "addresses changed: addresses from 10.0.0.5 to nothing",
            id="without-its-address",
        ),
    ],
)
def test_a_change_is_told_when_the_server_shows_it(
    before: dict[str, Any], after: dict[str, Any], line: str
) -> None:
    (told,) = log_lines(at_rest(**before), at_rest(**after), NAMES)
    assert (told.level, f"{told.message}: {told.fields['changed']}") == ("INFO", line)


@pytest.mark.parametrize("before", ["making", "made"])
def test_what_a_new_server_shows_of_itself_one_by_one_is_no_change(before: str) -> None:
    shown = {"dataDisks": [DISK], "addresses": [{"type": "InternalIP", "address": "10.0.0.5"}]}
    old = {key: value for key, value in at_rest().items() if key != "baseline"}
    if before == "making":
        old["creation"] = BEGUN_STATUS["creation"]
    assert told(old, at_rest(**shown)) == ["INFO server created"] * (before == "making")


def test_a_disk_that_is_kept_is_told_when_it_is_safe() -> None:
    kept = {"id": "disk-1", "how": "Detached", "since": "2026-11-23T12:00:00Z"}
    begun = SETTLED | {"keptDisks": [kept]}
    assert told(SETTLED, begun) == []
    message = f"INFO Disk disk-1 of server shop.web-1 ({ID}) was detached and is kept. DiskKept"
    assert told(begun, SETTLED | {"keptDisks": [kept | {"keptAt": "2026-11-23T12:00:05Z"}]}) == [message]


def test_a_line_says_which_object_server_cloud_and_secret_it_is_about() -> None:
    (line,) = log_lines(SETTLED, DOWN_STATUS, NAMES)
    assert line.fields.items() >= NAMES.items()
    assert (line.fields["server_id"], line.fields["server"]) == (ID, "shop.web-1")
    assert (line.fields["ready"], line.fields["synced"]) == ("True", "False")


@given(cases(), PROBLEMS)
@settings(deadline=None)
def test_a_status_that_stays_is_no_line(case: Facts, problem: Problem | None) -> None:
    status = status_after(case, plan(case), problem)
    assert told(status, status) == []
