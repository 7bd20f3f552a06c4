"""``status.cards``: which network card each entry of ``spec.server.networks`` is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictStr

from onecloud_operator.api.lists import ATOMIC_LIST
from onecloud_operator.api.status_model import Count, Short, StatusModel, Text, Time, shown

Network = Annotated[StrictStr, Field(max_length=128)]


class AttachmentStatus(StatusModel):
    """A card whose attachment was begun."""

    since: Time = Field(description="When it began.")
    before: Annotated[tuple[Short, ...], Field(max_length=64)] = Field(
        description="MAC addresses of the cards that were there before.", json_schema_extra=ATOMIC_LIST
    )
    address: Short | None = shown("IPv4 address that the card was to have.")
    mac: Short | None = shown("MAC address that the card was to have.")
    asked: Text | None = shown("The annotation onecloud.io/reconcile-requested-at that stood then.")


class CardRecordStatus(StatusModel):
    """Which network card an entry of the spec is."""

    network: Network = Field(description="Network of the entry, as the spec has it.")
    network_id: Short = Field(description="Id of the network.")
    mac: Short | None = shown("MAC address of the card; absent until it is known which card it is.")
    how: Literal["Created", "Attached", "Found"] = Field(
        description="Made with the server, attached by the operator, or found there."
    )
    bandwidth: Count | None = shown("What the operator had its bandwidth limited to last, in Mbps.")
    limiting: Count | None = shown(
        "What it was about to be limited to; absent once it is certain that the cloud has done so."
    )
    options: Short | None = shown("Short digest of the options that the card was made with.")
    attaching: AttachmentStatus | None = shown(
        "The attachment under way. It is not repeated by itself while nobody knows what came of it."
    )
