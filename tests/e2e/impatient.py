"""
The operator with little patience: ``python -m tests.e2e.impatient run``.

How long a silent cloud, API server or watch is waited for is no setting, since nobody gains by another one,
nor how often objects are counted. The rules are the same here, only sooner; `make soak` waits the real times.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from onecloud_operator import __main__
from onecloud_operator.kube import calls, handlers, resync
from onecloud_operator.onecloud import endpoints
from onecloud_operator.onecloud.limits import Limits

if TYPE_CHECKING:
    import kopf

    from onecloud_operator.api.identity import Identity

CALL_SECONDS = 4.0
WATCH_SECONDS = 8.0
COUNT_SECONDS = 8.0


def hurry() -> None:
    """Have calls and watches given up soon."""
    patient = handlers.settings

    def settings(*identities: Identity, selector: str = "") -> kopf.OperatorSettings:
        made = patient(*identities, selector=selector)
        made.watching.inactivity_timeout = WATCH_SECONDS
        return made

    handlers.settings = settings
    resync.EVERY_SECONDS = COUNT_SECONDS
    calls.TIMEOUT_SECONDS = CALL_SECONDS  # type: ignore[misc]  # the experiment
    endpoints.Limits = partial(  # type: ignore[attr-defined, assignment]
        Limits, read_seconds=CALL_SECONDS, list_read_seconds=CALL_SECONDS, slot_seconds=CALL_SECONDS * 2
    )


if __name__ == "__main__":
    hurry()
    sys.exit(__main__.main(sys.argv[1:]))
