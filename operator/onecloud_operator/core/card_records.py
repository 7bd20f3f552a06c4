"""
Which network card is which, as the status remembers it: by its MAC address, which it keeps for life.

An attachment is on record before it is asked for, with the MAC addresses that are there before it: the cloud
tells nobody which card came of which request, and makes another card for each repetition.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.status_values import given, rows, text, texts, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.api.networks import NetworkSpec

CARDS_LENGTH, MACS_LENGTH, GROUPS_LENGTH, TEXT_LENGTH = 16, 64, 16, 128  # the CRD's bounds
CREATED, ATTACHED, FOUND = "Created", "Attached", "Found"
DIGEST_LENGTH = 12


@fast_dataclass(frozen=True, slots=True)
class Attachment:
    """
    An attachment that was begun at *since* (RFC 3339) beside the cards of *before*, their MAC addresses.

    *address*, *mac*: what was wanted of the card. *asked*: the request for another try that stood then.
    """

    since: str
    before: tuple[str, ...]
    address: str | None = None
    mac: str | None = None
    asked: str | None = None


@fast_dataclass(frozen=True, slots=True)
class CardRecord:
    """
    The card of one entry of the spec, called *network* there as its record is.

    *mac*: None until it is known which card it is. *how*: it was made with the server, attached by us, or
    found there. *bandwidth*: what we had it limited to last, in Mbps; *limiting*: what it was about to be,
    None where that is certain. *options*: a digest of what the entry said of what no card can change, ""
    where the card was not made of that.
    """

    network: str
    network_id: str
    mac: str | None = None
    how: str = FOUND
    bandwidth: int | None = None
    options: str = ""
    attaching: Attachment | None = None
    limiting: int | None = None


def options_of(entry: NetworkSpec) -> str:
    """Return a digest of what *entry* says of what a card is made with, and cannot change."""
    said = json.dumps([entry.mac, entry.address6, entry.default])
    return hashlib.sha256(said.encode()).hexdigest()[:DIGEST_LENGTH]


# -- in the status ---------------------------------------------------------------------------------------
def card_status(card: CardRecord) -> dict[str, Any]:
    """Return one entry of ``status.cards``."""
    row: dict[str, Any] = {
        "network": card.network,
        "networkID": card.network_id,
        "mac": card.mac,
        "how": card.how,
        "bandwidth": card.bandwidth,
        "limiting": card.limiting,
        "options": card.options or None,
    }
    if (under_way := card.attaching) is not None:
        attaching = {
            "since": under_way.since,
            "before": list(under_way.before),
            "address": under_way.address,
            "mac": under_way.mac,
            "asked": under_way.asked,
        }
        row["attaching"] = given(attaching)
    return given(row)


def cards_in(value: object) -> tuple[CardRecord, ...]:
    """Read the records out of a status; what is not of their form, or names one card twice, is left out."""
    found: dict[str, CardRecord] = {}
    macs: set[str] = set()
    for row in rows(value):
        card = _card(row)
        if card is None or card.network in found or card.mac in macs:
            continue
        found[card.network] = card
        macs |= {card.mac} if card.mac is not None else set()
    return tuple(found.values())[:CARDS_LENGTH]


def groups_in(value: object) -> tuple[str, ...] | None:
    """Read the instance groups out of a status; None where they were never noted."""
    if not isinstance(value, list):
        return None
    return tuple(one for one in value if isinstance(one, str) and one)[:GROUPS_LENGTH]


def _card(row: Mapping[str, Any]) -> CardRecord | None:
    network, network_id, mac = text(row.get("network")), text(row.get("networkID")), text(row.get("mac"))
    attaching = _attachment(row.get("attaching"))
    how = text(row.get("how"))
    if network is None or network_id is None or (mac is None) == (attaching is None):
        return None
    return CardRecord(
        network,
        network_id,
        mac,
        how if how in {CREATED, ATTACHED} else FOUND,
        whole(row.get("bandwidth")),
        text(row.get("options")) or "",
        attaching,
        whole(row.get("limiting")),
    )


def _attachment(value: object) -> Attachment | None:
    if not isinstance(value, dict) or (since := text(value.get("since"))) is None:
        return None
    before = value.get("before")
    if not isinstance(before, list):
        return None
    return Attachment(
        since, texts(before), text(value.get("address")), text(value.get("mac")), text(value.get("asked"))
    )
