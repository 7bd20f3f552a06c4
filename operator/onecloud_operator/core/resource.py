"""A OneCloudServer object as decisions see it: identity, requests in its annotations, spec and records."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.annotations import (
    APPROVE_PLAN,
    FORCE_DETACH,
    FREEZE,
    PAUSED,
    RECONCILE_REQUESTED_AT,
    RESTART_REQUESTED_AT,
    switched_on,
)
from onecloud_operator.api.identity import SERVER
from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.records import Records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.api.spec import ServerSpec, Spec

FINALIZER = SERVER.finalizer
MAX_REQUEST_LENGTH = 256  # the CRD's bound of what repeats it


@fast_dataclass(frozen=True, slots=True)
class Resource:
    """
    One version of one object.

    *spec* is None when it is of no form that we know (an object older than a rule, a newer field's value);
    then *flaw* says why. With a flaw in what had another shape in an older version it is the rest, by which
    a deleted object is let go. *status* is the raw status that *records* was read from.
    """

    namespace: str
    name: str
    uid: str
    version: str  # resourceVersion
    generation: int
    spec: Spec | None
    flaw: str | None = None
    deleting: bool = False
    deleted_at: str | None = None  # when the API server took the deletion (RFC 3339)
    finalizers: tuple[str, ...] = ()  # ours, and some of others': there may be thousands
    finalizer_place: int = 0  # of ours, in the object's list
    annotations: Mapping[str, str] = field(default_factory=dict)
    records: Records = field(default_factory=Records)
    status: Mapping[str, Any] = field(default_factory=dict)

    @property
    def server_spec(self) -> ServerSpec | None:
        """Return what the spec says of the server; None where it says nothing, or cannot be read."""
        return self.spec.server if self.spec is not None else None

    @property
    def held(self) -> bool:
        """Return whether our finalizer is on the object."""
        return FINALIZER in self.finalizers

    @property
    def paused(self) -> bool:
        """Return whether the user asks for the server to be left alone. Any value but ``false`` does."""
        return switched_on(self.annotations, PAUSED)

    @property
    def frozen(self) -> bool:
        """Return whether the user asks that nothing be changed in the cloud for this object."""
        return switched_on(self.annotations, FREEZE)

    @property
    def reconcile_requested_at(self) -> str | None:
        """Return the request for another look, cut to what the status can repeat; None without one."""
        return self.annotations.get(RECONCILE_REQUESTED_AT, "")[:MAX_REQUEST_LENGTH] or None

    @property
    def restart_requested_at(self) -> str | None:
        """Return the request for a restart, cut in the same way; None without one."""
        return self.annotations.get(RESTART_REQUESTED_AT, "")[:MAX_REQUEST_LENGTH] or None

    @property
    def force_detach(self) -> bool:
        """Return whether the object is to be let go without touching, or even finding, its server."""
        return self.annotations.get(FORCE_DETACH, "false").strip().lower() == "true"

    @property
    def approves(self) -> str | None:
        """Return the hash of the plan that a person approves; None without one."""
        return self.annotations.get(APPROVE_PLAN, "").strip()[:MAX_REQUEST_LENGTH] or None

    def confirms(self, annotation: str, one_id: str | None) -> bool:
        """Return whether *annotation* names *one_id*: a confirmation is for one server, or disk, alone."""
        return one_id is not None and self.annotations.get(annotation, "").strip() == one_id
