"""The cloud's elastic IPs (EIPs), as the operator meets them: each is made once, and bound to one thing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.config import Config
from onecloud_operator.core.eip_record import EipState
from onecloud_operator.core.eip_writes import (
    BindEip,
    ChangeEip,
    DeleteEip,
    DisownEip,
    MakeEip,
    UnbindEip,
)
from onecloud_operator.core.observed import EIP_FAILURE
from onecloud_operator.core.ownership import owner_of
from onecloud_operator.core.values import Problem

if TYPE_CHECKING:
    from onecloud_operator.core.eip_writes import EipWrite
    from onecloud_operator.core.observed import Owner
    from onecloud_operator.core.resource import Resource
    from tests.core.cloud import Cloud, Row

ABSENT = Problem(Reason.REFERENCE_NOT_FOUND, "404")
NOT_NOW = Problem(Reason.UPDATING, "not in this state", again=True)
BURNT = Problem(Reason.PROVIDER_ERROR, "1062 ... PRIMARY", duplicate_id=True)
TAKEN = Problem(Reason.NAME_CONFLICT, "Duplicate name", duplicate_name=True)


@dataclass(eq=False)
class Eip:
    """
    *made_for*: UID of the object whose POST made it. *ready_at*: when it has its address. *touched_at*: when
    another hand last bound, freed or tagged it.
    """

    name: str
    address: str
    bandwidth: int = 10
    holder: str | None = None
    owner: Owner | None = None
    made_for: str | None = None
    ready_at: float = 0.0
    touched_at: float = float("-inf")
    goes_along: bool = False
    charge_type: str = "Bandwidth"
    network_id: str = "eipnet"

    def state(self, now: float) -> EipState:
        """Return what a GET shows."""
        there = now >= self.ready_at
        return EipState(
            name=self.name,
            address=self.address if there else None,
            status="ready" if there else "allocate",
            bandwidth=self.bandwidth,
            charge_type=self.charge_type,
            network_id=self.network_id,
            holder_id=self.holder,
            goes_along=self.goes_along,
            owner=self.owner,
        )


def eip_state(cloud: Cloud, eip_id: str) -> EipState | None:
    """Return what a GET of an EIP shows, None for a 404."""
    eip = cloud.eips.get(eip_id)
    return eip.state(cloud.now) if eip is not None else None


def bind(cloud: Cloud, eip_id: str, holder: str) -> None:
    """Bind an EIP by another hand, to a server of the model or to something else."""
    eip = cloud.eips[eip_id]
    eip.holder, eip.touched_at = holder, cloud.now
    if (row := cloud.rows.get(holder)) is not None:
        row.change(eip=eip.address)


def free(cloud: Cloud, row: Row) -> None:
    """Take the EIP off a server, by another hand or since the server goes."""
    if row.details.eip is not None:
        row.change(eip=None)
    for eip_id, eip in tuple(cloud.eips.items()):
        if eip.holder == row.server.id:
            eip.holder, eip.touched_at = None, cloud.now
            if eip.goes_along:
                del cloud.eips[eip_id]


def take(cloud: Cloud, step: EipWrite, resource: Resource) -> Problem | None:
    """Carry out one write, or say why not."""
    if isinstance(step, MakeEip):
        return _make(cloud, step, resource)
    if isinstance(step, BindEip | UnbindEip):
        return _bind(cloud, step)
    eip = cloud.eips.get(step.eip_id)
    if eip is None:
        return None if isinstance(step, DeleteEip) else ABSENT
    match step:
        case ChangeEip(bandwidth=bandwidth):
            eip.bandwidth = bandwidth
        case DisownEip():
            eip.owner = None
        case DeleteEip() if eip.holder is not None:
            return NOT_NOW
        case DeleteEip(eip_id=eip_id):
            del cloud.eips[eip_id]
        case _:
            assert_never(step)
    return None


def _make(cloud: Cloud, step: MakeEip, resource: Resource) -> Problem | None:
    if any(eip.name == step.name for eip in cloud.eips.values()):
        return TAKEN
    if step.eip_id in cloud.used_eips:
        return BURNT
    cloud.used_eips.add(step.eip_id)
    cloud.eips[step.eip_id] = Eip(
        step.name,
        f"10.89.0.{len(cloud.used_eips)}",
        step.bandwidth,
        owner=owner_of(resource, Config()),
        made_for=resource.uid,
        ready_at=cloud.now + cloud.pace,
    )
    return None


def _bind(cloud: Cloud, step: BindEip | UnbindEip) -> Problem | None:
    row = cloud.rows.get(step.server_id)
    if row is None:
        return ABSENT
    rest = row.server.status
    if isinstance(step, UnbindEip):
        if row.details.eip is None or not (row.server.phase.stable or rest == EIP_FAILURE):
            return NOT_NOW
        for eip in cloud.eips.values():
            if eip.holder == row.server.id:
                eip.holder = None
        after = ("running" if row.on else "ready") if rest == EIP_FAILURE else rest
        cloud.walk(row, {"status": "dissociate_eip", "eip": None}, {"status": after})
        return None
    wanted = cloud.eips.get(step.eip_id)
    if wanted is None:
        return ABSENT
    taken = row.details.eip is not None or wanted.holder is not None or cloud.now < wanted.ready_at
    if taken or not row.server.phase.stable:
        return NOT_NOW
    wanted.holder = row.server.id
    end = EIP_FAILURE if cloud.classic else rest
    cloud.walk(row, {"status": "associate_eip", "eip": wanted.address}, {"status": end})
    return None


def without_owner(cloud: Cloud, uid: str) -> None:
    """Have nobody else own what the object has made, when the sky clears."""
    for eip_id, eip in cloud.eips.items():
        if eip.made_for is not None or eip.owner is None or eip.owner.uid == uid:
            continue
        cloud.eips[eip_id] = replace(eip, owner=None)
