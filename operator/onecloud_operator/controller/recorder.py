"""What a pass leaves to be read: the status, an Event on each turn of it, a line of the log for each step."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.prune import keeps, prune
from onecloud_operator.controller.executor import reference_of
from onecloud_operator.core.report.events import transitions
from onecloud_operator.core.report.report import differs
from onecloud_operator.core.values import text_of_time
from onecloud_operator.kube.client import KubeError, KubeForbidden
from onecloud_operator.kube.store import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onecloud_operator.core.conclude import LogLine
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.report.events import Transition
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.kube.installed_crd import InstalledCRD
    from onecloud_operator.kube.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recorder:
    """One for the process."""

    objects: Store[Resource]
    cluster: KubeClient
    monotonic: Callable[[], float]
    installed_crd: InstalledCRD

    async def status(self, facts: Facts, status: Mapping[str, Any]) -> None:
        """
        Write the status as far as it is served, and post an Event for each turn in it.

        What was written already is not written again though the API server shows more, such as the defaults
        of a newer definition. Raises KubeError if it does not keep all that was sent.
        """
        schema, resource = self.installed_crd.status, facts.resource
        key = Key(resource.namespace, resource.name, resource.uid)
        known = dict(status) if schema is None else prune(status, schema)[0]
        if not differs(resource.status, known):
            return
        if (wrote := self.objects.wrote(key, resource.version)) is not None and not differs(wrote, known):
            return
        asked_at = self.monotonic()
        body = await self.cluster.write_status(reference_of(facts), known)
        self.objects.answered(body, asked_at, status=known)
        if not keeps(body.get("status"), known):
            await self.installed_crd.look()
            msg = "the API server did not keep all of a status: its definition is older than it was"
            raise KubeError(msg)
        for turn in transitions(resource.status, known):
            await self.event(facts, turn)

    async def event(self, facts: Facts, event: Transition) -> None:
        """Post an Event, if the API server takes it: it is a courtesy, and the status says the same."""
        time = text_of_time(facts.wall)
        try:
            await self.cluster.emit(
                reference_of(facts), kind=event.kind, reason=event.reason, message=event.message, time=time
            )
        except KubeError as error:
            level = logging.WARNING if isinstance(error, KubeForbidden) else logging.DEBUG
            logger.log(level, "an Event could not be posted", extra={**_names(facts), "error": str(error)})


def log(line: LogLine) -> None:
    """Write a line of the log."""
    logger.log(logging.getLevelNamesMapping()[line.level], line.message, extra=line.fields)


def _names(facts: Facts) -> dict[str, str | None]:
    resource = facts.resource
    return {
        "object": f"{resource.namespace}/{resource.name}",
        "server_id": resource.records.bound_id,
    }
