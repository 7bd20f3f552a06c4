"""What is asked of the cloud about network cards and instance groups, in its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onecloud_operator.api.networks import NetworkSpec
    from onecloud_operator.core.card_writes import AttachCard


def wanted_card(card: NetworkSpec | AttachCard, network: str) -> dict[str, Any]:
    """Return a card to be made, with the server or for it, in *network*."""
    wanted = {
        "network": network,
        "address": card.address,
        "address6": card.address6,
        "require_ipv6": True if card.address6 is not None else None,
        "mac": card.mac,
        "bw_limit": card.bandwidth,
        "is_default": card.default,
    }
    return {key: value for key, value in wanted.items() if value is not None}


def attach_network(card: AttachCard) -> dict[str, Any]:
    """Return the card to attach. Unlike at a creation, its network is found by its id only."""
    return {"nets": [wanted_card(card, card.network_id)]}


def one_card(mac: str) -> dict[str, Any]:
    """Return which card is meant."""
    return {"mac": mac}


def change_address(mac: str, network_id: str, address: str) -> dict[str, Any]:
    """Return the new address of a card, which stays in its network."""
    return {"mac": mac, "net_desc": {"network": network_id, "address": address}}


def change_bandwidth(mac: str, mbps: int) -> dict[str, Any]:
    """Return the new limit of a card."""
    return {"mac": mac, "bandwidth": mbps}


def one_group(group_id: str) -> dict[str, Any]:
    """Return which instance group is meant; a list of them is not understood."""
    return {"group.0": group_id}
