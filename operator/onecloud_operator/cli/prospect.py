"""What the operator will do about an object as it will be: the operator's own decisions, asked ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.api.reasons import UNTROUBLED
from onecloud_operator.controller.server_object import resource_of
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.config import Config
from onecloud_operator.core.facts import Facts
from onecloud_operator.core.observed import Observed, Owner, Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.plan.preview import known_preview
from onecloud_operator.kube.bounded_json import slim
from onecloud_operator.translate import recall

if TYPE_CHECKING:
    from datetime import datetime

    from onecloud_operator.core.plan_step import PlanStep
    from onecloud_operator.core.resource import Resource

# The server as the status shows it counts as seen twice, just now.
FIRST_SEEN: Final = 1.0
ASKED: Final = 2.0
NOW: Final = 3.0


@dataclass(frozen=True, slots=True)
class Prospect:
    """*steps*: None where they cannot be told. *held*: why something that the spec asks for waits."""

    steps: tuple[PlanStep, ...] | None
    held: Hold | None


def prospect(body: Mapping[str, Any], wall: datetime, *, seen: Observed | None = None) -> Prospect:
    """Return what will be done; *seen*: the server as the cloud shows it, else it is the status'."""
    resource = resource_of(slim(body))
    server = seen if seen is not None else _recalled(resource)
    reading = Reading(server, first_seen_at=FIRST_SEEN, asked_at=ASKED)
    facts = Facts(resource, NOW, wall, reading=reading)
    step = plan(facts)
    held = step if isinstance(step, Hold) and step.reason not in UNTROUBLED and not step.unread else None
    return Prospect(known_preview(facts), held)


def _recalled(resource: Resource) -> Observed | None:
    """Return the bound server as the status shows it, which lacks whose it is."""
    records = resource.records
    found = recall(records.mirror) if records.bound_id is not None else None
    if found is None or found.details is None or found.id != records.bound_id:
        return None
    owner = Owner(
        cluster=Config().cluster, namespace=resource.namespace, name=resource.name, uid=resource.uid
    )
    owned = records.creation is not None or records.adopted_at is not None
    details = replace(found.details, owner=owner if owned else None, owner_known=owned)
    return replace(found, details=details)
