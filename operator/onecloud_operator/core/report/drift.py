"""What differs and is not being mended, with the time since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import NETWORKS, fixed_field_of
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.disk_ids import disks_of
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.create_only import data_disk_odds
from onecloud_operator.core.plan.diff import difference
from onecloud_operator.core.plan.differing import matched_cards, open_differences
from onecloud_operator.core.policies import ignored, observing, reporting
from onecloud_operator.core.report.create_only_drift import Made, drifted
from onecloud_operator.core.report.image_drift import image_drift
from onecloud_operator.core.restart import stopped_by_us
from onecloud_operator.core.values import cut, text_of_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.plan.diff import Difference
    from onecloud_operator.core.report.verdict import Verdict

SHOWN_LENGTH = 256
DRIFT_LENGTH = 32
_NOT_OURS = frozenset({Reason.OWNED_BY_ANOTHER, Reason.PAUSED, Reason.IN_RECYCLE_BIN})
_NOT_DRIFT = frozenset({Reason.UPDATING, Reason.CREATING, Reason.NOT_YET_OBSERVED})


def drift_of(facts: Facts, step: Step, verdict: Verdict) -> list[dict[str, str]]:
    """Return ``status.drift``: what differs and is held back or only reported."""
    server = facts.server
    if observing(facts.resource) or facts.resource.deleting:
        return []
    if server is None or not server.detailed or not server.phase.stable:
        kept = facts.resource.status.get("drift")
        unread = facts.trouble is not None or (server is not None and server.phase is Phase.MOVING)
        return kept if unread and isinstance(kept, list) else []  # nothing new is known
    if verdict.reason in _NOT_OURS:
        return []
    # What is being mended is no drift.
    held = (isinstance(step, Hold) and verdict.reason not in _NOT_DRIFT) or _restarted_as_it_is(facts)
    found = (
        *(_open(facts, server) if held else ()),
        *_of_data_disks(facts, server),
        *since_made(facts, server),
        *image_drift(facts, server, facts.resource.status.get("drift")),
    )
    recalled = _recalled(facts, server)
    found = tuple(each for each in found if not (recalled and fixed_field_of(each.field)))
    before = {
        (d.get("field"), d.get("desired"), d.get("actual")): d.get("since")
        for d in facts.resource.status.get("drift") or ()
        if isinstance(d, dict)
    }
    entries = []
    for each in found:
        want, have = cut(each.want, SHOWN_LENGTH), cut(each.have or "", SHOWN_LENGTH)
        since = before.get((each.field, want, have))
        entries.append(
            {
                "field": each.field,
                "desired": want,
                "actual": have,
                "since": since if isinstance(since, str) else text_of_time(facts.wall),
            },
        )
    return [*entries, *recalled][:DRIFT_LENGTH]


def _open(facts: Facts, server: Observed) -> tuple[Difference, ...]:
    """Return what differs; that it is off is none, where we have stopped it and start it again."""
    ours = stopped_by_us(facts.resource, server) and reporting(facts.resource)
    return tuple(
        each for each in open_differences(facts, server) if not (ours and each.field == "powerState")
    )


def _restarted_as_it_is(facts: Facts) -> bool:
    """Return whether the server is restarted since that is asked for, and nothing that differs is mended."""
    return reporting(facts.resource) and facts.resource.records.restart is not None


def _recalled(facts: Facts, server: Observed) -> list[dict[str, str]]:
    """
    Return what stands of a server that we made in what nothing can change, while that is all that is known.

    After a restart the server is what the status recalls, which lacks what it shows nowhere.
    """
    status = facts.resource.status
    if server.owner_known or facts.resource.records.creation is None:
        return []
    if status.get("observedGeneration") != facts.resource.generation:
        return []
    stands = (each for each in status.get("drift") or () if isinstance(each, dict))
    fixed = [each for each in stands if fixed_field_of(str(each.get("field")))]
    return [each for each in fixed if not ignored(facts.resource, str(each["field"]))]


def _of_data_disks(facts: Facts, server: Observed) -> Iterator[Difference]:
    """Yield how data disks differ in what nothing can be done about: the disks are made."""
    spec = facts.resource.server_spec
    if spec is not None and server.details is not None:
        for odd in data_disk_odds(spec, disks_of(facts.resource, server.details)):
            yield difference(odd.field, odd.want, odd.have)


def since_made(facts: Facts, server: Observed) -> tuple[Difference, ...]:
    """Return how a server that we made drifted in what nothing can change; *server* must be detailed."""
    spec, records = facts.resource.spec, facts.resource.records
    creation = records.creation
    if spec is None or spec.server is None or creation is None or creation.completed_at is None:
        return ()
    if server.details is None:
        return ()
    disks = disks_of(facts.resource, server.details)
    found = (
        *drifted(spec.server, server, disks, Made(creation, records.baseline), facts.names),
        *_foreign_cards(facts, server),
    )
    return tuple(each for each in found if not ignored(facts.resource, each.field))


def _foreign_cards(facts: Facts, server: Observed) -> Iterator[Difference]:
    """Yield what others attached to a server that we made: it is told, and left alone."""
    cards = matched_cards(facts, server)
    if server.details is not None and server.owner_known and cards.foreign and cards.complete:
        own = ", ".join(sorted(card.network_id for card in cards.records))
        yield difference(NETWORKS, own, ", ".join(sorted(nic.network_id for nic in server.details.nics)))
