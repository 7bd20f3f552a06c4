"""A server as the rest of the operator sees it, in the operator's words and not the cloud's."""

from __future__ import annotations

import enum
from dataclasses import field
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.plain import shown_at
from onecloud_operator.core.fast_dataclass import fast_dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.api.plain import PlainValue

# cloudpods pkg/apis/compute/guest_const.go; the names of a creation that left no usable server.
CREATE_FAILURES = frozenset(
    {
        "sched_fail",
        "net_fail",
        "dev_fail",
        "create_fail",
        "disk_fail",
        "deploy_fail",
        "security_group_fail",
    },
)
# Of those, the ones that are also set on a server that once ran, so that its events must be read first.
AMBIGUOUS_CREATE_FAILURES = frozenset({"disk_fail", "deploy_fail", "security_group_fail"})
EIP_FAILURE = "associate_eip_failed"  # an EIP could not be bound, and may be shown all the same
DELETING_STATUSES = frozenset({"start_delete", "deleting"})

DATA_DISKS_LENGTH = 64  # the CRD's bound of status.server.dataDisks
_IMAGE = ("image", "imageID")  # stand beside the root disk, but within a data disk
_STABLE = {
    "running": "Running",
    "rescue": "Running",
    "ready": "Stopped",
    "suspend": "Suspended",
}


class Phase(enum.StrEnum):
    """What a status text means for us; new texts appear with every release, so they are classed by rule."""

    RUNNING = "Running"
    STOPPED = "Stopped"
    SUSPENDED = "Suspended"
    MOVING = "Moving"
    FAILED = "Failed"
    UNKNOWN = "Unknown"

    @property
    def stable(self) -> bool:
        """Return whether a server rests in this phase; only then is it compared with the spec."""
        return self in {Phase.RUNNING, Phase.STOPPED, Phase.SUSPENDED}


def phase_of(status: str) -> Phase:
    """Return the phase of one of the cloud's status texts; a text never seen before is MOVING."""
    if stable := _STABLE.get(status):
        return Phase(stable)
    if "fail" in status:
        return Phase.FAILED
    if status == "unknown":
        return Phase.UNKNOWN
    return Phase.MOVING


@fast_dataclass(frozen=True, slots=True)
class Owner:
    """The object that a server's owner tags name."""

    cluster: str
    namespace: str
    name: str
    uid: str

    def __str__(self) -> str:
        """Return it as a message names it; what tags say may be of any length."""
        return f"{self.namespace[:63]}/{self.name[:253]} of cluster {self.cluster[:64] or '(unnamed)'}"


@fast_dataclass(frozen=True, slots=True)
class Disk:
    """A disk. *index*: where it is now, 0 being the root disk's place; -1 where the cloud does not tell."""

    id: str
    index: int
    size_mib: int
    image: str | None = None
    image_id: str | None = None
    backend: str | None = None
    medium: str | None = None
    driver: str | None = None
    cache: str | None = None
    storage_id: str | None = field(default=None, compare=False)  # not known of one that is recalled


@fast_dataclass(frozen=True, slots=True)
class DiskState:
    """
    What only a disk's own reply shows. *auto_delete*: it goes with its server. *recycled*: in the bin.

    *server_ids*: of the servers that it is attached to. *label*: the name in the spec that its tags give.
    """

    auto_delete: bool | None = None
    recycled: bool = False
    status: str = ""
    server_ids: tuple[str, ...] = ()
    owner: Owner | None = None
    label: str | None = None
    project_id: str = ""

    @property
    def ready(self) -> bool:
        """Return whether the cloud is not at work on it."""
        return self.status == "ready"


@fast_dataclass(frozen=True, slots=True)
class MatchedDisks:
    """
    The disks of a server as the spec names them (see disk_ids); an absent one is not there, or not known.

    *data*: by the spec's name, wherever they are now. *trouble*: why there is no root disk to decide about.
    """

    root: Disk | None = None
    data: Mapping[str, Disk] = field(default_factory=dict)
    trouble: str | None = None


@fast_dataclass(frozen=True, slots=True)
class Nic:
    """A network card; the cloud names its network by id only."""

    network_id: str
    address: str | None = None
    address6: str | None = None
    mac: str | None = None
    default: bool = False


