"""Steps, and work that is under way, in words: never a value that could be secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

from onecloud_operator.api.annotations import FORCE_DETACH
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    AddFinalizer,
    AskAgain,
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    BeginKeeping,
    BeginRestart,
    DryRun,
    EndKeeping,
    EndRestart,
    EndRestore,
    Find,
    FindDisks,
    Hold,
    Look,
    MarkFailedCreation,
    ReadCause,
    ReadDisk,
    ReadEip,
    ReadHistory,
    RecordApproval,
    RecordCards,
    RecordConnection,
    RecordDisk,
    RecordEip,
    RecordGroups,
    RecordImage,
    RecordLogin,
    RemoveFinalizer,
    Resolve,
    Settled,
)
from onecloud_operator.core.card_writes import (
    AttachCard,
    BindGroup,
    ChangeAddress,
    DetachCard,
    LimitCard,
    UnbindGroup,
)
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
from onecloud_operator.core.connection_writes import DropConnection, WriteConnection
from onecloud_operator.core.disk_writes import (
    AddDisk,
    AttachDisk,
    DetachDisk,
    MakeDisk,
    RecycleDisk,
    SetDiskPolicy,
    TagDisk,
)
from onecloud_operator.core.eip_writes import (
    BindEip,
    ChangeEip,
    DeleteEip,
    DisownEip,
    MakeEip,
    UnbindEip,
)
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_writes import DeployKeypair, DeployPassword, SetPassword
from onecloud_operator.core.restart import stopped_for, under_way

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.resource import Resource

_AT_WORK = "The cloud is at work on the server."
# The end of a sentence, wherever an object waits for a person.
DETACH = f'set the annotation {FORCE_DETACH}: "true" to let the object go without its server.'


def doing(resource: Resource) -> str:
    """Return what is said of a server while the cloud is at work on it."""
    restart = resource.records.restart
    return under_way(restart) if restart is not None else _AT_WORK


def at_work(resource: Resource) -> tuple[Reason, str]:
    """Return reason and message while the cloud is at work for the object."""
    records = resource.records
    done = records.adopted_at if records.creation is None else records.creation.completed_at
    reason = Reason.REMOVING if resource.deleting else Reason.CREATING if done is None else Reason.UPDATING
    return reason, doing(resource)


class Words(NamedTuple):
    """*noun*: "the cloud accepted …". *done*: a line of the log; None for what is told when it shows."""

    noun: str
    done: str | None


def words_of(step: Step) -> Words:  # noqa: C901, PLR0911, PLR0912, PLR0915 - a table, one row a step
    """Return the words for *step*."""
    match step:
        case AddFinalizer():
            return Words("the finalizer", "finalizer set on the object")
        case RemoveFinalizer(why=why):
            return Words("the end of the finalizer", let_go(why))
        case WriteConnection(secret=secret) | DropConnection(secret=secret):
            done = "written" if isinstance(step, WriteConnection) else "of a former name deleted"
            return Words(f"Secret {secret} of the connection", f"Secret {secret} of the connection {done}")
        case Create():
            return Words("the creation", None)
        case Claim():
            return Words("the owner tags", "owner tags set on the server")
        case Disown():
            return Words("the removal of the owner tags", "owner tags taken off the server")
        case Update(fields=fields):
            return Words("the update", f"server updated: {', '.join(name for name, _ in fields)}")
        case SetTags():
            return Words("the tags", "tags set on the server")
        case SetSecurityGroups():
            return Words("the security groups", None)
        case Start():
            return Words("the start", None)
        case Stop():
            return Words("the stop", None)
        case Suspend():
            return Words("the suspension", None)
        case Resume():
            return Words("the resumption", None)
        case Resize():
            return Words("the resize", None)
        case GrowDisk():
            return Words("the growth of a disk", None)
        case KeepDisk(disk_id=disk_id, how="detach"):
            return Words(f"the detachment of disk {disk_id}", None)
        case KeepDisk(disk_id=disk_id, how="restore"):
            return Words(f"the restoration of disk {disk_id}", None)
        case KeepDisk(disk_id=disk_id):
            return Words(f"the release of disk {disk_id}", f"disk {disk_id} set not to go with its server")
        case AttachCard(network=network):
            return Words(f"a card in network {network}", f"a card in network {network} attached")
        case DetachCard(mac=mac):
            return Words(f"the detachment of card {mac}", f"card {mac} detached")
        case ChangeAddress(mac=mac, address=address):
            return Words(f"the address {address} of card {mac}", None)
        case LimitCard(mac=mac):
            return Words(f"the bandwidth of card {mac}", f"bandwidth of card {mac} limited")
        case BindGroup(group_id=group):
            return Words(f"the binding to instance group {group}", f"server put into instance group {group}")
        case UnbindGroup(group_id=group):
            return Words(f"the end of instance group {group}", f"server taken out of instance group {group}")
        case SetPassword():
            return Words("the new password for the guest agent", "new password accepted for the guest agent")
        case DeployPassword():
            return Words("the new password", "new password for the disk accepted by the cloud")
        case DeployKeypair():
            return Words("the new key pair", "new key pair for the disk accepted by the cloud")
        case Rebuild():
            return Words("the rebuild of the root disk", None)
        case MakeEip():
            return Words("the creation of the EIP", None)
        case BindEip():
            return Words("the binding of the EIP", None)
        case UnbindEip():
            return Words("the dissociation of the EIP", None)
        case ChangeEip():
            return Words("the new bandwidth of the EIP", None)
        case DisownEip():
            return Words("the removal of the EIP's owner tags", "owner tags taken off an EIP")
        case DeleteEip():
            return Words("the deletion of the EIP", None)
        case MakeDisk(label=label) | AddDisk(label=label):
            return Words(f"the creation of disk {label}", None)
        case AttachDisk(disk_id=disk_id):
            return Words(f"the attachment of disk {disk_id}", None)
        case DetachDisk(disk_id=disk_id):
            return Words(f"the detachment of disk {disk_id}", None)
        case RecycleDisk(disk_id=disk_id):
            return Words(f"the removal of disk {disk_id}", f"disk {disk_id} put into the recycle bin")
        case TagDisk(disk_id=disk_id, label=label):
            done = "taken off" if label is None else "set on"
            return Words(f"the owner tags of disk {disk_id}", f"owner tags {done} disk {disk_id}")
        case SetDiskPolicy(disk_id=disk_id):
            return Words(f"the policy of disk {disk_id}", f"policy of disk {disk_id} set")
        case SyncStatus():
            return Words("the status sync", None)
        case Restore():
            return Words("the restoration", None)
        case Unlock():
            return Words("the unlock", "server unlocked, to be deleted")
        case Delete():
            return Words("the deletion", None)
        case (
            BeginCreation()
            | AskAgain()
            | BeginAdoption()
            | BeginRestart()
            | BeginDeletion()
            | BeginKeeping()
            | EndKeeping()
            | EndRestart()
            | RecordCards()
            | RecordGroups()
            | RecordLogin()
            | RecordDisk()
            | RecordApproval()
            | EndRestore()
            | MarkFailedCreation()
            | RecordImage()
            | RecordEip()
            | RecordConnection()
        ):
            return Words("the record", None)  # which an Event reports
        case (
            Look()
            | ReadDisk()
            | ReadEip()
            | FindDisks()
            | Find()
            | ReadHistory()
            | ReadCause()
            | Resolve()
            | DryRun()
            | Hold()
            | Settled()
        ):
            return Words("the look", None)
        case _:
            assert_never(step)


def change_of(step: Step) -> str:
    """Return the change that *step* makes, or is the record of, as a message names it."""
    match step:
        case BeginCreation() | AskAgain():
            return "the creation"
        case BeginAdoption():
            return "the adoption"
        case BeginRestart(restart=restart):
            return f"the stop for {stopped_for(restart)}"
        case BeginDeletion() | Unlock():
            return "the deletion"
        case BeginKeeping():
            return "what is done to keep disks"
        case RecordCards():
            return "a new network card"
        case RecordDisk(record=record):
            return f"the change of disk {record.name}"
        case RecordImage():
            return "the rebuild of the root disk"
        case RecordLogin():
            return "the new password or key pair"
        case RecordEip():
            return "the change of the EIP"
        case _:
            return words_of(step).noun


def let_go(why: str) -> str:
    """Return the line of the log for an object that was released."""
    match why:
        case "Recycled":
            return "server deleted: it is in the cloud's recycle bin"
        case "Deleted":
            return "server deleted"
        case "Retained":
            return "server left as it is, without its object's owner tags"
        case "Detached":
            return "object detached by force; its server was not touched"
        case "Observed":
            return "object of an observed server removed; the server was not touched"
        case _:
            return "object removed; no server was ever made for it"


def released(why: str) -> str:
    """Return what the user reads of an object that was released."""
    match why:
        case "Recycled":
            return "The server is in the cloud's recycle bin."
        case "Deleted":
            return "The server is gone from the cloud."
        case "Retained":
            return "The server is left as it is, without this object's owner tags."
        case "Detached":
            return "The object was detached by force; its server, if there is one, was not touched."
        case "Observed":
            return "The server was only observed; it was not touched."
        case _:
            return "No server was ever made for this object."
