"""What has become of the root disk's image without an edit of the spec: nothing is done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import IMAGE
from onecloud_operator.core.creation_digests import edited
from onecloud_operator.core.disk_ids import disks_of
from onecloud_operator.core.image_record import same_image
from onecloud_operator.core.plan.diff import Difference, difference
from onecloud_operator.core.policies import ignored
from onecloud_operator.core.references import Kind, Reference, Resolved
from onecloud_operator.core.report.create_only_drift import of_edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed


def image_drift(facts: Facts, server: Observed, standing: object) -> Iterator[Difference]:
    """
    Yield how the root disk is not of the image in the spec though nobody has edited that; nothing mends it.

    *standing*: ``status.drift``: what is no longer known to be over stays.
    """
    resource, details = facts.resource, server.details
    spec, record = resource.server_spec, resource.records.image
    if ignored(resource, IMAGE):
        return
    if spec is None or spec.image is None or record is None or record.text != spec.image or details is None:
        return
    disks = disks_of(resource, details)
    if (root := disks.root) is None:
        return
    if record.id is None:
        creation = resource.records.creation  # None: of an adopted server it is a difference
        if creation is not None and IMAGE in edited(spec, creation):
            yield from of_edit(spec, server, disks, facts.names, IMAGE)
        return
    if root.image_id is None:
        return
    if not same_image(root.image_id, record.id):
        yield difference(IMAGE, record.id, root.image_id)
        return
    answer = facts.names.get(Reference(Kind.IMAGE, record.text))
    if isinstance(answer, Resolved):
        if not same_image(answer.id, root.image_id):
            yield difference(IMAGE, f"{record.text} ({answer.id})", root.image_id)
    elif isinstance(standing, list):
        rows = (row for row in standing if isinstance(row, dict))
        was = next((row for row in rows if row.get("field") == IMAGE), None)
        if was is not None and was.get("actual") == root.image_id:
            yield difference(IMAGE, str(was.get("desired")), root.image_id)
