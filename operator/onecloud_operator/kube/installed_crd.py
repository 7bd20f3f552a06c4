"""The CRD as it is installed: which fields of the status it keeps, and whether our records are among them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.api.prune import schema_of_status
from onecloud_operator.engine import loggers
from onecloud_operator.kube.calls import KubeError, KubeNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onecloud_operator.api.identity import Definition
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.kube.client import KubeClient

logger = logging.getLogger(loggers.KUBERNETES)

AGAIN_SECONDS: Final = 5.0
EVERY_SECONDS: Final = 600.0  # users update CRDs beside a running operator, and take older ones back


class RecordsLost(KubeError):
    """The installed CRD cannot keep what must be remembered of servers."""


class InstalledCRD:
    """
    One for each kind. *status* is the served schema of ``status``, None while it is not known.

    *lacking* are the paths of the fields that it does not know: they are not shown.
    """

    def __init__(self, cluster: KubeClient, definition: Definition) -> None:
        self._cluster = cluster
        self._definition = definition
        self.status: Mapping[str, Any] | None = None
        self.lacking: frozenset[str] = frozenset()

    async def wait(self, ready: dict[str, Callable[[], str | None]]) -> None:
        """Wait until a CRD that keeps our records is served; until then *ready* has a check that fails."""
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
                ready["objects"] = lambda: "the API server cannot be asked"
                logger.warning("the API server cannot be asked; trying again", extra={"error": str(error)})
            else:
                ready["objects"] = lambda: "not yet asked for"
                return
            await asyncio.sleep(AGAIN_SECONDS)

    async def look(self) -> None:
        """Ask once; log what is lacking if that is another than before. Raises KubeError."""
        identity = self._definition.identity
        status = schema_of_status(await self._cluster.served_schema(identity), identity)
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
            logger.info("the installed CRD knows every field now")
        self.status, self.lacking = status, lacking

    async def run(self, clock: Clock) -> None:
        """
        Look again for ever. Raises RecordsLost.

        A CRD that cannot be read, or is not there for a moment, changes nothing.
        """
        while True:
            await clock.sleep(EVERY_SECONDS)
            try:
                await self.look()
            except RecordsLost as error:
                logger.critical(str(error))
                raise  # and end: the next process waits for another CRD, and is not ready meanwhile
            except KubeError as error:
                logger.warning("the installed CRD could not be read", extra={"error": str(error)})


def fields_lacking(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: str = "status") -> set[str]:
    """Return the paths of fields that our schema has and theirs, which is served, has not; outermost only."""
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
    """Return the paths of the records that the served schema of the status would not keep."""
    lacking = _lacking(served, definition)
    return {path for path in lacking if path.split(".")[1].removesuffix("[]") in definition.records}


def _lacking(served: Mapping[str, Any] | None, definition: Definition) -> set[str]:
    return fields_lacking(definition.status(), served) if served is not None else set()
