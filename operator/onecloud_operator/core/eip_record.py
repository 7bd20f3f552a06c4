"""
The elastic IP (EIP) that an object gives its server: what the status remembers, and what a GET of it shows.

It is made by the protocol of servers: its id follows from the object's UID and a number, and is used once.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.model import wire_name
from onecloud_operator.core.fast_dataclass import fast_dataclass, replace
from onecloud_operator.core.status_values import text, whole
from onecloud_operator.core.values import cut, derived_id

if TYPE_CHECKING:
    from onecloud_operator.core.observed import Owner

MADE, GIVEN = "Made", "Given"
NAME_LENGTH = 120  # the cloud's bound is 128
_NUMBERS = frozenset({"attempt", "bandwidth"})
_RENAMED = {"ref": "reference"}
_BOUNDS = {"ref": 256, "name": 256, "network": 256, "refusal": 32768}
_SHORT = 64
_DIGEST_LENGTH = 16


@fast_dataclass(frozen=True, slots=True)
class EipRecord:
    """
    *attempt*: the newest of the object's own; it stays when the EIP goes, so that no id is used twice.

    *id*, *origin*: of the one that it has or is about to have. *ref*: the name by which the spec gave it.
    *made_at*: when one of its own was first seen to have an address. *refusal*: why it could not be bound,
    *refused_for*: to what was asked for then. *network*: as the spec said it.
    """

    attempt: int = 0
    id: str | None = None
    origin: str | None = None
    ref: str | None = None
    name: str | None = None
    address: str | None = None
    bandwidth: int | None = None
    charge_type: str | None = None
    network: str | None = None
    network_id: str | None = None
    made_at: str | None = None
    refusal: str | None = None
    refused_for: str | None = None

    @property
    def held(self) -> bool:
        """Return whether there is an EIP to look after."""
        return self.id is not None

    @property
    def label(self) -> str:
        """Return the EIP as a message names it."""
        return f"EIP {self.name} ({self.id})" if self.name else f"EIP {self.id}"

    def emptied(self) -> EipRecord:
        """Return the record once there is none to look after any more."""
        return EipRecord(attempt=self.attempt)


@fast_dataclass(frozen=True, slots=True)
class EipState:
    """
    An EIP as the cloud shows it.

    *holder_id*: what it is bound to. *goes_along*: the cloud deletes it together with that.
    """

    name: str | None = None
    address: str | None = None
    status: str = ""
    bandwidth: int | None = None
    charge_type: str | None = None
    network_id: str | None = None
    holder_id: str | None = None
    goes_along: bool = False
    owner: Owner | None = None

    @property
    def moving(self) -> bool:
        """Return whether the cloud is at work on it."""
        return self.status != "ready" and not self.failed

    @property
    def failed(self) -> bool:
        """Return whether the last operation on it failed."""
        return "fail" in self.status


def eip_id(uid: str, attempt: int) -> str:
    """Return the id under which EIP *attempt* of the object *uid* is made."""
    return derived_id(uid, f"eip/{attempt}")


def eip_name(server_name: str, one_id: str) -> str:
    """Return the name of a new EIP. Names are unique in the whole cloud, so it has a part of its id."""
    return f"{server_name[: NAME_LENGTH - 13]}-eip-{one_id[:8]}"


def asked_for(intent: str) -> str:
    """Return a digest of an intent: a binding that was refused is tried once for each."""
    return hashlib.sha256(intent.encode()).hexdigest()[:_DIGEST_LENGTH]


def shown_in(record: EipRecord, state: EipState) -> EipRecord:
    """Return *record* with what the cloud shows of its EIP, as the status will have it."""
    shown = replace(
        record,
        name=state.name or record.name,
        address=state.address,
        bandwidth=state.bandwidth,
        charge_type=state.charge_type or record.charge_type,
        network_id=state.network_id,
    )
    return EipRecord(**dict(_values(shown)))


def believed_eip(record: EipRecord | None, uid: str) -> EipRecord | None:
    """Return *record* without an EIP that it says the object made, and that this object cannot have made."""
    if record is None or record.origin != MADE or record.id == eip_id(uid, record.attempt):
        return record
    return record.emptied()


# -- in the status ---------------------------------------------------------------------------------------
def eip_status(record: EipRecord) -> dict[str, Any]:
    """Return ``status.eip``; empty where there is nothing to remember."""
    found = {wire_name(_RENAMED.get(name, name)): value for name, value in _values(record)}
    return {name: value for name, value in found.items() if value is not None and value != 0}


def eip_in(value: object) -> EipRecord | None:
    """Read the record out of a status; what is not of its form counts as absent."""
    if not isinstance(value, dict):
        return None
    found: dict[str, Any] = {}
    for each in fields(EipRecord):
        told = value.get(wire_name(_RENAMED.get(each.name, each.name)))
        known = whole(told, 0) if each.name in _NUMBERS else text(told)
        if known is not None:
            found[each.name] = known
    if found.get("origin") not in {MADE, GIVEN} or "id" not in found:
        return EipRecord(attempt=found.get("attempt", 0))
    return EipRecord(**found)


def _values(record: EipRecord) -> list[tuple[str, Any]]:
    found = ((each.name, getattr(record, each.name)) for each in fields(EipRecord))
    return [(n, cut(v, _BOUNDS.get(n, _SHORT)) if isinstance(v, str) else v) for n, v in found]
