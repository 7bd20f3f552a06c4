"""What the data disks of a server are told, while it runs or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.quantity import mib_of
from onecloud_operator.core.cloud_writes import GrowDisk
from onecloud_operator.core.disk_ids import disks_of
from onecloud_operator.core.observed import MatchedDisks
from onecloud_operator.core.plan.stops import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.plan.diff import Difference


def data_disk_steps(
    facts: Facts, spec: ServerSpec, server: Observed, by_field: Mapping[str, Difference]
) -> Iterator[Candidate]:
    """Yield the growth of each data disk that is too small, among *by_field*."""
    disks = disks_of(facts.resource, server.details) if server.details else MatchedDisks()
    if disks.trouble is not None:
        return
    for data in spec.data_disks or ():
        if f"dataDisks[{data.name}].size" in by_field:
            yield Candidate(GrowDisk(server.id, disks.data[data.name].id, mib_of(data.size)))
