"""
The cloud as the operator meets it: servers by id, tasks that take their time, answers that get lost.

An id is used once, for ever; a name belongs to one server in the whole cloud, and is looked at first.
A server that moves takes no action.
A POST whose answer is lost may still make its server minutes later. The simulator
in sandbox/cloud says all this over HTTP; here the decisions alone are driven, thousands of times.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.quantity import mib_of
from onecloud_operator.api.reasons import Reason
from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.core.card_writes import BindGroup, CardWrite, GroupWrite, LimitCard, UnbindGroup
from onecloud_operator.core.cloud_writes import (
    Claim,
    Create,
    Delete,
    Disown,
    GrowDisk,
    KeepDisk,
    Resize,
    Restore,
    Resume,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    Suspend,
    SyncStatus,
    Unlock,
    Update,
)
from onecloud_operator.core.config import Config
from onecloud_operator.core.disk_records import RETAIN, policy_of
from onecloud_operator.core.disk_writes import (
    AddDisk,
    AttachDisk,
    DetachDisk,
    DiskWrite,
    MakeDisk,
    RecycleDisk,
    SetDiskPolicy,
    TagDisk,
)
from onecloud_operator.core.eip_writes import EipWrite, MakeEip
from onecloud_operator.core.facts import Cause, History
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_writes import DeployKeypair, DeployPassword, LoginWrite, SetPassword
from onecloud_operator.core.observed import (
    DELETING_STATUSES,
    Details,
    Disk,
    DiskState,
    Observed,
    Phase,
    SecurityGroup,
    phase_of,
)
from onecloud_operator.core.ownership import owner_of
from onecloud_operator.core.policies import power
from onecloud_operator.core.references import Kind, Reference, Resolved
from onecloud_operator.core.values import Problem
from tests.core.cards import Cards
from tests.core.eips import Eip, free, take
from tests.core.fixtures import NAMES, NOW, PLACE, mirror_with
from tests.core.logins import PAIR_INSIDE, PASSWORD_INSIDE, Logins, meant_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.api.plain import PlainValue
    from onecloud_operator.core.cloud_writes import CloudWrite
    from onecloud_operator.core.login_record import SecretUse
    from onecloud_operator.core.observed import Owner
    from onecloud_operator.core.references import Answer
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.values import Place

REFUSED = Problem(Reason.PROVIDER_ERROR, "no")
LOST = Problem(Reason.PROVIDER_ERROR, "no answer", ambiguous=True)
AGAIN = Problem(Reason.UPDATING, "not in this state", again=True)
BURNT = Problem(Reason.PROVIDER_ERROR, "1062 ... PRIMARY", duplicate_id=True)
TAKEN = Problem(Reason.NAME_CONFLICT, "Duplicate name", duplicate_name=True)
# Nothing shows of them what comes of one that was accepted, or it would be made twice.
BELIEVED = (Create, MakeDisk, AddDisk, MakeEip, BindGroup, UnbindGroup, LimitCard)
ERASED = "erased"  # the end of a deletion for good, among the stages of a task


def mirror_of(server: Observed, plain: Mapping[str, PlainValue | None]) -> dict[str, Any]:
    """Return what the status shows of a row: its plain fields, with *plain* changes, and little more."""
    kept = {field.path: field.shown_in(server.mirror) for field in PLAIN_FIELDS} | dict(plain)
    given = {path: value for path, value in kept.items() if value is not None}
    return mirror_with({"id": server.id, "status": server.status}, given)


@dataclass(eq=False)
class Row:
    """
    A server, and what the cloud knows of it beside: *started* stands in its events, *on* at its host.

    *made_for*: UID of the object whose POST made it. *condemned*: deleted unasked, and rightly. *halted*: it
    ran, and the operator stopped it though it is not to be off.
    *inside_password*, *inside_pair*: what really is in the server, which no reading shows; *meant*: what is
    being put there.
    *rebuilt*: the images of which the root disk was made anew, by the operator; *rebuilt_for*: for which
    generation, and which request by annotation.
    *put_tags*: keys that the operator set; *own_tags*: those of them that it surely knows to be its own.
    """

    server: Observed
    made_for: str | None = None
    started: bool = False
    rested: bool = False
    on: bool = False
    condemned: bool = False
    halted: bool = False
    inside_password: SecretUse | None = None
    inside_pair: str | None = None
    put_tags: set[str] = field(default_factory=set)
    own_tags: set[str] = field(default_factory=set)
    rebuilt: list[str] = field(default_factory=list)
    rebuilt_for: list[tuple[int, str | None]] = field(default_factory=list)
    task: list[tuple[float, Mapping[str, Any]]] = field(default_factory=list)
    meant: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._note()

    def change(self, plain: Mapping[str, PlainValue | None] | None = None, **changes: Any) -> None:
        """Change *plain* fields, columns or, by their names, details: each time a new version of the row."""
        own = {name: changes.pop(name) for name in tuple(changes) if name in Details.__dataclass_fields__}
        if "status" in changes:
            changes["phase"] = phase_of(changes["status"])
        version = self.server.version + 1
        shown = replace(self.server.details or Details(0), version=version, **own)
        server = replace(self.server, version=version, details=shown, **changes)
        self.server = replace(server, mirror=mirror_of(server, plain or {}))
        self._note()

    def _note(self) -> None:
        phase = self.server.phase
        self.rested |= phase.stable
        self.started |= phase is Phase.RUNNING
        self.halted &= phase not in {Phase.RUNNING, Phase.SUSPENDED}
        if phase.stable:
            self.on = phase is Phase.RUNNING

    def interrupt(self) -> None:
        """
        End what is under way, by another hand that says where the server is now.

        A deploy has done its work by then: nobody could tell that it has not.
        """
        self.inside_password = self.meant.get(PASSWORD_INSIDE, self.inside_password)
        self.inside_pair = self.meant.get(PAIR_INSIDE, self.inside_pair)
        self.hang()

    def hang(self) -> None:
        """Have nobody at work on what is under way any more; the server shows it as before."""
        self.task, self.meant = [], {}

    @property
    def details(self) -> Details:
        """Return the details, which every row has."""
        return self.server.details or Details(0)


@dataclass(eq=False)
class LooseDisk:
    """
    What the cloud knows of a disk beside its server. *since*: when it was attached.

    *made_for*: UID of the object whose POST made it by itself, under the name *label*.
    """

    auto_delete: bool = True
    recycled: bool = False
    since: float = float("-inf")
    size_mib: int = 0
    owner: Owner | None = None
    label: str | None = None
    made_for: str | None = None


@dataclass
class Cloud:
    """
    *lists_disks*: whether disks are found by their tags.
    *classic*: servers are on a network on which no EIP can be bound.
    *hot_plug*: whether servers that are started here can grow as they run. *pace*: seconds that each stage
    of a task takes. *fate*, *rebuild_fate*: the status in which creations, and rebuilds, end, if not well.

    *words* are what events tell of any failure, from *told_at* on. *mood* is what becomes of a write:
    ``well``, ``refused``, ``lost`` (done, and nobody hears of it), ``unsent`` (the same silence, and not
    done), ``deaf`` (accepted, and nothing comes of it, if that can be seen), ``late`` (a POST is lost, and
    done *lag* seconds later), ``down`` (nothing is answered at all).
    """

    rows: dict[str, Row] = field(default_factory=dict)
    disks: dict[str, LooseDisk] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    used_disks: set[str] = field(default_factory=set)
    place: Place = PLACE
    now: float = NOW
    mood: str = "well"
    pace: float = 0.0
    lag: float = 60.0
    fate: str | None = None
    rebuild_fate: str | None = None
    tells_history: bool = True
    words: str = "no kvm device"
    told_at: float = 0.0
    named: dict[Reference, Answer] = field(default_factory=lambda: dict(NAMES))
    hot_plug: bool = False
    lists_disks: bool = True
    classic: bool = False
    eips: dict[str, Eip] = field(default_factory=dict)
    used_eips: set[str] = field(default_factory=set)
    under_way: list[tuple[float, Create | MakeDisk | AddDisk | MakeEip, Resource]] = field(
        default_factory=list
    )
    late_logins: list[tuple[float, LoginWrite]] = field(default_factory=list)
    logins: Logins = field(default_factory=Logins)
    late_cards: list[tuple[float, GroupWrite | LimitCard]] = field(default_factory=list)
    late_rebuilds: list[tuple[float, Rebuild, Resource]] = field(default_factory=list)
    posts: int = 0
    cards: Cards = field(default_factory=Cards)

    def put(self, server: Observed, made_for: str | None = None) -> Row:
        """Have a server that was there before."""
        row = self.rows[server.id] = Row(server, made_for)
        self.used.add(server.id)
        for disk in row.details.disks:
            self.disks.setdefault(disk.id, LooseDisk())
        return row

    def attach(self, row: Row, disk: Disk, *, auto_delete: bool) -> None:
        """Have a disk made for a server by another hand; of a stopped one the row's version stays."""
        self.disks[disk.id] = LooseDisk(auto_delete, since=self.now)
        shown = replace(row.details, disks=(*row.details.disks, disk))
        if row.server.phase is Phase.STOPPED:
            row.server = replace(row.server, details=shown)
        else:
            row.change(disks=shown.disks)

    def detach(self, row: Row, disk_id: str) -> None:
        """Take a disk off a server; it is kept."""
        row.change(disks=tuple(disk for disk in row.details.disks if disk.id != disk_id))

    def recycle(self, row: Row, *, on: bool) -> None:
        """Put a server into the bin, or take it out, together with all its disks."""
        row.change(recycled=on)
        if on:
            free(self, row)
        for disk in row.details.disks:
            self.disks[disk.id].recycled = on

    def taken_away(self, disk_id: str) -> bool:
        """Say whether a disk is attached to a server of another object, or carries another's tags."""
        disk = self.disks[disk_id]
        rows = (row for row in self.rows.values() if self._has(row, disk_id))
        others = any(row.made_for != disk.made_for for row in rows)
        return others or disk.owner is None or disk.owner.uid != disk.made_for

    def purge(self) -> None:
        """Let three days pass: the bin's cleaner looks at no ``auto_delete``."""
        for row in [row for row in self.rows.values() if row.server.recycled]:
            self.erase(row.server.id)
        self.disks = {disk_id: disk for disk_id, disk in self.disks.items() if not disk.recycled}

    def disk_state(self, disk_id: str) -> DiskState | None:
        """Return what a GET of a disk shows."""
        disk = self.disks.get(disk_id)
        if disk is None:
            return None
        on = tuple(row.server.id for row in self.rows.values() if self._has(row, disk_id))
        project = self.place.project_id
        return DiskState(disk.auto_delete, disk.recycled, "ready", on, disk.owner, disk.label, project)

    def disks_of(self, name: str) -> tuple[str, ...]:
        """Return the disks that a list by the tag of an owner's name has."""
        found = tuple(
            i for i, disk in self.disks.items() if disk.owner is not None and disk.owner.name == name
        )
        return found if self.lists_disks else ()

    def _has(self, row: Row, disk_id: str) -> bool:
        return any(disk.id == disk_id for disk in row.details.disks)

    def erase(self, server_id: str) -> None:
        """Take a server away for good, by whatever hand; disks stay as they are that do not go with it."""
        free(self, self.rows[server_id])
        for disk in self.rows.pop(server_id).details.disks:
            if self.disks[disk.id].auto_delete:
                del self.disks[disk.id]

    def advance(self, now: float) -> None:
        """Let time pass: tasks go on, and what was late arrives."""
        self.now = now
        for late in [entry for entry in self.under_way if entry[0] <= now]:
            self.under_way.remove(late)
            self._take(*late[1:])
        for late_login in [entry for entry in self.late_logins if entry[0] <= now]:
            self.late_logins.remove(late_login)
            self._log_in(late_login[1])
        for late_card in [entry for entry in self.late_cards if entry[0] <= now]:
            self.late_cards.remove(late_card)
            if (row := self.rows.get(late_card[1].server_id)) is not None:
                self.cards.work(row, late_card[1])  # a server that runs by then takes it all the same
        for tardy in [entry for entry in self.late_rebuilds if entry[0] <= now]:
            self.late_rebuilds.remove(tardy)
            self._take(*tardy[1:])
        for row in tuple(self.rows.values()):
            self._go_on(row)

    def history(self, server_id: str) -> History | None:
        """Return what the events tell, None where they cannot be read."""
        row = self.rows.get(server_id)
        words = self.words if self.now >= self.told_at else None
        return History(bool(row and row.started), words) if self.tells_history else None

    def cause(self, server_id: str) -> Cause | None:
        """Return what the events tell of a failure."""
        row = self.rows.get(server_id)
        if row is None or not self.tells_history:
            return None
        return Cause(self.words if self.now >= self.told_at else "", self.now, row.server.status)

    def send(self, step: CloudWrite, resource: Resource) -> Problem | None:
        """Meet one write; what is answered depends on the mood, what becomes of it is in the rows."""
        if isinstance(step, LoginWrite) and not self.logins.read(step):
            return AGAIN
        match self.mood:
            case "refused":
                return REFUSED
            case "unsent" | "down":
                return LOST
            case "late" if isinstance(step, Create | MakeDisk | AddDisk | MakeEip):
                self.under_way.append((self.now + self.lag, step, resource))
                return LOST
            case "late" if isinstance(step, LoginWrite):
                self.late_logins.append((self.now + self.lag, step))
                return LOST
            case "late" if isinstance(step, GroupWrite | LimitCard):
                self.late_cards.append((self.now + self.lag, step))
                return LOST
            case "late" if isinstance(step, Rebuild):
                self.late_rebuilds.append((self.now + self.lag, step, resource))
                return LOST
            case "lost" | "late":
                self._take(step, resource)
                return LOST
            case "deaf" if not isinstance(step, BELIEVED):
                self.logins.unheard(step)
                return None
            case _:
                return self._take(step, resource)

    @property
    def _hot(self) -> dict[str, bool]:
        return {"hot_plug": self.hot_plug, "hot_remove": self.hot_plug}

    # -- what becomes of it ------------------------------------------------------------------------------
    def _take(self, step: CloudWrite, resource: Resource) -> Problem | None:
        if isinstance(step, Create):
            return self._make(step, resource)
        if isinstance(step, EipWrite):
            return take(self, step, resource)
        if isinstance(step, MakeDisk | RecycleDisk | TagDisk | SetDiskPolicy):
            return self._of_disk(step, resource)
        row = self.rows.get(step.server_id)
        if isinstance(step, KeepDisk) and (row is not None or step.how != "detach"):
            return self._keep(row, step)  # a disk comes out of the bin without its server
        if row is None:
            return Problem(Reason.PROVIDER_ERROR, "404")
        if isinstance(step, AttachDisk | DetachDisk | AddDisk):
            return self._add(row, step) if isinstance(step, AddDisk) else self._hang(row, step)
        if isinstance(step, LoginWrite):
            return self._log_in(step)
        if isinstance(step, Start | Stop | Suspend | Resume | Resize | GrowDisk | Rebuild) and not self._fits(
            row, step
        ):
            return AGAIN
        if isinstance(step, Update) and self._named_otherwise(row, dict(step.fields).get("name")):
            return TAKEN
        if isinstance(step, CardWrite) and (refusal := self.cards.refusal(row, step)) is not None:
            return refusal
        if isinstance(step, Delete) and row.server.locked:
            return AGAIN
        if isinstance(step, Rebuild):
            self._rebuild(row, step, resource)
            return None
        if isinstance(step, Restore):
            self._restore(row)
        else:
            self._work(row, step, resource)
        return None

    def _log_in(self, step: LoginWrite) -> Problem | None:
        row = self.rows.get(step.server_id)
        if row is None or not self.logins.fits(row, step):
            return AGAIN
        self._run(row, *self.logins.stages(step, self.now))
        row.meant = meant_by(step)
        return None

    def _named_otherwise(self, row: Row, name: object) -> bool:
        """Say whether another server has *name*."""
        others = (other.server for other in self.rows.values() if other is not row)
        return name is not None and any(other.name == name and not other.recycled for other in others)

    def _keep(self, row: Row | None, step: KeepDisk) -> Problem | None:
        disk = self.disks.get(step.disk_id)
        if disk is None:
            return Problem(Reason.PROVIDER_ERROR, "404")
        if step.how == "restore":
            disk.recycled = False
        elif step.how == "spare":
            disk.auto_delete = False
        elif row is None or row.server.phase not in {Phase.RUNNING, Phase.STOPPED}:
            status = row.server.status if row is not None else "gone"
            return Problem(Reason.PROVIDER_ERROR, f"Cannot detach disk in status {status}")
        else:
            left = tuple(each for each in row.details.disks if each.id != step.disk_id)
            self._run(row, {"status": "detach_disk"}, {"status": row.server.status, "disks": left})
        return None

    def _of_disk(
        self, step: MakeDisk | RecycleDisk | TagDisk | SetDiskPolicy, resource: Resource
    ) -> Problem | None:
        disk = self.disks.get(step.disk_id)
        if isinstance(step, MakeDisk):
            if disk is not None and not disk.recycled:
                return TAKEN
            if step.disk_id in self.used_disks:
                return BURNT
            self.used_disks.add(step.disk_id)
            owner = owner_of(resource, Config())
            self.disks[step.disk_id] = LooseDisk(
                False, size_mib=step.size_mib, owner=owner, label=step.label, made_for=resource.uid
            )
            return None
        if disk is None:
            return Problem(Reason.PROVIDER_ERROR, "404")
        match step:
            case RecycleDisk() if any(self._has(row, step.disk_id) for row in self.rows.values()):
                return REFUSED
            case RecycleDisk():
                disk.recycled = True
            case TagDisk(label=label):
                disk.owner = owner_of(resource, Config()) if label is not None else None
                disk.label = label or disk.label
            case SetDiskPolicy(auto_delete=auto_delete):
                disk.auto_delete = auto_delete
        return None

    def _add(self, row: Row, step: AddDisk) -> Problem | None:
        """Make one more disk each time; of a stopped server no version tells that it came."""
        if row.server.phase not in {Phase.RUNNING, Phase.STOPPED}:
            return AGAIN
        number = len(self.used_disks)
        self.used_disks.add(f"added-{number}")
        taken = {each.index for each in row.details.disks}
        made = Disk(
            f"added-{number}",
            min(set(range(len(taken) + 1)) - taken),
            step.size_mib,
            backend=step.backend,
            medium=step.medium,
        )
        self.attach(row, made, auto_delete=step.auto_delete)
        self.disks[made.id].size_mib, self.disks[made.id].owner = step.size_mib, row.server.owner
        return None

    def _hang(self, row: Row, step: AttachDisk | DetachDisk) -> Problem | None:
        """Attach a disk that lies loose, or detach one, which is kept or recycled."""
        disk, rest = self.disks.get(step.disk_id), row.server.status
        if row.server.phase not in {Phase.RUNNING, Phase.STOPPED}:
            return AGAIN
        if disk is None:
            return Problem(Reason.PROVIDER_ERROR, "404")
        on = any(self._has(other, step.disk_id) for other in self.rows.values())
        if isinstance(step, AttachDisk):
            if on or disk.recycled:
                return REFUSED
            taken = {each.index for each in row.details.disks}
            index = min(set(range(len(taken) + 1)) - taken)
            shown = (*row.details.disks, Disk(step.disk_id, index, disk.size_mib))
            self._run(row, {"status": "attach_disk"}, {"status": rest, "disks": shown})
            return None
        if self._has(row, step.disk_id):
            disk.size_mib = next(each.size_mib for each in row.details.disks if each.id == step.disk_id)
            disk.recycled = not step.keep
            left = tuple(each for each in row.details.disks if each.id != step.disk_id)
            self._run(row, {"status": "detach_disk"}, {"status": rest, "disks": left})
        return None

    def _fits(self, row: Row, step: Start | Stop | Suspend | Resume | Resize | GrowDisk | Rebuild) -> bool:
        """Say whether the state of a server allows *step*."""
        server = row.server
        if server.phase is Phase.MOVING:
            return False
        match step:
            case Rebuild():
                return server.phase is Phase.STOPPED
            case Resize() if server.phase is not Phase.STOPPED:
                size = (step.cpu or server.cpu) >= server.cpu, (step.memory_mib or server.memory_mib)
                return bool(row.details.hot_plug) and size[0] and size[1] >= server.memory_mib
            case Stop() | Resume():
                return (server.phase is Phase.SUSPENDED) == isinstance(step, Resume)
            case Suspend():
                return server.status == "running"
            case GrowDisk(disk_id=disk_id) if server.phase is not Phase.STOPPED:
                return any(disk.id == disk_id and disk.index for disk in row.details.disks)
            case _:
                return True

    def _work(self, row: Row, step: CloudWrite, resource: Resource) -> None:
        match step:
            case Claim():
                row.change(owner=owner_of(resource, Config()))
            case Disown():
                row.change(owner=None)
            case Update(fields=fields):
                row.change(plain=dict(fields))
            case SetTags(put=put, remove=remove):
                row.put_tags |= {key for key, _ in put}
                row.own_tags -= set(remove)  # who sets them from now on is another
                left = {key: value for key, value in row.details.tags.items() if key not in remove}
                row.change(tags=left | dict(put))
            case SetSecurityGroups(groups=groups):
                row.change(security_groups=tuple(SecurityGroup(name, name) for name in groups))
            case Start() | Stop() | Suspend() | Resume():
                self._switch(row, step, resource)
            case Resize() | GrowDisk():
                self._enlarge(row, step)
            case SyncStatus():
                self._run(row, {"status": "sync_status"}, {"status": "running" if row.on else "ready"})
            case Unlock():
                row.change(locked=False)
            case Delete(for_good=for_good):
                self._delete(row, for_good=for_good)
            case (
                Create()
                | KeepDisk()
                | Restore()
                | Rebuild()
                | SetPassword()
                | DeployPassword()
                | DeployKeypair()
            ):
                pass
            case _ if isinstance(step, CardWrite):
                self.cards.work(row, step)
            case _ if isinstance(step, DiskWrite | AddDisk):
                pass
            case _:
                assert isinstance(step, EipWrite)  # which `eips` plays

    def _rebuild(self, row: Row, step: Rebuild, resource: Resource) -> None:
        row.rebuilt.append(step.image_id)
        row.rebuilt_for.append((resource.generation, resource.reconcile_requested_at))
        made = (disk if disk.index else replace(disk, image_id=step.image_id) for disk in row.details.disks)
        login = {PASSWORD_INSIDE: step.password, PAIR_INSIDE: step.keypair_id}
        # The new disk is there, and shown, before the login is on it.
        anew = {"status": "deploying", "disks": tuple(made), **dict.fromkeys(login)}
        anew |= {"keypair_id": step.keypair_id, "keypair": step.keypair_id}
        if self.rebuild_fate == "deploy_fail":
            self._run(row, {"status": "rebuild_root"}, anew, {"status": "deploy_fail"})
        elif self.rebuild_fate is not None:
            self._run(row, {"status": "rebuild_root"}, {"status": self.rebuild_fate})
        else:
            self._run(row, {"status": "rebuild_root"}, anew, {"status": row.server.status, **login})
        row.meant = login

    def _restore(self, row: Row) -> None:
        """Take a server out of the bin: stopped, and under another name where its own is taken by now."""
        if not row.server.recycled:
            return
        name = row.server.name
        other = {"name": f"{name}-1"} if self._named_otherwise(row, name) else None
        row.change(plain=other, status="ready")
        self.recycle(row, on=False)

    def _switch(self, row: Row, step: Start | Stop | Suspend | Resume, resource: Resource) -> None:
        match step:
            case Start():
                # The host agent says at each start what can be plugged in.
                self._run(row, {"status": "starting"}, {"status": "running", **self._hot})
            case Stop():
                was_on = row.server.phase is Phase.RUNNING
                self._run(row, {"status": "stopping"}, {"status": "ready"})
                row.halted = was_on and power(resource) != "Stopped"
            case Suspend():
                # It is shown to run once more on the way.
                stages = ({"status": status} for status in ("suspending", "running", "suspend"))
                self._run(row, *stages)
            case Resume():
                self._run(row, {"status": "resuming"}, {"status": "running"})

    def _enlarge(self, row: Row, step: Resize | GrowDisk) -> None:
        rest = row.server.status
        match step:
            case Resize():
                sizes = {"cpu": step.cpu, "memory_mib": step.memory_mib, "instance_type": step.instance_type}
                size = {name: value for name, value in sizes.items() if value is not None}
                self._run(row, {"status": "change_flavor"}, size | {"status": rest})
            case GrowDisk(disk_id=disk_id, size_mib=size_mib):
                disks = (replace(d, size_mib=size_mib) if d.id == disk_id else d for d in row.details.disks)
                self._run(row, {"status": "resize_disk"}, {"status": rest, "disks": tuple(disks)})

    def _delete(self, row: Row, *, for_good: bool) -> None:
        if row.server.status in DELETING_STATUSES or (row.server.recycled and not for_good):
            return
        # What never came to rest is not kept in the bin.
        end = {ERASED: True} if for_good or not row.rested else {"status": "ready", "recycled": True}
        self._run(row, {"status": "deleting"}, end)

    def _make(self, step: Create, resource: Resource) -> Problem | None:
        self.posts += 1
        made, spec = step.creation, resource.spec.server if resource.spec else None
        if spec is None:
            msg = "a POST without a spec"
            raise AssertionError(msg)
        if any(row.server.name == made.name and not row.server.recycled for row in self.rows.values()):
            return TAKEN
        if made.id in self.used:
            return BURNT
        sizes = {0: spec.root_disk.size if spec.root_disk and spec.root_disk.size else "10Gi"}
        made_along = [disk for disk in spec.data_disks or () if disk.size is not None]
        sizes |= {index: disk.size or "" for index, disk in enumerate(made_along, start=1)}
        beside = any(self._has(row, "disk-0") for row in self.rows.values())  # one that was there before
        made_of = f"-{made.attempt}" if made.attempt > 1 or beside else ""
        kept = {n for n, disk in enumerate(made_along, start=1) if policy_of(disk) == RETAIN}
        shown = Details(
            1,
            disks=tuple(
                Disk(
                    f"disk-{index}{made_of}",
                    index,
                    mib_of(size),
                    image=None if index else spec.image,
                    image_id=None if index else self._image_id(spec.image),
                    storage_id="storage-0",
                )
                for index, size in sizes.items()
            ),
            nics=self.cards.made(spec.networks or (), self.named),
            security_groups=tuple(SecurityGroup(name, name) for name in spec.security_groups or ()),
            tags=dict(spec.tags or {}),
            owner=owner_of(resource, Config()),
            keypair=spec.keypair,
            keypair_id=spec.keypair,
            login_account="root",
        )
        server = Observed(
            id=made.id,
            status="schedule",
            phase=phase_of("schedule"),
            version=1,
            updated_at="",
            project_id=self.place.project_id,
            cpu=spec.cpu or 1,
            memory_mib=mib_of(spec.memory) if spec.memory else 1024,
            instance_type=spec.instance_type,
            details=shown,
        )
        plain = {field.path: field.wanted_in(spec) for field in PLAIN_FIELDS} | {"name": made.name}
        row = self.put(replace(server, mirror=mirror_of(server, plain)), resource.uid)
        row.put_tags, row.inside_pair = set(shown.tags), spec.keypair
        row.inside_password = self.logins.wanted(resource)
        self.cards.groups[made.id] = set(spec.instance_groups or ())
        for disk in shown.disks:
            self.disks[disk.id].auto_delete = disk.index not in kept
            self.disks[disk.id].owner = shown.owner  # a new disk takes the tags of its server
        well = "ready" if spec.power_state == "Stopped" else "running"
        self._run(row, {"status": "deploying"}, {"status": self.fate or well, **self._hot})
        return None

    def _image_id(self, text: str | None) -> str | None:
        answer = self.named.get(Reference(Kind.IMAGE, text)) if text is not None else None
        return answer.id if isinstance(answer, Resolved) else text

    # -- tasks -------------------------------------------------------------------------------------------
    def walk(self, row: Row, *stages: Mapping[str, Any]) -> None:
        """Have a server go through *stages*, as its EIP is bound."""
        self._run(row, *stages)

    def _run(self, row: Row, *stages: Mapping[str, Any]) -> None:
        """Take *row* through *stages*, the first one at once; a task that was under way is over."""
        row.task = [(self.now + number * self.pace, stage) for number, stage in enumerate(stages)]
        row.meant = {}
        self._go_on(row)

    def _go_on(self, row: Row) -> None:
        while row.task and row.task[0][0] <= self.now:
            _, stage = row.task.pop(0)
            if ERASED in stage:
                if row.server.id in self.rows:
                    self.erase(row.server.id)
                return
            row.inside_password = stage.get(PASSWORD_INSIDE, row.inside_password)
            row.inside_pair = stage.get(PAIR_INSIDE, row.inside_pair)
            row.change(**{k: v for k, v in stage.items() if k not in {PASSWORD_INSIDE, PAIR_INSIDE}})
            if stage.get("recycled"):
                self.recycle(row, on=True)
