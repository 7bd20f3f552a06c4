"""
How the bandwidth of a card is limited, of which the cloud does not show what it is.

    recorded     what it is about to be stands in the status before it is asked for, until that is accepted
    lost         nobody knows: asked for again; another value only when the lost one cannot come true any more
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, RecordCards
from onecloud_operator.core.card_writes import LimitCard
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.plan.card_match import field_of
from onecloud_operator.core.plan.diff import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.plan.card_match import BoundCard

BANDWIDTH = "bandwidth"


def _wanted(one: BoundCard) -> int | None:
    """Return what the card is to be limited to, None where nothing is to be done."""
    record, want = one.record, one.entry.bandwidth
    return None if want == record.bandwidth and record.limiting is None else want


def limit_difference(one: BoundCard) -> Iterator[Difference]:
    """Yield the difference between the limit of the spec and the one on record."""
    if (want := _wanted(one)) is None:
        return
    have, unsure = one.record.bandwidth, one.record.limiting
    shown = None if have is None else str(have)
    if unsure is not None:
        shown = f"{shown or 'none'} or {unsure}"
    yield Difference(f"{field_of(one.entry.network)}.{BANDWIDTH}", str(want), shown)


def limit_step(facts: Facts, server_id: str, one: BoundCard) -> Step | None:
    """Return what is done about the limit of a card."""
    want, mac = _wanted(one), one.nic.mac
    if want is None or mac is None:
        return None
    attempt, settle = facts.memory.limit_tries.get(mac), facts.config.post_settle_seconds
    until = facts.now
    if attempt is None:  # another process sent what is unsure, or was about to
        until = facts.memory.born_at + settle if one.record.limiting not in {None, want} else until
    elif attempt.lost not in {None, want}:
        until = attempt.lost_at + settle
    if until > facts.now:
        message = (
            f"{field_of(one.entry.network)}: an earlier change of bandwidth was sent and may still come "
            "true, so the next one waits until it cannot any more."
        )
        return Hold(Reason.UPDATING, message, until - facts.now)
    return LimitCard(server_id, mac, want)


def recorded_first(facts: Facts, step: Step) -> RecordCards | None:
    """Return the record that comes before *step*, None if it stands in the status."""
    if not isinstance(step, LimitCard):
        return None
    cards = facts.resource.records.cards
    if all(card.limiting == step.bandwidth for card in cards if card.mac == step.mac):
        return None
    marked = (replace(card, limiting=step.bandwidth) if card.mac == step.mac else card for card in cards)
    return RecordCards(tuple(marked))
