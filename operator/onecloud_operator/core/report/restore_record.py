"""What the status remembers of a server that was taken out of the recycle bin, and of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import EndRestore
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.policies import ignored

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.records import Records


def with_restore(facts: Facts, step: Step, records: Records) -> Records:
    """Return *records*, those after *step*, with what is known of a restored server."""
    if isinstance(step, EndRestore):
        return replace(records, restore=step.restore)
    record, server, resource = records.restore, facts.server, facts.resource
    if record is None or record.name is None or record.done_at is None:
        return records
    spec = resource.server_spec
    ruled = spec is None or spec.name is not None or ignored(resource, "name")
    right = server is not None and server.id == records.id and facts.fresh and server.name == record.name
    return replace(records, restore=replace(record, name=None)) if ruled or right else records
