"""
Larger or smaller: CPU, memory or instance type, and the root disk.

A server that runs grows where its metadata allow hot-plug, and is stopped for everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.quantity import mib_of
from onecloud_operator.core.actions import Hold, Look
from onecloud_operator.core.cloud_writes import GrowDisk, Resize
from onecloud_operator.core.disk_ids import root_of
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.guards import look_up
from onecloud_operator.core.plan.retry import refusal_text
from onecloud_operator.core.plan.stops import Purpose
from onecloud_operator.core.references import Kind, Missing, Reference, Resolved, why_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.plan.diff import Difference


def size_purposes(
    facts: Facts, spec: ServerSpec, server: Observed, by_field: Mapping[str, Difference]
) -> Iterator[Purpose]:
    """Yield what of the server's size differs, among *by_field*."""
    fields = tuple(field for field in ("cpu", "memory", "instanceType") if field in by_field)
    if fields:
        step = Resize(
            server.id,
            cpu=spec.cpu if "cpu" in fields else None,
            memory_mib=mib_of(spec.memory) if spec.memory is not None and "memory" in fields else None,
            instance_type=spec.instance_type if "instanceType" in fields else None,
        )
        yield _resizing(facts, server, step, fields)
    # It may not be known which disk is the root disk.
    root, size = root_of(facts.resource, server), spec.root_disk.size if spec.root_disk is not None else None
    if "rootDisk.size" in by_field and size is not None and root is not None:
        yield Purpose(GrowDisk(server.id, root.id, mib_of(size)), ("rootDisk.size",))


def _resizing(facts: Facts, server: Observed, step: Resize, fields: tuple[str, ...]) -> Purpose:
    purpose = Purpose(step, fields, hot=_grows(facts, server, step))
    if (first := _asked(facts, step)) is not None:
        return replace(purpose, live=first)
    if not purpose.hot or (live := _live(facts, server, step)) is None:
        return purpose
    if isinstance(live, Resize) and (refusal := refusal_text(facts, live)):
        return replace(purpose, refusal=refusal)
    return replace(purpose, live=live)


def _grows(facts: Facts, server: Observed, step: Resize) -> bool:
    """Return whether it is known that nothing becomes smaller by *step*."""
    cpu, memory_mib = step.cpu or server.cpu, step.memory_mib or server.memory_mib
    if (reference := _type_of(step)) is not None:
        answer = facts.names.get(reference)
        if not isinstance(answer, Resolved) or answer.cpu is None or answer.memory_mib is None:
            return False
        cpu, memory_mib = answer.cpu, answer.memory_mib
    return cpu >= server.cpu and memory_mib >= server.memory_mib


def _type_of(step: Resize) -> Reference | None:
    return None if step.instance_type is None else Reference(Kind.INSTANCE_TYPE, step.instance_type)


def _asked(facts: Facts, step: Resize) -> Step | None:
    """Return what comes before a running server is touched for an instance type, None if that is known."""
    if (reference := _type_of(step)) is None:
        return None
    if (look := look_up(facts, reference)) is not None:
        return look
    answer = facts.names[reference]
    if not isinstance(answer, Missing):
        return None
    reason, message = why_unresolved(reference, answer)
    return Hold(reason, f"instanceType: {message}")


def _live(facts: Facts, server: Observed, step: Resize) -> Look | Resize | None:
    """Return how *step* is done to a server that goes on running, or None if it must be stopped."""
    if server.phase is not Phase.RUNNING or server.details is None:
        return None
    if server.details.hot_plug is None and facts.memory.looked_version != server.version:
        return Look(server.id)  # the status that it was recalled from does not tell
    return replace(step, live=True) if server.details.hot_plug else None
