"""The audit log: one line in JSON for each call that changes something in a cloud."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from onecloud_operator.api.identity import SERVER
from onecloud_operator.core.audit import changes_of
from onecloud_operator.core.cloud_writes import Create
from onecloud_operator.engine import loggers

if TYPE_CHECKING:
    from onecloud_operator.core.cloud_writes import CloudWrite
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.onecloud import Cloud, Sent

logger = logging.getLogger(loggers.AUDIT)

ACCEPTED, REFUSED, UNCLEAR, UNANSWERED = "accepted", "refused", "unclear", "unanswered"
_FIRST_ERROR, _FIRST_FAULT = 300, 500


def audited(cloud: Cloud, facts: Facts, step: CloudWrite) -> Cloud:
    """Return *cloud* such that what *step* sends is told in the audit log, if there is one."""
    if not logger.isEnabledFor(logging.INFO):
        return cloud
    return cloud.witnessed(partial(_tell, facts, step))


def _tell(facts: Facts, step: CloudWrite, sent: Sent) -> None:
    resource, place = facts.resource, facts.place
    line: dict[str, Any] = {
        "kind": SERVER.kind,
        "object": f"{resource.namespace}/{resource.name}",
        "uid": resource.uid,
        "generation": resource.generation,
        "deleting": resource.deleting or None,
        "cloud": urlsplit(place.auth_url).netloc if place else None,
        "region": place.region if place else None,
        "project": place.project_id if place else None,
        "server_id": step.creation.id if isinstance(step, Create) else step.server_id,
        "step": type(step).__name__,
        "changes": [
            {"field": each.field, "from": each.before, "to": each.after} for each in changes_of(facts, step)
        ],
        "call": f"{sent.method} {sent.path}",
        "request_id": sent.request_id,
        "outcome": outcome_of(sent),
        "status": sent.status,
        "error": sent.error,
        "seconds": round(sent.seconds, 3),
    }
    logger.info("call to the cloud", extra=line)


def outcome_of(sent: Sent) -> str:
    """Return what came of a call: only what was accepted or refused is certain."""
    if sent.status is None:
        return UNANSWERED
    if sent.status < _FIRST_ERROR:
        return ACCEPTED
    return REFUSED if sent.status < _FIRST_FAULT else UNCLEAR
