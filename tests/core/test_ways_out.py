"""No state waits for a person who is not told what to do, or whom the API server does not let do it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api.annotations import FORCE_DETACH
from onecloud_operator.api.reasons import DELETING_REASONS, SYNCED_REASONS
from onecloud_operator.core.actions import Look, RemoveFinalizer, Settled
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.report.report import report
from tests.core.ways import IDS, WAYS, Annotate, Delete, InCloud, Way

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from onecloud_operator.core.facts import Facts

STAYING = [way for way in WAYS if not isinstance(way.out, Delete)]
LEAVING = [way for way in WAYS if isinstance(way.out, Delete)]
DELETED = frozenset({"ExternallyDeleted", "OwnedByAnother"})


def status_of(case: Facts) -> Mapping[str, Any]:
    """Return the status that a pass leaves."""
    written = report(case, plan(case))
    assert written.status is not None
    return written.status


def test_every_reason_that_waiting_does_not_help_has_a_way_out() -> None:
    stalled = {reason for reason, row in {**SYNCED_REASONS, **DELETING_REASONS}.items() if row.stalled}
    assert stalled <= {way.reason for way in WAYS}
    assert {way.reason for way in WAYS if isinstance(way.out, Delete)} == DELETED


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_the_state_is_said(way: Way) -> None:
    synced, stalled = (standing(status_of(way.stuck), kind) for kind in ("Synced", "Stalled"))
    assert synced is not None
    assert synced["reason"] == way.reason
    assert stalled is not None


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_what_must_be_done_elsewhere_is_in_the_message(way: Way) -> None:
    synced = standing(status_of(way.stuck), "Synced")
    assert synced is not None
    match way.out:
        case InCloud(words=words):
            assert words in synced["message"]
        case Annotate(key=key):
            assert key in synced["message"]
        case Delete(detach=detach):
            assert "elete this object" in synced["message"] or "elete the object" in synced["message"]
            assert (FORCE_DETACH in synced["message"]) == detach
        case _:
            pass  # an edit: the message says what is wrong


@pytest.mark.parametrize(
    "way", [way for way in WAYS if not isinstance(way.out, Delete)], ids=lambda way: way.name
)
def test_the_way_leads_out(way: Way) -> None:
    after = status_of(way.after)
    assert standing(after, "Stalled") is None


@pytest.mark.parametrize(
    "way", [way for way in WAYS if isinstance(way.out, Delete)], ids=lambda way: way.name
)
def test_a_deletion_that_leads_out_touches_nothing(way: Way) -> None:
    assert isinstance(way.out, Delete)
    annotations = {FORCE_DETACH: "true"} if way.out.detach else {}
    step = plan(
        replace(way.stuck, resource=replace(way.stuck.resource, deleting=True, annotations=annotations))
    )
    assert isinstance(step, Look | RemoveFinalizer | Settled)
