"""
What has become of a server since we made it, in what counts only when a server is made.

Nothing can be done about that, so it is no difference but drift: of what the cloud shows today against what
it showed when the server was complete, by ids. A field that was given another value after the POST is
compared with the server as it is: it may say what is so by now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import fixed_field_of, fixed_fields
from onecloud_operator.core.baseline import FIXED_FIELDS, OPTIONS, baseline_of
from onecloud_operator.core.creation_digests import edited, recorded_whole, sent_of, value_of
from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.plan.create_only import Doubt, compared
from onecloud_operator.core.plan.diff import Difference, difference
from onecloud_operator.core.values import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.baseline import Baseline
    from onecloud_operator.core.observed import MatchedDisks, Observed
    from onecloud_operator.core.records import Creation
    from onecloud_operator.core.references import Names

EARLIER = "made before this edit"


@fast_dataclass(frozen=True, slots=True)
class Made:
    """How the server was made, and what it was like then; *baseline* None: that was not noted yet."""

    creation: Creation
    baseline: Baseline | None


def drifted(
    spec: ServerSpec, server: Observed, disks: MatchedDisks, made: Made, names: Names
) -> Iterator[Difference]:
    """
    Yield how *server*, which must be detailed, drifted in what *spec* declares and nothing can change.

    *disks* are its disks as the spec names them.
    """
    afterwards, now = edited(spec, made.creation), baseline_of(server, disks)
    if made.baseline is not None and made.baseline != now:
        unchanged = {path for path, _ in sent_of(spec)} - afterwards
        # What the status recalls may lack what is there.
        read = server.details is not None and server.details.owner_known
        for path, want, have in _changes(spec, made.baseline, now, read=read):
            if want != have and fixed_field_of(path) in unchanged:
                yield difference(path, want, have)
    for path in fixed_fields():
        if path in afterwards:
            yield from of_edit(spec, server, disks, names, path)


def of_edit(
    spec: ServerSpec, server: Observed, disks: MatchedDisks, names: Names, path: str
) -> Iterator[Difference]:
    """Yield what *path*, given another value after the POST, says that the server is not."""
    found = False
    for one in compared(spec, server, disks, names, {path}):
        found = True
        match one:
            case Doubt(field=field, reference=reference):
                yield difference(field, reference.name, EARLIER)
            case _ if one.have is None:
                yield difference(one.field, one.want, EARLIER)
            case _:
                yield difference(one.field, one.want, f"{text_of(one.have)} ({EARLIER})")
    if not found and not recorded_whole(spec, path):
        yield difference(path, value_of(spec, path), EARLIER)


def _changes(
    spec: ServerSpec, base: Baseline, now: Baseline, *, read: bool
) -> Iterator[tuple[str, object | None, object | None]]:
    """Yield what *spec* declares, as it was and as it is, where both are known; *read*: from the cloud."""
    placement = spec.placement
    for path, declared, was, have in (
        *(
            (f.path, f.wanted_in(spec) is not None, base.plain.get(f.path), now.plain.get(f.path))
            for f in FIXED_FIELDS
        ),
        ("placement.regionID", placement and placement.region_id, base.region_id, now.region_id),
        ("placement.zoneID", placement and placement.zone_id, base.zone_id, now.zone_id),
        ("placement.managerID", placement and placement.manager_id, base.manager_id, now.manager_id),
    ):
        if declared and was is not None and have is not None:
            yield path, was, have
    if read:
        yield "isolatedDevices", base.device_count, now.device_count
    yield from _root_disk_changes(spec, base, now)


def _root_disk_changes(
    spec: ServerSpec, base: Baseline, now: Baseline
) -> Iterator[tuple[str, object | None, object | None]]:
    if spec.root_disk is None:
        return
    for was, have in zip(base.disks[:1], now.disks[:1], strict=False):
        for option in OPTIONS:
            old, new = getattr(was, option), getattr(have, option)
            if getattr(spec.root_disk, option) is not None and old is not None and new is not None:
                yield f"rootDisk.{option}", old, new
