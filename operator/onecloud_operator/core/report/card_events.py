"""What is told of network cards: that one was attached for an entry of the spec, or taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.reasons import EventReason
from onecloud_operator.core.card_records import cards_in
from onecloud_operator.core.card_writes import DetachCard
from onecloud_operator.core.conclusion import KubeEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts


def cards_attached(old: Mapping[str, Any], new: Mapping[str, Any], server: str) -> Iterator[KubeEvent]:
    """Yield an Event for each card of which it is known since *old* that it came of an attachment."""
    if old.get("cards") == new.get("cards"):
        return
    asked_for = {card.network for card in cards_in(old.get("cards")) if card.attaching is not None}
    for card in cards_in(new.get("cards")):
        if card.network in asked_for and card.mac is not None:
            what = f"network card {card.mac} for network {card.network} ({card.network_id})"
            yield KubeEvent("Normal", EventReason.CARD_ATTACHED, f"Attached {what} to server {server}.")


def card_detached(facts: Facts, step: Step) -> KubeEvent | None:
    """Return the Event of *step*, which the cloud has accepted, if it takes a card off."""
    if not isinstance(step, DetachCard):
        return None
    cards = facts.resource.records.cards
    network = next((f" for network {card.network}" for card in cards if card.mac == step.mac), "")
    message = f"Detached network card {step.mac}{network} from server {step.server_id}."
    return KubeEvent("Normal", EventReason.CARD_DETACHED, message)
