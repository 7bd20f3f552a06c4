"""Facts of an object at each stage of its life, and what a person reads of its status."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.reasons import (
    Reason,
)
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.records import Records, records_of
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)
from tests.core.statuses import SETTLED

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts

WELL = "Ready=True/Available Synced=True/UpToDate CredentialsValid=True/Authenticated"


def seen(status: dict[str, Any]) -> str:
    """Return what a person reads of *status*; a condition of an older generation is marked."""
    conditions = [
        f"{c['type']}={c['status']}/{c['reason']}"
        + ("" if c["observedGeneration"] == status["observedGeneration"] else "(older)")
        for c in status["conditions"]
    ]
    return f"{status['state']}: {' '.join(conditions)}"


def well(**changes: Any) -> Facts:
    """Return the facts of a later pass over an object whose server ran and agreed."""
    known = replace(resource(), status=SETTLED, records=records_of(SETTLED), **changes)
    return replace(facts(), resource=known)


def well_but(status: str, read: dict[str, Any] | None = None, **changes: Any) -> Facts:
    """Return the same with the server in another state by now."""
    return replace(well(), reading=reading(server(status, **changes), **(read or {})))


def unlucky(case: Facts, reason: Reason) -> Facts:
    """Return the same with credentials or a cloud that cannot be used, as the shell gives it."""
    return replace(case, trouble=Problem(reason, "why"), place=None)


def begun(found: str | None = None, **changes: Any) -> Facts:
    """Return the facts of an object whose attempt is recorded and not complete."""
    known = resource(records=records(creation=replace(BEGUN, **changes), mirror={}))
    return replace(facts(), resource=known, reading=reading(server(found)) if found else Reading())


ADOPTING = resource(
    spec=spec({"name": "shop.web-1"}, adoption={"policy": "AdoptOrCreate"}), records=Records()
)
