"""The installed CRD: which fields of the status it keeps, and whether it keeps the operator's records."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.api.prune import schema_of, schema_of_status
from onecloud_operator.engine import loggers
from onecloud_operator.kube.calls import KubeError, KubeNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onecloud_operator.api.identity import Definition
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.kube.client import KubeClient

logger = logging.getLogger(loggers.KUBERNETES)

AGAIN_SECONDS: Final = 5.0
EVERY_SECONDS: Final = 600.0  # users update and downgrade CRDs while the operator runs


class RecordsLost(KubeError):
    """The installed CRD would drop the operator's records about servers."""


class InstalledCRD:
    """
    One for each kind. *status* is the served schema of ``status``, None while it is not known.

    *lacking* are the paths of fields that it does not know, which are not shown.
    """

    def __init__(self, cluster: KubeClient, definition: Definition) -> None:
        self._cluster = cluster
        self._definition = definition
        self.status: Mapping[str, Any] | None = None
        self.lacking: frozenset[str] = frozenset()

    async def wait(self, ready: dict[str, Callable[[], str | None]]) -> None:
        """Wait until a CRD that keeps the records is served; until then a check in *ready* fails."""
        while True:
            try:
                await self.look()
            except KubeNotFound:
                ready["objects"] = lambda: "the CRD is not installed"
                logger.warning(
                    "the %s resource is not known to the API server: install the CRD "
                    "(kubectl apply --server-side -k crds/); trying again",
                    self._definition.identity.kind,
                )
            except RecordsLost as error:
                ready["objects"] = lambda: "the installed CRD is too old"
                logger.warning(str(error))
            except KubeError as error:
                ready["objects"] = lambda: "the API server does not answer"
                logger.warning("failed to read the installed CRD, retrying", extra={"error": str(error)})
            else:
                ready["objects"] = lambda: "not yet listed"
                return
            await asyncio.sleep(AGAIN_SECONDS)

    async def look(self) -> None:
        """Read the CRD; log missing fields if they changed. Raises KubeError."""
        identity = self._definition.identity
        document = await self._cluster.served_schema(identity)
        if schema_of(document, identity) is None:
            raise KubeNotFound(f"the API server serves {identity.api_version}, but no {identity.kind}", 404)
        status = schema_of_status(document, identity)
        if lost := records_lost(status, self._definition):
            raise RecordsLost(
                "the installed CRD cannot keep what must be remembered of servers, so nothing is done: "
                f"update it (kubectl apply --server-side -k crds/); it lacks {', '.join(sorted(lost))}"
            )
        lacking = frozenset(_lacking(status, self._definition))
        if lacking and lacking != self.lacking:
            logger.warning(
                "the installed CRD is older than the operator, so some fields of the status are not shown: "
                "update it (kubectl apply --server-side -k crds/)",
                extra={"fields": ",".join(sorted(lacking))},
            )
        elif self.lacking and not lacking:
            logger.info("the installed CRD now has every field")
        self.status, self.lacking = status, lacking

    async def run(self, clock: Clock) -> None:
        """
        Read the CRD periodically. Raises RecordsLost.

        A CRD that cannot be read, or is not there for a moment, changes nothing.
        """
        while True:
            await clock.sleep(EVERY_SECONDS)
            try:
                await self.look()
            except RecordsLost as error:
                logger.critical(str(error))
                raise  # and exit: the next process waits for another CRD, and is not ready until then
            except KubeError as error:
                logger.warning("failed to read the installed CRD", extra={"error": str(error)})


def fields_lacking(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: str = "status") -> set[str]:
    """Return the paths of fields that our schema has but the served one lacks; outermost only."""
    if theirs.get("x-kubernetes-preserve-unknown-fields"):
        return set()
    if "items" in ours and "items" in theirs:
        return fields_lacking(ours["items"], theirs["items"], f"{path}[]")
    known = theirs.get("properties", {})
    lacking: set[str] = set()
    for name, inner in ours.get("properties", {}).items():
        if name in known:
            lacking |= fields_lacking(inner, known[name], f"{path}.{name}")
        else:
            lacking.add(f"{path}.{name}")
    return lacking


def records_lost(served: Mapping[str, Any] | None, definition: Definition) -> set[str]:
    """Return the paths of records that the served schema of the status would drop."""
    lacking = _lacking(served, definition)
    return {path for path in lacking if path.split(".")[1].removesuffix("[]") in definition.records}


def _lacking(served: Mapping[str, Any] | None, definition: Definition) -> set[str]:
    return fields_lacking(definition.status(), served) if served is not None else set()
