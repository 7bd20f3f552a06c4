"""The annotations by which a person asks something of the operator; docs/reference.md describes each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PAUSED = "onecloud.io/paused"
RECONCILE_REQUESTED_AT = "onecloud.io/reconcile-requested-at"
RESTART_REQUESTED_AT = "onecloud.io/restart-requested-at"
FORCE_DETACH = "onecloud.io/force-detach"
CONFIRM_DELETE = "onecloud.io/confirm-delete"
APPROVE_PLAN = "onecloud.io/approve-plan"
TAKE_OVER = "onecloud.io/take-over"
CONFIRM_GONE = "onecloud.io/confirm-gone"
ACCEPT_ROOT_DISK = "onecloud.io/accept-root-disk"
FREEZE = "onecloud.io/freeze"
# On namespaces and providers.
ALLOW_MASS_DELETION = "onecloud.io/allow-mass-deletion"

ANNOTATIONS = frozenset(
    {
        PAUSED,
        RECONCILE_REQUESTED_AT,
        RESTART_REQUESTED_AT,
        FORCE_DETACH,
        CONFIRM_DELETE,
        APPROVE_PLAN,
        TAKE_OVER,
        CONFIRM_GONE,
        ACCEPT_ROOT_DISK,
        FREEZE,
        ALLOW_MASS_DELETION,
    }
)


def switched_on(annotations: Mapping[str, str], name: str) -> bool:
    """Return whether an annotation that asks for rest is there, with any value but ``false``."""
    return annotations.get(name, "false").strip().lower() != "false"
