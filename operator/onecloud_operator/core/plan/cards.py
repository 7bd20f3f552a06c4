"""
How the network cards of a server come to be those of the spec.

    entry without a card      look → record what is there → attach → look → the newcomer is the card
    bandwidth                 at once
    address                   as it runs; refused: when it is stopped
    card whose entry left     last, once no entry lacks a card, the default one last of all: as it runs where
                              the host removes cards from running servers, else when it is stopped

Only a card on record is ever touched, by its MAC address; what others attached is left alone. No version
tells that a card came or went, so each of these steps rests on a look of just now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, RecordCards
from onecloud_operator.core.card_records import options_of
from onecloud_operator.core.card_writes import ChangeAddress, DetachCard
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.attachments import attachment_step, looked_lately
from onecloud_operator.core.plan.card_limits import limit_difference, limit_step
from onecloud_operator.core.plan.card_match import field_of
from onecloud_operator.core.plan.diff import Difference
from onecloud_operator.core.plan.retry import refusal_text
from onecloud_operator.core.plan.stops import Candidate, Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.card_records import CardRecord
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Nic, Observed
    from onecloud_operator.core.plan.card_match import BoundCard, MatchedCards


def card_differences(cards: MatchedCards) -> Iterator[Difference]:
    """Yield how the cards differ from the entries of the spec."""
    for one in cards.open:
        if one.entry is not None:
            yield Difference(field_of(one.entry.network), one.entry.network, None)
        elif one.record is not None:
            yield Difference(field_of(one.record.network), "", "a card that is being attached")
    for entry in cards.unclear:
        yield Difference(field_of(entry.network), entry.network, "several cards")
    for bound in cards.bound:
        yield from _of_bound(bound)
    for record, nic in cards.leaving:
        yield Difference(field_of(record.network), "", _shown(nic))


def _of_bound(one: BoundCard) -> Iterator[Difference]:
    entry, nic, path = one.entry, one.nic, field_of(one.entry.network)
    if entry.address is not None and entry.address != nic.address:
        yield Difference(f"{path}.address", entry.address, nic.address)
    yield from limit_difference(one)
    for name, wanted, have in _unchangeable(one):
        yield Difference(f"{path}.{name}", wanted, have)


def _unchangeable(one: BoundCard) -> Iterator[tuple[str, str, str | None]]:
    """Yield what an edit says of a card that no card can change; what it was made with is past."""
    entry, nic = one.entry, one.nic
    if one.record.options == options_of(entry):
        return
    if entry.mac is not None and entry.mac != nic.mac:
        yield "mac", entry.mac, nic.mac
    if entry.address6 is not None and entry.address6.casefold() != (nic.address6 or "").casefold():
        yield "address6", entry.address6, nic.address6
    if entry.default and not nic.default:
        yield "default", "true", "false"


def card_steps(facts: Facts, server: Observed, cards: MatchedCards) -> Iterator[Candidate]:
    """Yield what is done about the cards whether the server runs or not, and what holds it back."""
    if not any(card_differences(cards)):
        return
    if server.phase is Phase.SUSPENDED:
        yield Candidate(
            Hold(
                Reason.RESTART_NEEDED,
                "The server is suspended, and its network cards change only while it runs or is stopped. "
                "Resume it or stop it, here by powerState: Running or in the cloud.",
            )
        )
        return
    if unread(facts):
        yield Candidate(Look(server.id))
        return
    if cards.records != facts.resource.records.cards:
        yield Candidate(RecordCards(cards.records))
        return
    for one in cards.open:
        yield Candidate(attachment_step(facts, server, cards, one))
    for bound in cards.bound:
        if (step := limit_step(facts, server.id, bound)) is not None:
            yield Candidate(step)


def card_holds(cards: MatchedCards) -> Iterator[Candidate]:
    """Yield what keeps cards from being as the spec has them, and how that ends."""
    for entry in cards.unclear:
        yield Candidate(
            Hold(
                Reason.AMBIGUOUS_NAME,
                f"{field_of(entry.network)}: several cards of the server are in this network, and it is not "
                "known which one is meant. Give its mac, or its address, or detach the others in the cloud.",
            )
        )
    for one in cards.bound:
        if names := ", ".join(name for name, _, _ in _unchangeable(one)):
            yield Candidate(
                Hold(
                    Reason.IMMUTABLE_FIELD,
                    f"{field_of(one.entry.network)}: a card that is there cannot change its {names}. Set it "
                    "back or take it out of the spec; or take the whole entry out, and put it back once its "
                    f"card, {one.nic.mac}, is detached.",
                )
            )


def card_purposes(facts: Facts, server: Observed, cards: MatchedCards) -> Iterator[Purpose]:
    """Yield what a stopped server takes: other addresses, and the end of cards that left the list."""
    if unread(facts) or cards.records != facts.resource.records.cards:
        return
    for one in cards.bound:
        entry, mac = one.entry, one.nic.mac
        if entry.address is not None and entry.address != one.nic.address and mac is not None:
            step = ChangeAddress(server.id, mac, one.nic.network_id, entry.address)
            yield _tried_live(facts, server, step, (f"{field_of(entry.network)}.address",))
    if not cards.complete:
        return  # the server stays reachable by what it has until it has the rest
    leaving = sorted(cards.leaving, key=lambda each: each[1].default)
    left = len(server.details.nics) - len(leaving) if server.details is not None else 0
    for record, nic in leaving if left > 0 else leaving[:-1]:
        if nic.mac is not None:
            yield _detaching(facts, server, DetachCard(server.id, nic.mac), record)


def _tried_live(facts: Facts, server: Observed, step: ChangeAddress, fields: tuple[str, ...]) -> Purpose:
    purpose, live = Purpose(step, fields), replace(step, live=True)
    if server.phase is not Phase.RUNNING:
        return purpose
    if refusal := refusal_text(facts, live):
        return replace(purpose, refusal=refusal)
    return replace(purpose, live=live)


def _detaching(facts: Facts, server: Observed, step: DetachCard, record: CardRecord) -> Purpose:
    purpose = Purpose(step, (field_of(record.network),), hot=True)
    if server.phase is not Phase.RUNNING or server.details is None:
        return purpose
    if server.details.hot_remove is None and facts.memory.looked_version != server.version:
        return replace(purpose, live=Look(server.id))  # the status that it was recalled from does not tell
    if not server.details.hot_remove:
        return purpose
    live = replace(step, live=True)
    if refusal := refusal_text(facts, live):
        return replace(purpose, refusal=refusal)
    return replace(purpose, live=live if looked_lately(facts, server) else Look(server.id))


def unread(facts: Facts) -> bool:
    """Return whether the cards were not read since a card was attached or detached."""
    at, looked_at = facts.memory.carded_at, facts.memory.looked_at
    return at is not None and (looked_at is None or looked_at < at)


def _shown(nic: Nic) -> str:
    return f"{nic.address or nic.address6 or 'a card'} ({nic.mac})"
