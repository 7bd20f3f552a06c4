"""How a server whose owner lived in a cluster that is gone is taken over, once a person says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api.annotations import TAKE_OVER
from onecloud_operator.core.actions import BeginAdoption, Find, Hold
from onecloud_operator.core.cloud_writes import Claim
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.observed import Owner, Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records, records_of
from onecloud_operator.core.report.report import report
from tests.core.fixtures import (
    ID,
    NOW,
    OTHER_UID,
    PLACE,
    details,
    facts,
    reading,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

LOST = Owner("old-cluster", "shop", "web-1", OTHER_UID)
SERVER = server(details=details(owner=LOST))
ASKED = {TAKE_OVER: ID}


def adopting(annotations: dict[str, str], *, stranger: bool = True, owner: Owner = LOST) -> Facts:
    """An object that asks for a server whose owner lives, or may: in another cluster, as a *stranger*."""
    found = replace(SERVER, details=details(owner=owner))
    intent = resource(
        spec=spec(adoption={"policy": "Adopt", "id": ID}), records=Records(), annotations=annotations
    )
    known = frozenset({owner.uid})
    return facts(
        resource=intent,
        reading=Reading(),
        candidates=(found,),
        memory=Memory(found_at=NOW - 1, found_intent="1//False"),
        rivals=known,
        strangers=known if stranger else frozenset(),
    )


def hold(step: Step) -> Hold:
    assert isinstance(step, Hold), step
    assert step.reason == "OwnedByAnother"
    return step


def test_the_message_names_the_owner_and_the_annotation() -> None:
    message = hold(plan(adopting({}))).message
    assert "shop/web-1 of cluster old-cluster" in message
    assert f"{TAKE_OVER}: {ID}" in message


@pytest.mark.parametrize("value", ["true", "another-id", ""])
def test_a_confirmation_names_the_server(value: str) -> None:
    hold(plan(adopting({TAKE_OVER: value})))


def test_an_owner_that_lives_in_this_cluster_is_never_taken_from() -> None:
    assert TAKE_OVER not in hold(plan(adopting(ASKED, stranger=False))).message


def test_until_all_objects_of_this_cluster_are_known_its_owner_may_be_one_of_them() -> None:
    assert hold(plan(replace(adopting(ASKED), all_known=False))).look_seconds == 1.0


def test_a_confirmed_server_is_recorded_with_its_old_owner_and_then_claimed() -> None:
    case = adopting(ASKED)
    step = plan(case)
    assert step == BeginAdoption(ID, PLACE, OTHER_UID)
    status = report(case, step).status
    assert status is not None
    assert status["takenOverFrom"] == OTHER_UID
    known = replace(case.resource, status=status, records=records_of(status))
    again = replace(case, resource=known, reading=reading(SERVER))
    assert plan(again) == Claim(ID)
    unconfirmed = replace(again, resource=replace(known, annotations={}))
    hold(plan(unconfirmed))


def test_two_clusters_that_both_confirm_do_not_take_it_from_one_another_for_ever() -> None:
    back = Owner("old-cluster", "shop", "web-1", "99999999-2222-4333-8444-555555555555")
    taken = Records(id=ID, place=PLACE, adopted_at="t", taken_from=OTHER_UID)
    case = adopting(ASKED, owner=back)
    case = replace(case, resource=replace(case.resource, records=taken))
    hold(plan(replace(case, reading=reading(replace(SERVER, details=details(owner=back))))))


def test_a_name_of_any_length_leaves_room_for_the_way_out() -> None:
    owner = Owner("c" * 5000, "n" * 5000, "w" * 5000, OTHER_UID)
    message = hold(plan(adopting({}, owner=owner))).message
    assert f"{TAKE_OVER}: {ID}" in message[:1000]
    hold(plan(adopting(ASKED, owner=replace(owner, uid="u" * 300))))  # more than the status keeps
    assert isinstance(plan(replace(adopting(ASKED), candidates=None)), Find)
