"""
What counts only when a server is made, compared with a server that is there.

Only ids are compared: names are resolved first, since a name may stand for something else by now. The name
that the cloud shows beside a disk is the one that its image once had, so it counts only where nobody can
tell which image has it today.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import fixed_field_of
from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.core.references import (
    Ambiguous,
    Kind,
    Missing,
    Reference,
    Resolved,
    UnderWay,
    Unknown,
    is_id,
    same_id,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from onecloud_operator.api.plain import PlainField
    from onecloud_operator.api.spec import DiskOptions, ServerSpec
    from onecloud_operator.core.observed import Details, Disk, MatchedDisks, Observed
    from onecloud_operator.core.references import Names


@dataclass(frozen=True, slots=True)
class Odd:
    """*field* differs: the spec has *want*, the server *have*, None where it has nothing there."""

    field: str
    want: object
    have: object | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Whether *field* differs is open: *answer* says why, None that *reference* was not asked for yet."""

    field: str
    reference: Reference
    answer: Missing | Ambiguous | Unknown | UnderWay | None


Found = Odd | Doubt


def compared(
    spec: ServerSpec,
    server: Observed,
    disks: MatchedDisks,
    names: Names,
    fields: Container[str] | None = None,
) -> Iterator[Found]:
    """
    Yield what differs or is in doubt, of *fields* only if they are given.

    *server* must be detailed, *disks* are its disks as the spec names them. What the cloud shows nowhere,
    such as a password, is compared with nothing.
    """
    details = server.details
    if details is None:
        msg = "compared() needs a server with details"
        raise AssertionError(msg)
    for field, found in (
        *(
            (fixed_field_of(field.path), _plain_field(field, spec, server))
            for field in PLAIN_FIELDS
            if field.fixed
        ),
        ("image", _image(spec, disks, names)),
        ("placement", _placement(spec, details)),
        ("isolatedDevices", _devices(spec, details)),
    ):
        if fields is None or field in fields:
            yield from found
    if spec.root_disk and disks.root is not None:
        for odd in options("rootDisk", spec.root_disk, disks.root):
            if fields is None or odd.field in fields:
                yield odd


def _plain_field(field: PlainField, spec: ServerSpec, server: Observed) -> Iterator[Odd]:
    if field.differs(spec, server.mirror):
        yield Odd(field.path, field.wanted_in(spec), field.shown_in(server.mirror))


def _plain(field: str, want: object | None, have: object | None) -> Iterator[Odd]:
    if want is not None and want != have:
        yield Odd(field, want, have)


def _image(spec: ServerSpec, disks: MatchedDisks, names: Names) -> Iterator[Found]:
    root = disks.root
    if spec.image is None or root is None or same_id(spec.image, root.image_id):
        return
    have = root.image_id or root.image
    if is_id(spec.image):
        yield Odd("image", spec.image, have)
        return
    reference = Reference(Kind.IMAGE, spec.image)
    match names.get(reference):
        case Resolved(id=image_id):
            if not same_id(image_id, root.image_id):
                yield Odd("image", f"{spec.image} ({image_id})", have)
        case Missing() | Unknown() if same_id(spec.image, root.image):
            pass
        case answer:
            yield Doubt("image", reference, answer)


def _placement(spec: ServerSpec, details: Details) -> Iterator[Odd]:
    if placement := spec.placement:
        yield from _plain("placement.regionID", placement.region_id, details.region_id)
        yield from _plain("placement.zoneID", placement.zone_id, details.zone_id)
        yield from _plain("placement.managerID", placement.manager_id, details.manager_id)


def _devices(spec: ServerSpec, details: Details) -> Iterator[Odd]:
    if spec.isolated_devices:
        yield from _plain("isolatedDevices", len(spec.isolated_devices), details.device_count)


def data_disk_odds(spec: ServerSpec, disks: MatchedDisks) -> Iterator[Odd]:
    """Yield the options of data disks that differ: they count when a disk is made."""
    for want in spec.data_disks or ():
        path = f"dataDisks[{want.name}]"
        if (have := disks.data.get(want.name)) is not None:
            yield from options(path, want, have)


def options(path: str, want: DiskOptions, have: Disk) -> Iterator[Odd]:
    """Yield the options of a disk that differ."""
    yield from _plain(f"{path}.backend", want.backend, have.backend)
    yield from _plain(f"{path}.medium", want.medium, have.medium)
    yield from _plain(f"{path}.driver", want.driver, have.driver)
    yield from _plain(f"{path}.cache", want.cache, have.cache)
