"""
What is noted of the root disk's image without a step.

An object without the record gets it from its spec of today, and nothing is done: so a lost record rebuilds
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import IMAGE
from onecloud_operator.core.creation_digests import edited
from onecloud_operator.core.disk_ids import disks_of
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.image_record import ID_LENGTH, ImageRecord, same_image
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.ownership import ours
from onecloud_operator.core.plan.create_only import compared
from onecloud_operator.core.plan.image import pending_seconds
from onecloud_operator.core.policies import observing

if TYPE_CHECKING:
    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Disk, Observed
    from onecloud_operator.core.records import Records


def image_noted(facts: Facts, records: Records) -> Records:
    """Return *records*, those after the step, with what is known of the image of the object's own server."""
    spec, creation, record, server = facts.resource.server_spec, records.creation, records.image, facts.server
    if server is None or spec is None or observing(facts.resource) or facts.resource.deleting:
        return records
    if record is not None and record.id is not None and record.rebuild is None:
        return records
    resource = (
        facts.resource if records is facts.resource.records else replace(facts.resource, records=records)
    )
    if server.id != records.bound_id or not ours(resource, server) or not facts.fresh:
        return records
    if creation is not None and creation.completed_at is None:
        return records
    if record is None:
        if spec.image is None:
            return records
        record = ImageRecord(spec.image)
    facts = replace(facts, resource=resource)
    record = _without_the_unwanted(facts, spec, server, _matched(facts, spec, server, record))
    return records if record == records.image else replace(records, image=record)


def _matched(facts: Facts, spec: ServerSpec, server: Observed, record: ImageRecord) -> ImageRecord:
    """Return *record* with the id of the image, once it is known that the root disk is of it."""
    if record.id is not None or record.text != spec.image:
        return record
    image_id = _seen_id(facts, spec, server)
    return record if image_id is None else replace(record, id=image_id[:ID_LENGTH])


def _seen_id(facts: Facts, spec: ServerSpec, server: Observed) -> str | None:
    """Return the id of the root disk's image, if that is the one that the spec declares."""
    records, root = facts.resource.records, _root(facts, server)
    creation, baseline = records.creation, records.baseline
    if creation is not None and IMAGE not in edited(spec, creation):
        seen = root.image_id if root is not None else None
        return (baseline.image_id if baseline is not None else None) or seen
    if root is None or server.details is None:
        return None
    disks = disks_of(facts.resource, server.details)
    agrees = not any(True for _ in compared(spec, server, disks, facts.names, {IMAGE}))
    return root.image_id if agrees else None


def _without_the_unwanted(
    facts: Facts, spec: ServerSpec, server: Observed, record: ImageRecord
) -> ImageRecord:
    """Return *record* without a rebuild that the spec does not ask for any more, and that cannot come."""
    rebuild, root = record.rebuild, _root(facts, server)
    if rebuild is None or rebuild.text == spec.image or root is None:
        return record
    if same_image(root.image_id, rebuild.id) or pending_seconds(facts, server) > 0:
        return record
    return replace(record, rebuild=None)


def _root(facts: Facts, server: Observed) -> Disk | None:
    """Return the root disk as it was read of a server at rest; None where that is not known."""
    rests = server.phase is Phase.RUNNING or (server.phase.stable and facts.reading.confirmed)
    if not rests or server.details is None or not server.detailed or not server.owner_known:
        return None
    disks = disks_of(facts.resource, server.details)
    return disks.root if disks.trouble is None else None
