"""What this process remembers of its writes to the cards of one server."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from onecloud_operator.core.card_writes import AttachCard, DetachCard, LimitCard
from onecloud_operator.core.facts import CardTry, LimitTry
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.values import newest

if TYPE_CHECKING:
    from onecloud_operator.core.card_records import CardRecord
    from onecloud_operator.core.facts import Facts, Memory


def begun_cards(facts: Facts, memory: Memory, cards: tuple[CardRecord, ...]) -> Memory:
    """Note which attachments this process has begun: no other can have sent their requests."""
    before = {card.network: card.attaching for card in facts.resource.records.cards}
    tries = {
        card.network: CardTry(card.attaching.since)
        if card.attaching != before.get(card.network)
        else memory.card_tries.get(card.network)
        for card in cards
        if card.attaching is not None
    }
    was = {card.mac: card.limiting for card in facts.resource.records.cards}
    unsure = {card.mac: card.limiting for card in cards if card.mac is not None and card.limiting is not None}
    begun = {mac: memory.limit_tries.get(mac, LimitTry()) for mac in unsure if unsure[mac] != was.get(mac)}
    return replace(
        memory,
        card_tries={network: one for network, one in tries.items() if one is not None},
        limit_tries=newest({**memory.limit_tries, **begun}),
        limited={mac: limit for mac, limit in memory.limited.items() if mac not in unsure},
    )


def limit_unheard(memory: Memory, step: LimitCard, ended_at: float) -> Memory:
    """Note that nobody heard what came of *step*."""
    return replace(
        memory,
        limit_tries=newest({**memory.limit_tries, step.mac: LimitTry(step.bandwidth, ended_at)}),
        limited={mac: limit for mac, limit in memory.limited.items() if mac != step.mac},
    )


def carded(memory: Memory, step: AttachCard | DetachCard | LimitCard, ended_at: float) -> Memory:
    """Note what the cloud accepted, or may have done all the same."""
    memory = replace(memory, wrote_at=ended_at)
    match step:
        case AttachCard(network=network):
            attempt = memory.card_tries.get(network)
            tries = memory.card_tries
            if attempt is not None:
                tries = {**tries, network: replace(attempt, sent_at=ended_at)}
            return replace(memory, card_tries=tries, carded_at=ended_at)
        case DetachCard():
            return replace(memory, carded_at=ended_at)
        case LimitCard(mac=mac, bandwidth=bandwidth):
            return replace(memory, limited=newest({**memory.limited, mac: bandwidth}))
        case _:
            assert_never(step)
