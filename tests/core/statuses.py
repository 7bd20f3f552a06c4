"""The status that a pass leaves, and the facts of the pass after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from onecloud_operator.api.annotations import (
    APPROVE_PLAN,
    PAUSED,
    RECONCILE_REQUESTED_AT,
    RESTART_REQUESTED_AT,
)
from onecloud_operator.api.reasons import DELETING_REASONS, SYNCED_REASONS, Reason
from onecloud_operator.core.actions import (
    Hold,
    Settled,
)
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.records import Records, Restart, records_of
from onecloud_operator.core.report.report import report
from onecloud_operator.core.restart_request import UNDER_WAY, RestartRequest
from onecloud_operator.core.retry_state import Refusal
from onecloud_operator.core.values import Place, Problem
from tests.core.fixtures import (
    BEGUN,
    ID,
    NOW,
    PLACE,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

DOWN = Problem(Reason.ENDPOINT_UNREACHABLE, "The cloud cannot be reached.", request_id="req-7")


def status_after(case: Facts, step: Step, problem: Problem | None = None) -> dict[str, Any]:
    """Return the status after the pass, changed or not."""
    written = report(case, step, problem).status
    return dict(case.resource.status if written is None else written)


def condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next((c for c in status["conditions"] if c["type"] == kind), {})
    return found


def after(case: Facts, status: dict[str, Any], **changes: Any) -> Facts:
    """Return the facts of a later pass over an object with this status."""
    known = replace(case.resource, status=status, records=records_of(status), **changes)
    return replace(case, resource=known)


SETTLED = status_after(facts(), Settled())


# -- facts of any kind -----------------------------------------------------------------------------------
STATUSES = ["running", "ready", "suspend", "deploying", "start_fail", "sched_fail", "unknown", "deleting"]
MADE_RECORDS = records()
RECORDS = [
    Records(),
    Records(id=ID, place=PLACE, creation=BEGUN),
    MADE_RECORDS,
    Records(id=ID, place=PLACE, adopted_at="2026-11-23T11:59:00Z", mirror={"id": ID}),
    records(
        restart=Restart("2026-11-23T11:59:00Z", RESTART_REQUESTED_AT),
        restart_request=RestartRequest("earlier", UNDER_WAY, "2026-11-23T11:59:00Z"),
    ),
]
SPECS = [
    spec(),
    spec({"cpu": 4, "description": "x"}),
    spec({"powerState": "Stopped", "tags": {"team": "orders"}}),
    spec({"hypervisor": "esxi"}, drift={"mode": "Report"}, disruption={"allow": "Restart"}),
    spec({"powerState": "Suspended"}, disruption={"allow": "Restart"}),
    spec(adoption={"policy": "Adopt", "id": ID}, server=None),
    spec(managementPolicy="Observe", adoption={"id": ID}),
    spec(onExternalDeletion="Recreate", deletionProtection=True),
    None,
]
READINGS = st.one_of(
    st.sampled_from([Reading(), Reading(gone=True)]),
    st.builds(
        lambda status, asked_at, recycled: reading(server(status, recycled=recycled), asked_at=asked_at),
        st.sampled_from(STATUSES),
        st.sampled_from([NOW - 5, NOW - 1]),
        st.booleans(),
    ),
)
REFUSAL = Refusal(Problem(Reason.PROVIDER_ERROR, "no"), "1//False", until=NOW + 60, count=3, since=NOW - 400)
MEMORIES = [
    Memory(),
    Memory(born_at=NOW - 1, moving_since=NOW - 3),
    Memory(posted_at=NOW - 5, refusals={"Create": REFUSAL, "Update description": REFUSAL}),
    Memory(looked_at=NOW - 1, looked_version=7, synced_at=NOW - 1, sync_count=1, moving_since=NOW - 700),
]
ANNOTATIONS: list[Mapping[str, str]] = [
    {},
    {PAUSED: "true"},
    {RECONCILE_REQUESTED_AT: "now" * 200},
    {RESTART_REQUESTED_AT: "now" * 200},
    {APPROVE_PLAN: "0" * 32},
]
TROUBLES = st.one_of(
    st.none(),
    st.none(),
    st.sampled_from([Problem(reason, "x" * 5000) for reason in SYNCED_REASONS]),
)


@st.composite
def cases(draw: st.DrawFn) -> Facts:
    """Draw facts of any kind, over a status of the generation before."""
    wanted = draw(st.sampled_from(SPECS))
    known = resource(
        spec=wanted,
        flaw=None if wanted else "spec.server.cpu: must be a number",
        generation=draw(st.sampled_from([1, 2])),
        deleting=draw(st.booleans()),
        finalizers=draw(st.sampled_from([(), resource().finalizers])),
        annotations=draw(st.sampled_from(ANNOTATIONS)),
        records=draw(st.sampled_from([*RECORDS, MADE_RECORDS])),
    )
    trouble = draw(TROUBLES)
    case = replace(
        facts(reading=draw(READINGS)),
        resource=known,
        memory=draw(st.sampled_from(MEMORIES)),
        trouble=trouble,
        place=None if trouble else draw(st.sampled_from([PLACE, PLACE, Place("https://other/v3", "r", "p")])),
        too_many_gone=draw(st.booleans()),
        bin_off=draw(st.booleans()),
    )
    if draw(st.sampled_from([True, True, False])):  # something was shown before, of a server that was well
        shown_before = {**SETTLED, **_shown_of(known.records)}
        case = after(case, {key: value for key, value in shown_before.items() if value is not None})
    return case


def _shown_of(known: Records) -> dict[str, Any]:
    """Return what of *known* stands in a status."""
    shown = status_after(
        replace(facts(reading=Reading()), resource=resource(records=known)), Hold(Reason.UPDATING, "x")
    )
    kept = ("creation", "adoptedAt", "cloud", "id", "server", "restart", "restartRequest")
    return {key: shown.get(key) for key in kept}


PROBLEMS = st.one_of(
    st.none(),
    st.builds(
        Problem,
        st.sampled_from(sorted({*SYNCED_REASONS, *DELETING_REASONS})),
        st.sampled_from(["why", "y" * 5000]),
        request_id=st.sampled_from([None, "req-7"]),
        again=st.booleans(),
    ),
)
