"""Which lines of the log two statuses in a row give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

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
