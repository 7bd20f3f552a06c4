"""The steps that change something in the cloud, as values; the cloud's words for them are in translate/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.core.card_writes import CardWrite, OfflineCardWrite
from onecloud_operator.core.disk_writes import AddDisk, DiskWrite
from onecloud_operator.core.eip_writes import EipWrite
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_writes import LoginDeploy, LoginWrite

if TYPE_CHECKING:
    from onecloud_operator.core.records import Creation


@dataclass(frozen=True, slots=True)
class Create:
    """POST the recorded attempt. May be repeated at any time: the id can be used once only."""

    creation: Creation


@dataclass(frozen=True, slots=True)
class Claim:
    """Set our owner tags on an adopted server."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Disown:
    """Take our owner tags off."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Update:
    """PUT plain fields; names as in ``spec.server`` (``name``, ``description``, ``hardware.vga``…)."""

    server_id: str
    fields: tuple[tuple[str, str | bool], ...]


@dataclass(frozen=True, slots=True)
class SetTags:
    """Set and remove user tags."""

    server_id: str
    put: tuple[tuple[str, str], ...]
    remove: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetSecurityGroups:
    """Replace the whole set of security groups."""

    server_id: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """Switch on."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Switch off, orderly."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Suspend:
    """Have a running server hold still, with all that runs in it."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Have a suspended server go on."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Resize:
    """Change cpu and memory, or the instance type. *live*: the server runs, and goes on to."""

    server_id: str
    cpu: int | None = None
    memory_mib: int | None = None
    instance_type: str | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class GrowDisk:
    """Grow one disk."""

    server_id: str
    disk_id: str
    size_mib: int


@dataclass(frozen=True, slots=True)
class KeepDisk:
    """
    Keep a disk from going with its server.

    *how*: ``detach`` it and keep it, ``restore`` it from the recycle bin, or ``spare`` it: have the cloud
    not delete it together with its server.
    """

    server_id: str
    disk_id: str
    how: str


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """Ask the cloud to look at what the server really does; it clears a hung or failed status."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Take a server out of the recycle bin; done to a living one it changes nothing."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Unlock:
    """Lift the cloud's deletion lock, as the last step before a DELETE."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE. *for_good*: past the recycle bin. *cleaning*: what a failed creation left."""

    server_id: str
    for_good: bool
    cleaning: bool = False


# What may need the server stopped: each is tried once for an intent, and may cost a restart.
OfflineWrite = Resize | GrowDisk | OfflineCardWrite | LoginDeploy | Rebuild

CloudWrite = (
    Create
    | Claim
    | Disown
    | Update
    | SetTags
    | SetSecurityGroups
    | Start
    | Stop
    | Suspend
    | Resume
    | Resize
    | GrowDisk
    | KeepDisk
    | LoginWrite
    | Rebuild
    | SyncStatus
    | Restore
    | Unlock
    | Delete
    | CardWrite
    | EipWrite
    | DiskWrite
    | AddDisk
)
