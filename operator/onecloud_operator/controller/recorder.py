"""What a pass leaves to be read: the status, an Event on each turn of it, a line of the log for each step."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.prune import keeps, prune
from onecloud_operator.core.values import text_of_time
from onecloud_operator.engine import loggers
from onecloud_operator.kube.calls import KubeConflict, KubeError, KubeForbidden
from onecloud_operator.kube.client import ObjectReference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from onecloud_operator.controller.actuator import KubeObject
    from onecloud_operator.core.conclusion import KubeEvent, LogLine
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.kube.installed_crd import InstalledCRD
    from onecloud_operator.kube.store import Key, Store

logger = logging.getLogger(loggers.SERVERS)

LEVELS = logging.getLevelNamesMapping()
TERMINATING = "being terminated"  # the API server's words


@dataclass(frozen=True, slots=True)
class Recorder:
    """One for each kind. *differs*, *events_between*: those of the kind's actuator."""

    objects: Store[Any]
    cluster: KubeClient
    installed_crd: InstalledCRD
    monotonic: Callable[[], float]
    wall: Callable[[], datetime]
    differs: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
    events_between: Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[KubeEvent]]

    log_lines: Callable[[Key, Mapping[str, Any], Mapping[str, Any]], Iterable[LogLine]] = (
        lambda _key, _old, _new: ()
    )
    logger: logging.Logger = logger

    async def status(self, key: Key, found: KubeObject, status: Mapping[str, Any]) -> None:
        """
        Write the status as far as it is served, and post an Event for each turn in it.

        What was written already is not written again though the API server shows more, such as the defaults
        of a newer definition. Raises KubeError if it does not keep all that was sent.
        """
        known, schema = dict(status), self.installed_crd.status
        if schema is not None and self.installed_crd.lacking:
            known = prune(status, schema)[0]
        if not self.differs(found.status, known):
            return
        if (wrote := self.objects.wrote(key, found.version)) is not None and not self.differs(wrote, known):
            return
        asked_at = self.monotonic()
        with self.objects.writing(key):
            body = await self.cluster.write_status(self._reference(key, found), known)
            self.objects.answered(body, asked_at, status=known)
        if not keeps(body.get("status"), known):
            await self.installed_crd.look()
            msg = "the API server did not keep all of a status: its CRD is older than it was"
            raise KubeError(msg)
        for line in self.log_lines(key, found.status, known):
            self.log(line)
        for event in self.events_between(found.status, known):
            await self.event(key, found, event)

    async def event(self, key: Key, found: KubeObject, event: KubeEvent) -> None:
        """Post an Event, if the API server takes it: it is a courtesy, and the status says the same."""
        reference, time = self._reference(key, found), text_of_time(self.wall())
        try:
            await self.cluster.emit(
                reference,
                kind=event.kind,
                reason=event.reason,
                message=event.message,
                time=time,
                once=event.once,
            )
        except KubeConflict:
            pass  # it was posted before
        except KubeError as error:
            # A namespace that is being deleted takes no Events, and the deletion needs none.
            denied = isinstance(error, KubeForbidden) and TERMINATING not in str(error)
            level = logging.WARNING if denied else logging.DEBUG
            logger.log(level, "an Event could not be posted", extra={"object": str(key), "error": str(error)})

    def log(self, line: LogLine) -> None:
        """Write a line of the log."""
        extra = {**line.fields, loggers.GATHERED: True}
        self.logger.log(LEVELS[line.level], line.message, extra=extra)

    def _reference(self, key: Key, found: KubeObject) -> ObjectReference:
        return ObjectReference(self.objects.kind.identity, key.namespace, key.name, key.uid, found.version)
