"""
How one card is attached, once.

    nothing on record          look → record the cards that are there → attach
    refused, clearly           nothing was made: again when its time has come
    answered or not            look: one fitting newcomer is the card, and that is put on record
    none, or two               looked for, then held: only a person has it tried again

A request that nobody heard of is not repeated by itself: the cloud would make one more card.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, RecordCards
from onecloud_operator.core.card_records import CARDS_LENGTH, MACS_LENGTH, Attachment, options_of
from onecloud_operator.core.card_writes import AttachCard
from onecloud_operator.core.plan.card_match import begun_card, field_of
from onecloud_operator.core.plan.retry import blocked, kind_of
from onecloud_operator.core.records import HeldBack
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from onecloud_operator.api.spec import NetworkSpec
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.card_records import CardRecord
    from onecloud_operator.core.facts import CardTry, Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.plan.card_match import MatchedCards, OpenCard

LOOKED_SECONDS = 60.0  # how old the look may be on which a card comes or goes
LOOK_AGAIN_SECONDS = 10.0  # between two looks for a card that may still come


def attachment_step(facts: Facts, server: Observed, cards: MatchedCards, one: OpenCard) -> Step:
    """Return the next step for an entry that lacks its card."""
    if one.record is None or one.record.attaching is None:
        return _begin(facts, server, cards, one)
    attaching = one.record.attaching
    attempt = _attempt(facts, one.record, attaching)
    if attempt is None or attempt.sent_at is not None:
        return _looked_for(facts, server, cards, one, attaching)
    if one.entry is None:
        return RecordCards(_without(cards, one.record))  # nothing was sent
    begun, entry = one.record, one.entry
    asked = (attaching.address, attaching.mac, begun.bandwidth, begun.options)
    if (entry.address, entry.mac, entry.bandwidth, options_of(entry)) != asked:
        return _begin(facts, server, cards, one)
    return _wish(server, one.entry, one.network_id)


def looked_lately(facts: Facts, server: Observed) -> bool:
    """Return whether *server* was read by a look of just now, after whatever we did to its cards."""
    at, carded_at = facts.memory.looked_at, facts.memory.carded_at
    if at is None or facts.memory.looked_version != server.version:
        return False
    return facts.now - at < LOOKED_SECONDS and (carded_at is None or at >= carded_at)


def _begin(facts: Facts, server: Observed, cards: MatchedCards, one: OpenCard) -> Step:
    if one.entry is None or server.details is None:
        msg = "only an entry of the spec is attached, to a server with details"
        raise AssertionError(msg)
    if (obstacle := blocked(facts, _wish(server, one.entry, one.network_id))) is not None:
        return obstacle
    macs = tuple(sorted(nic.mac for nic in server.details.nics if nic.mac is not None))
    if len(macs) > MACS_LENGTH or len(macs) != len(server.details.nics):
        return Hold(
            Reason.OPERATION_FAILED,
            f"{field_of(one.entry.network)}: the server has too many network cards, or some that show no MAC "
            "address, so a new one could not be told from the others. None is attached.",
        )
    kept = cards.records if one.record is None else _without(cards, one.record)
    if len(kept) >= CARDS_LENGTH:
        return Hold(
            Reason.OPERATION_FAILED,
            f"{field_of(one.entry.network)}: too many network cards have left the spec and are still there. "
            "None is attached until they are detached, by disruption.allow: Restart or in the cloud.",
        )
    if not looked_lately(facts, server):
        return Look(server.id)
    attaching = Attachment(text_of_time(facts.wall), macs, one.entry.address, one.entry.mac, _asked(facts))
    return RecordCards((*kept, begun_card(one, attaching)))


def _looked_for(
    facts: Facts, server: Observed, cards: MatchedCards, one: OpenCard, attaching: Attachment
) -> Step:
    """Look for the card of a request of which nobody knows what became."""
    record, memory = one.record, facts.memory
    if record is None:
        msg = "only what is on record is looked for"
        raise AssertionError(msg)
    attempt = _attempt(facts, record, attaching)
    sent_at = memory.latest(attempt.sent_at if attempt is not None else None)
    until, looked_at = sent_at + facts.config.post_settle_seconds, memory.looked_at
    if looked_at is None or looked_at < sent_at:
        return Look(server.id)
    if one.fitting == 0 and looked_at < until:
        wait = min(looked_at + LOOK_AGAIN_SECONDS, until) - facts.now
        said = f"Looking for the network card of {field_of(record.network)}, which was asked for."
        return Hold(Reason.UPDATING, said, wait) if wait > 0 else Look(server.id)
    if one.entry is None:
        return RecordCards(_without(cards, record))  # nobody wants it any more; a late one is left alone
    asked = facts.resource.reconcile_requested_at
    if asked not in {None, attaching.asked}:
        return _begin(facts, server, cards, one)
    found = "no new card of the server fits" if one.fitting == 0 else f"{one.fitting} new cards fit"
    message = (
        f"{field_of(record.network)}: a network card was asked for at {attaching.since}, and {found}, so it "
        "is not known what came of it. It is not asked for again by itself, or there might be one too many. "
        "Look at the server's cards in the cloud, detach one that is too many, and set the annotation "
        f"{RECONCILE_REQUESTED_AT} to the time of day to have it tried once more."
    )
    kind = kind_of(_wish(server, one.entry, one.network_id))
    spent = HeldBack(kind, Reason.OPERATION_FAILED, message)
    return Hold(Reason.OPERATION_FAILED, message, spent=(spent,))


def _attempt(facts: Facts, record: CardRecord, attaching: Attachment) -> CardTry | None:
    """Return what this process did about *attaching*; None: another one began it."""
    attempt = facts.memory.card_tries.get(record.network)
    return attempt if attempt is not None and attempt.since == attaching.since else None


def _asked(facts: Facts) -> str | None:
    return facts.resource.reconcile_requested_at or facts.resource.records.last_handled


def _without(cards: MatchedCards, record: CardRecord) -> tuple[CardRecord, ...]:
    return tuple(other for other in cards.records if other.network != record.network)


def _wish(server: Observed, entry: NetworkSpec, network_id: str) -> AttachCard:
    return AttachCard(
        server.id,
        entry.network,
        network_id,
        address=entry.address,
        address6=entry.address6,
        mac=entry.mac,
        bandwidth=entry.bandwidth,
        default=entry.default,
    )