@fast_dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A bound security group."""

    id: str
    name: str


@fast_dataclass(frozen=True, slots=True)
class Details:
    """
    What only a detailed reply shows: joined tables and tags.

    *version* is the ``update_version`` of the reply that it came with: when the row has moved on, the
    details may be old, and nothing is compared with them.
    """

    version: int
    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)  # user tags, without the owner tags
    owner: Owner | None = None
    owner_known: bool = True  # False: rebuilt from the status, which has no owner tags
    keypair: str | None = None
    keypair_id: str | None = None
    region_id: str | None = None
    zone_id: str | None = None
    manager_id: str | None = None
    device_count: int = 0
    login_account: str | None = None  # of the image; None also where the details are out of the status
    login_set_at: str | None = None  # when the cloud says that a password was last set, in its own words
    hot_plug: bool | None = None  # whether cpu and memory can grow while it runs; None: not known
    hot_remove: bool | None = None  # whether cards can be taken off while it runs; None: not known
    ip: str | None = None  # the default NIC's address, else the first
    eip: str | None = None  # the address of its elastic IP
    disks_known: bool = field(default=True, compare=False)  # False: there may be more of them than are shown


@fast_dataclass(frozen=True, slots=True)
class Observed:
    """
    One reading of a server.

    The columns are always those of the newest row; *details* may be of an older one (see there). *mirror* is
    ``status.server``: JSON values under the resource's names, cut to their bounds. Of the plain fields of the
    spec it is all that is known: both have them at the same place.
    """

    id: str
    status: str
    phase: Phase
    version: int
    updated_at: str  # the cloud's own text, whole seconds, UTC
    project_id: str
    recycled: bool = False
    locked: bool = True
    instance_type: str | None = None
    cpu: int = 0
    memory_mib: int = 0
    expires_at: str | None = None
    details: Details | None = None
    mirror: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = field(default=False, compare=False)  # read alone: what it does not show is not there

    @property
    def name(self) -> str:
        """Return the name in the cloud, "" if it shows none."""
        return str(self.plain("name") or "")

    def plain(self, path: str) -> PlainValue | None:
        """Return what the plain field at *path* is in the cloud, None if it shows nothing."""
        return shown_at(path, self.mirror)

    @property
    def detailed(self) -> bool:
        """Return whether the details belong to this very version of the row."""
        return self.details is not None and self.details.version == self.version

    @property
    def owner(self) -> Owner | None:
        """Return the owner that the tags name, as last read; None also while that is not known."""
        return self.details.owner if self.details else None

    @property
    def owner_known(self) -> bool:
        """Return whether this process has read the owner tags, or that there are none."""
        return self.details is not None and self.details.owner_known


@fast_dataclass(frozen=True, slots=True)
class Reading:
    """
    What the feed knows of one id. Times are monotonic seconds at which a request was *sent*.

    ``server`` is None while nothing was read, or when *gone*. ``missing`` is a question (a whole sweep did
    not list it), ``gone`` an answer: a bare GET gave 404 with a token that was then proven alive.
    """

    server: Observed | None = None
    first_seen_at: float = 0.0  # of the request that first showed this version of the row
    asked_at: float = 0.0  # of the newest request that would have shown a newer version
    missing: bool = False
    gone: bool = False

    @property
    def confirmed(self) -> bool:
        """
        Return whether two reads showed the same version.

        ``ready`` is passed through for some 0.1 s in the middle of resizes, starts and deletions, so once
        is not enough.
        """
        return self.server is not None and self.asked_at > self.first_seen_at


def carried(mirror: Mapping[str, Any], previous: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return *mirror*, out of a list, with what only a GET of one server shows, as in *previous*.

    The rules are those of the security groups, so they stay only while the groups do.
    """
    # Recorded exchanges 240 and 901. Somebody may have edited a status, so nothing of its form is sure.
    kept: dict[str, Any] = {}
    if "osName" in previous and "osName" not in mirror:
        kept["osName"] = previous["osName"]
    before, security = previous.get("security"), mirror.get("security", {})
    same = previous.get("securityGroups") == mirror.get("securityGroups")
    if same and isinstance(before, dict) and "rules" in before and "rules" not in security:
        kept["security"] = {"rules": before["rules"], **security}
    return {**mirror, **kept} if kept else mirror


def rooted(mirror: Mapping[str, Any], root_id: str | None) -> Mapping[str, Any]:
    """Return *mirror* with the disk *root_id* as its root disk, and no other one, wherever the disks are."""
    placed = mirror.get("rootDisk")
    placed_id = placed.get("id") if isinstance(placed, dict) else None
    if root_id is None or placed_id == root_id:
        return mirror
    listed = mirror.get("dataDisks")
    data = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    root = next((row for row in data if row.get("id") == root_id), None)
    if placed is None and root is None:
        return mirror
    rest = [row for row in data if row is not root]
    image = {name: mirror[name] for name in _IMAGE if name in mirror}
    if isinstance(placed, dict):
        rest = [{**placed, **image}, *rest]
    changed = {key: value for key, value in mirror.items() if key not in {"rootDisk", "dataDisks", *_IMAGE}}
    if root is not None:
        changed["rootDisk"] = {key: value for key, value in root.items() if key not in _IMAGE}
        changed |= {name: root[name] for name in _IMAGE if name in root}
    if rest:
        changed["dataDisks"] = rest[:DATA_DISKS_LENGTH]
    return changed
