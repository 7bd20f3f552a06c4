"""
What a server that we made was like when it was complete, by ids.

What counts only when a server is made is no difference of a server that is made: nothing can be done about
it. So drift is reported against this record, and never by names in the spec: they may be another's by now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.model import wire_name
from onecloud_operator.api.plain import shown_at
from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.status_values import given, rows, text, whole

if TYPE_CHECKING:
    from onecloud_operator.api.plain import PlainValue
    from onecloud_operator.core.observed import MatchedDisks, Observed

ROOT_INDEX = 0
FIXED_FIELDS = tuple(row for row in PLAIN_FIELDS if row.fixed)
TEXT_LENGTH = 64  # the CRD's bound
_WIRE_NAMES = tuple((row.path, wire_name(row.kept_as)) for row in FIXED_FIELDS)
OPTIONS = ("backend", "medium", "driver", "cache")  # of a disk


@fast_dataclass(frozen=True, slots=True)
class DiskBase:
    """The root disk's options."""

    index: int
    backend: str | None = None
    medium: str | None = None
    driver: str | None = None
    cache: str | None = None


@fast_dataclass(frozen=True, slots=True)
class Baseline:
    """What the cloud showed of what cannot change, by ids; None: it showed nothing."""

    image_id: str | None = None
    region_id: str | None = None
    zone_id: str | None = None
    manager_id: str | None = None
    device_count: int | None = None
    disks: tuple[DiskBase, ...] = ()
    plain: Mapping[str, PlainValue] = field(default_factory=dict)  # the plain fields, by their paths


def baseline_of(server: Observed, disks: MatchedDisks) -> Baseline:
    """Return the record of *server*, which must be detailed; *disks* are its disks as the spec names them."""
    details = server.details
    if details is None:
        msg = "a baseline needs a server with details"
        raise AssertionError(msg)
    root = disks.root
    return Baseline(
        image_id=_cut(root.image_id) if root else None,
        region_id=_cut(details.region_id),
        zone_id=_cut(details.zone_id),
        manager_id=_cut(details.manager_id),
        device_count=details.device_count,
        disks=tuple(
            DiskBase(ROOT_INDEX, _cut(disk.backend), _cut(disk.medium), _cut(disk.driver), _cut(disk.cache))
            for disk in ((root,) if root else ())
        ),
        plain=_known({row.path: row.shown_in(server.mirror) for row in FIXED_FIELDS}),
    )


def _known(values: Mapping[str, PlainValue | None]) -> dict[str, PlainValue]:
    cut = ((path, _cut(value) if isinstance(value, str) else value) for path, value in values.items())
    return given(dict(cut))


def _cut(text: str | None) -> str | None:
    return text[:TEXT_LENGTH] if text else None


# -- in the status ---------------------------------------------------------------------------------------
_TEXTS = {
    "image_id": "imageID",
    "region_id": "regionID",
    "zone_id": "zoneID",
    "manager_id": "managerID",
}


def baseline_status(baseline: Baseline) -> dict[str, Any]:
    """Return ``status.baseline``."""
    found: dict[str, Any] = {wire: getattr(baseline, name) for name, wire in _TEXTS.items()}
    found |= {wire: baseline.plain.get(path) for path, wire in _WIRE_NAMES}
    found["isolatedDevices"] = baseline.device_count
    found["disks"] = [
        _given({"index": disk.index} | {name: getattr(disk, name) for name in OPTIONS})
        for disk in baseline.disks
    ]
    return _given(found)


def baseline_in(value: object) -> Baseline | None:
    """Read the record out of a status; what is not of its form counts as absent."""
    if not isinstance(value, dict):
        return None
    return Baseline(
        **{name: text(value.get(wire)) for name, wire in _TEXTS.items()},
        device_count=whole(value.get("isolatedDevices"), 0),
        disks=tuple(
            DiskBase(index, **{name: text(row.get(name)) for name in OPTIONS})
            for row in rows(value.get("disks"))
            if (index := whole(row.get("index"), 0)) is not None
        ),
        plain=_known({path: shown_at(wire, value) for path, wire in _WIRE_NAMES}),
    )


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != []}
