"""
A cloud and a Kubernetes of values: each step does at once what it asks for.

It is as simple as can be; the simulator in sandbox/cloud is the unkind one. Here the decisions alone are
driven, thousands of times.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, assert_never

from onecloud_operator.api.quantity import mib_of
from onecloud_operator.core.actions import (
    AddFinalizer,
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    Claim,
    Create,
    Delete,
    Disown,
    Find,
    GrowDisk,
    Hold,
    Look,
    MarkFailedCreation,
    ReadHistory,
    RemoveFinalizer,
    Resize,
    SetSecurityGroups,
    SetTags,
    Settled,
    Start,
    Stop,
    SyncStatus,
    Unlock,
    Update,
)
from onecloud_operator.core.facts import Facts, History, Memory
from onecloud_operator.core.memory import Done, accepted, noted
from onecloud_operator.core.observed import Details, Disk, Nic, Observed, Reading, SecurityGroup, phase_of
from onecloud_operator.core.plan import plan
from onecloud_operator.core.policy import owner_of, power
from onecloud_operator.core.records import records_of
from onecloud_operator.core.report import report
from onecloud_operator.core.resource import FINALIZER
from onecloud_operator.core.transitions import transitions
from tests.core.scenes import NOW, PLACE, wall_at

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.resource import Resource

PLAIN = {
    "name": "name",
    "description": "description",
    "hardware.bootOrder": "boot_order",
    "hardware.vga": "vga",
    "hardware.vdi": "vdi",
    "hardware.shutdownBehavior": "shutdown_behavior",
    "hardware.sourceIPCheck": "source_ip_check",
    "hardware.sourceMACCheck": "source_mac_check",
}


@dataclass
class World:
    """One object, its server if there is one, and a clock that moves a second with each pass."""

    resource: Resource
    server: Observed | None = None
    gone: bool = False
    memory: Memory = field(default_factory=lambda: Memory(born_at=NOW))
    now: float = NOW
    released: bool = False
    steps: list[Step] = field(default_factory=list)
    posts: int = 0
    created_ids: set[str] = field(default_factory=set)

    def facts(self) -> Facts:
        """Return what the next decision sees: a reading that is fresh and confirmed."""
        known = (
            Reading(self.server, self.now - 5, self.now, gone=self.gone)
            if self.server or self.gone
            else Reading()
        )
        self.memory = noted(self.memory, known, self.now)
        return Facts(
            self.resource,
            self.now,
            wall_at(self.now),
            memory=self.memory,
            place=PLACE,
            reading=known,
            candidates=(self.server,) if self.server else (),
        )

    def turn(self) -> Step:
        """Make one pass; return its step."""
        self.now += 1.0
        facts = self.facts()
        step = plan(facts)
        self.steps.append(step)
        done = Done(self.now, self.now, gone=self.gone, version=self.server.version if self.server else None)
        if isinstance(step, ReadHistory):
            done = replace(done, history=History(started=False, failure="no room"))
        said = report(facts, step)
        self._apply(step)
        if not isinstance(step, Hold | Settled):
            self.memory = accepted(facts, step, done)
            self.memory = replace(self.memory, wrote_at=None)
        if said.status is not None and not self.released:
            list(transitions(self.resource.status, said.status))
            self.resource = replace(self.resource, status=said.status, records=records_of(said.status))
        return step

    def run(self, most: int = 60) -> Step:
        """Make passes until nothing is left to do at once; return the last step."""
        for _ in range(most):
            step = self.turn()
            if self.released or isinstance(step, Hold | Settled):
                return step
        msg = f"no rest after {most} passes: {self.steps[-6:]}"
        raise AssertionError(msg)

    def _change(self, **changes: Any) -> None:
        if self.server is None:
            msg = "a write to a server that is not there"
            raise AssertionError(msg)
        version = self.server.version + 1
        details: Details = changes.pop("details", self.server.details)
        server = replace(self.server, version=version, details=replace(details, version=version), **changes)
        self.server = replace(server, mirror={"id": server.id, "status": server.status})

    def _apply(self, step: Step) -> None:  # noqa: C901, PLR0912 - one line a step
        server = self.server
        old = server.details if server and server.details else Details(0)
        match step:
            case AddFinalizer():
                self.resource = replace(self.resource, finalizers=(*self.resource.finalizers, FINALIZER))
            case RemoveFinalizer():
                self.released = True
            case Create(creation=creation):
                self.posts += 1
                self._create(creation.id, creation.name)
            case Claim():
                self._change(details=replace(old, owner=owner_of(self.resource, self.facts().config)))
            case Disown():
                self._change(details=replace(old, owner=None))
            case Update(fields=fields):
                self._change(**{PLAIN[name]: value for name, value in fields})
            case SetTags(put=put, remove=remove):
                tags = {key: value for key, value in old.tags.items() if key not in remove}
                self._change(details=replace(old, tags=tags | dict(put)))
            case SetSecurityGroups(groups=groups):
                bound = tuple(SecurityGroup(name, name) for name in groups)
                self._change(details=replace(old, security_groups=bound))
            case Start():
                self._change(status="running", phase=phase_of("running"))
            case Stop():
                self._change(status="ready", phase=phase_of("ready"))
            case Resize():
                sizes = {"cpu": step.cpu, "memory_mib": step.memory_mib, "instance_type": step.instance_type}
                self._change(**{name: value for name, value in sizes.items() if value is not None})
            case GrowDisk(disk_id=disk_id, size_mib=size):
                disks = (replace(d, size_mib=size) if d.id == disk_id else d for d in old.disks)
                self._change(details=replace(old, disks=tuple(disks)))
            case SyncStatus():
                self._change(status="ready", phase=phase_of("ready"))
            case Unlock():
                self._change(locked=False)
            case Delete(for_good=for_good):
                if server is not None and server.locked:
                    msg = "a DELETE of a locked server"
                    raise AssertionError(msg)
                if for_good:
                    self.server, self.gone = None, True
                else:
                    self._change(recycled=True)
            case BeginCreation():
                self.server, self.gone = None, False
            case (
                BeginAdoption()
                | BeginDeletion()
                | MarkFailedCreation()
                | Look()
                | Find()
                | ReadHistory()
                | Hold()
                | Settled()
            ):
                pass
            case _:
                assert_never(step)

    def _create(self, server_id: str, name: str) -> None:
        if server_id in self.created_ids:
            msg = "an id was made twice"
            raise AssertionError(msg)
        self.created_ids.add(server_id)
        spec = self.resource.spec.server if self.resource.spec else None
        if spec is None:
            msg = "a POST without a spec"
            raise AssertionError(msg)
        status = "ready" if power(self.resource) == "Stopped" else "running"
        disks = [Disk("disk-0", 0, 10240, image=spec.image)]
        disks += [Disk(f"disk-{d.index}", d.index, mib_of(d.size)) for d in spec.data_disks or ()]
        nics = tuple(Nic(f"net-{number}") for number, _ in enumerate(spec.networks or ()))
        self.server = Observed(
            id=server_id,
            name=name,
            status=status,
            phase=phase_of(status),
            version=1,
            updated_at="",
            project_id=PLACE.project_id,
            cpu=spec.cpu or 1,
            memory_mib=mib_of(spec.memory) if spec.memory else 1024,
            instance_type=spec.instance_type,
            details=Details(
                1, disks=tuple(disks), nics=nics, owner=owner_of(self.resource, self.facts().config)
            ),
            mirror={"id": server_id, "status": status},
        )
        self.gone = False
