"""
What a pass may decide: one step, a value.

Each step says what is to be done, never how: that is controller/executor, with translate/ for the cloud's
words and kube/ for Kubernetes'. ``Hold`` and ``Settled`` are steps too, so that every pass has exactly one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.cloud_writes import CloudWrite
from onecloud_operator.core.connection_writes import ConnectionWrite

if TYPE_CHECKING:
    from onecloud_operator.core.approval_record import Approval
    from onecloud_operator.core.card_records import CardRecord
    from onecloud_operator.core.connection_record import ConnectionRecord
    from onecloud_operator.core.disk_records import DiskRecord
    from onecloud_operator.core.eip_record import EipRecord
    from onecloud_operator.core.image_record import ImageRecord
    from onecloud_operator.core.login_record import LoginRecord
    from onecloud_operator.core.plan_step import Plan
    from onecloud_operator.core.records import Creation, HeldBack, Restart
    from onecloud_operator.core.references import Reference
    from onecloud_operator.core.restart_request import RestartRequest
    from onecloud_operator.core.restore_record import Restore
    from onecloud_operator.core.values import Place


# -- steps in Kubernetes ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class AddFinalizer:
    """Hold the object, before the first write to the cloud."""


@dataclass(frozen=True, slots=True)
class RemoveFinalizer:
    """Let the object go; *why*: Recycled, Deleted, Retained, Detached, Observed or NeverMade."""

    why: str


@dataclass(frozen=True, slots=True)
class BeginCreation:
    """Write the attempt and the place into the status; only then may its POST be sent."""

    creation: Creation
    place: Place


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Take it out of the status that the creation was refused; only then may its POST be sent once more."""


@dataclass(frozen=True, slots=True)
class BeginAdoption:
    """
    Write id, place and time of the adoption into the status; only then are the owner tags set.

    *taken_from*: UID of the owner in a lost cluster that the server is taken from, as a person confirmed.
    *restore*: it is in the recycle bin, and is taken out of it.
    """

    server_id: str
    place: Place
    taken_from: str | None = None
    restore: Restore | None = None


@dataclass(frozen=True, slots=True)
class BeginRestart:
    """
    Write into the status that the server runs, and what it is stopped for; only then is it stopped.

    *request*: the request for a restart that is carried out by it, if there is one.
    """

    restart: Restart
    request: RestartRequest | None = None


@dataclass(frozen=True, slots=True)
class EndRestart:
    """Write into the status what came of a request for a restart; only then is the server started again."""

    request: RestartRequest


@dataclass(frozen=True, slots=True)
class EndRestore:
    """Write into the status that the server is out of the recycle bin; from now on it is left in a bin."""

    restore: Restore


@dataclass(frozen=True, slots=True)
class BeginDeletion:
    """Write the time of the DELETE into the status; only then may it be sent."""


@dataclass(frozen=True, slots=True)
class BeginKeeping:
    """Write the disks that are to be kept into the status; only then are they. *restored*: from the bin."""

    disk_ids: tuple[str, ...]
    restored: bool


@dataclass(frozen=True, slots=True)
class EndKeeping:
    """Write that a disk was seen to be safe; not *kept*: that it is gone from the cloud."""

    disk_id: str
    kept: bool


@dataclass(frozen=True, slots=True)
class RecordCards:
    """Write which network cards the spec speaks of, and what is to be attached; only then is it."""

    cards: tuple[CardRecord, ...]


@dataclass(frozen=True, slots=True)
class RecordGroups:
    """Write into which instance groups the server was put."""

    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordLogin:
    """Write into the status what is about to be done to password or key pair, or what was seen to be done."""

    login: LoginRecord


@dataclass(frozen=True, slots=True)
class RecordDisk:
    """
    Write into the status which disk an entry is, or what is to become of it; only then is it done.

    *before*: the disks that the server has before it is asked for one more; None: they stand there already.
    """

    record: DiskRecord
    before: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RecordApproval:
    """Write into the status which plan a person has approved; only then is anything of it done."""

    approval: Approval


