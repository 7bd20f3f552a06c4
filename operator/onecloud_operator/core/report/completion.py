"""What is put on record with a server that we made, once it is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.baseline import baseline_of
from onecloud_operator.core.creation_digests import sent_of
from onecloud_operator.core.disk_ids import disks_of
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.ownership import forged
from onecloud_operator.core.policies import observing

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.records import Records


def baselined(facts: Facts, records: Records) -> Records:
    """Return *records*, those after the step, with the record of a complete server that has none."""
    server, creation = facts.server, records.creation
    if creation is None or creation.completed_at is None or server is None or server.id != creation.id:
        return records
    if observing(facts.resource) or forged(facts.resource) or not facts.fresh or facts.reading.missing:
        return records
    if creation.sent is None and (spec := facts.resource.spec) is not None and spec.server is not None:
        # Made by an operator that did not note it; since then the API server has let nothing be changed.
        records = replace(records, creation=replace(creation, sent=sent_of(spec.server)))
    rests = server.phase is Phase.RUNNING or (server.phase.stable and facts.reading.confirmed)
    if (
        records.baseline is None
        and rests
        and server.details is not None
        and server.detailed
        and server.owner_known  # what an older status recalls may lack what is there
        and not server.recycled
    ):
        disks = disks_of(replace(facts.resource, records=records), server.details)
        return replace(records, baseline=baseline_of(server, disks))
    return records
