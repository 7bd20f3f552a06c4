"""``status.eip``: which elastic IP (EIP) the object has given its server."""

from __future__ import annotations

from typing import Literal

from onecloud_operator.api.status_model import Count, Message, Short, StatusModel, Text, Time, shown


class EipStatus(StatusModel):
    """The EIP that the object has, or is about to have, and how many it has made."""

    attempt: Count | None = shown(
        "How many EIPs of its own the object has begun to make. The id of each is made of the object's UID "
        "and this number, and is used once."
    )
    id: Short | None = shown("Id of the EIP; absent where the object has none.")
    origin: Literal["Made", "Given"] | None = shown(
        "Made: the object made it, and deletes it. Given: it was there before, and stays."
    )
    reference: Text | None = shown("The name by which the spec gave it.")
    name: Text | None = shown("Name of the EIP.")
    address: Short | None = shown("Its address.")
    bandwidth: Count | None = shown("Its bandwidth in Mbps.")
    charge_type: Short | None = shown("How it is charged.")
    network: Text | None = shown("The network that the spec named when the object made it.")
    network_id: Short | None = shown("Id of the network that its address is of.")
    made_at: Time | None = shown("When one that the object made was first seen with an address.")
    refusal: Message | None = shown(
        "Why the cloud could not bind it. It was taken off again, and is not bound again by itself."
    )
    refused_for: Short | None = shown("A digest of what was asked for then: another one is tried again.")