@dataclass(frozen=True, slots=True)
class MarkFailedCreation:
    """Write into the status that this attempt failed; only then may what is left of it be deleted."""

    message: str
    reason: Reason = Reason.CREATION_FAILED


@dataclass(frozen=True, slots=True)
class RecordImage:
    """
    Write into the status of which image the root disk is.

    With a rebuild in it: only then may the cloud be asked for that.
    """

    record: ImageRecord


@dataclass(frozen=True, slots=True)
class RecordEip:
    """Write into the status what is known of the elastic IP (EIP), or is about to be done to it."""

    record: EipRecord


@dataclass(frozen=True, slots=True)
class RecordConnection:
    """
    Write into the status which Secret is the object's own; only then is it made, or another forgotten.

    *beside*: what the status says of everything else; the record changes nothing of that.
    """

    record: ConnectionRecord
    beside: Hold | Settled


# -- looks -----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Look:
    """Ask for one server by a bare GET: the only thing that can say "gone"."""

    server_id: str


@dataclass(frozen=True, slots=True)
class ReadDisk:
    """Ask for one disk of a server: only that tells whether the disk goes with it, and is in the bin."""

    server_id: str
    disk_id: str


@dataclass(frozen=True, slots=True)
class ReadEip:
    """Ask for one EIP: only that tells what it is bound to, and whose it is. *server_id*: of the object."""

    server_id: str
    eip_id: str


@dataclass(frozen=True, slots=True)
class FindDisks:
    """Ask which disks carry the owner tag of an object called *name*; each is looked at before it counts."""

    server_id: str
    name: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """Ask the cloud whether it would take the recorded or next attempt at a creation, which makes nothing."""

    creation: Creation


@dataclass(frozen=True, slots=True)
class Find:
    """Ask which servers may be adopted or observed: the one of this id, or those of exactly this name."""

    server_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Ask the events whether the server ever ran, and for the text of its failure."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Resolve:
    """Ask what a name stands for, once for all objects of the project. No answer is an answer, too."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class ReadCause:
    """
    Ask the newest events why something failed: what led to *status*, or what came after *since* (monotonic).

    *failure* tells one failure from another.
    """

    server_id: str
    failure: str
    status: str | None = None
    since: float | None = None


# -- no step ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Hold:
    """
    Do nothing, and say why: *reason* is one of the closed set.

    *requeue_after*: look again then; None leaves it to the reason's own interval, or to what the feed shows.
    *look_seconds*: look again that early, though nothing is tried then. *paced*: *requeue_after* is the
    reason's interval, after which nothing is tried either. *asks*: asked first, to say more.
    *unread*: only a reading is waited for, and what the status says stands until it comes.
    *until_settled*: no step that the server takes while it moves changes anything, only where it settles.
    *spent*: what was tried and is not repeated by itself; the status keeps it until something new is asked.
    *awaits*: the plan that waits for an approval.
    """

    reason: Reason
    message: str
    requeue_after: float | None = None
    unread: bool = False
    spent: tuple[HeldBack, ...] = ()
    look_seconds: float | None = None
    paced: bool = False
    asks: ReadCause | None = None
    until_settled: bool = False
    awaits: Plan | None = None

    @property
    def final(self) -> bool:
        """Return whether it is such a change that this is about: then waiting does not help."""
        return self.requeue_after is None and any(each.message == self.message for each in self.spent)


@dataclass(frozen=True, slots=True)
class Settled:
    """The server agrees with the spec (or with what is wanted of an observed one)."""


Record = (
    BeginCreation
    | AskAgain
    | BeginAdoption
    | BeginRestart
    | EndRestart
    | EndRestore
    | BeginDeletion
    | BeginKeeping
    | EndKeeping
    | RecordCards
    | RecordGroups
    | RecordLogin
    | RecordDisk
    | RecordApproval
    | MarkFailedCreation
    | RecordImage
    | RecordEip
    | RecordConnection
)
Looking = Look | ReadDisk | ReadEip | FindDisks | Find | ReadHistory | ReadCause | Resolve | DryRun
Step = AddFinalizer | RemoveFinalizer | ConnectionWrite | Record | Looking | CloudWrite | Hold | Settled
