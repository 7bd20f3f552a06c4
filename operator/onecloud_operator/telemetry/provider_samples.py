"""The gauges of providers, as their statuses have them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.core.conditions import part_of, standing
from onecloud_operator.telemetry.metrics import MAX_PROVIDERS, OTHER, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.provider_facts import ProviderObject
    from onecloud_operator.kube.store import Store
    from onecloud_operator.telemetry.metrics import Sample


@dataclass(slots=True)
class ProviderSamples:
    """Of those beyond the bound only the worst of all and their servers together are told."""

    objects: Store[ProviderObject]

    def __call__(self) -> Iterator[Sample]:
        """Yield each sample: its metric, its labels, its value."""
        ready: dict[str, float] = {}
        servers: Counter[str] = Counter()
        for key in sorted(self.objects.keys()):
            found = self.objects.get(key)
            if found is None:
                continue
            name = label(key.name)
            name = name if name in ready or len(ready) < MAX_PROVIDERS else OTHER
            condition, total = standing(found.status, "Ready"), part_of(found.status, "servers").get("total")
            well = condition is not None and condition.get("status") == "True"
            ready[name] = min(ready.get(name, 1.0), float(well))
            servers[name] += total if isinstance(total, int) else 0
        for name, well_or_not in ready.items():
            yield "provider_ready", (name,), well_or_not
            yield "provider_servers", (name,), float(servers[name])
