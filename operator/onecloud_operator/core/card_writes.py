"""The steps that change a server's network cards and instance groups in the cloud, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttachCard:
    """
    Attach a card for the entry *network* of the spec.

    May not be repeated unless the cloud has refused it: each repetition makes another card.
    """

    server_id: str
    network: str
    network_id: str
    address: str | None = None
    address6: str | None = None
    mac: str | None = None
    bandwidth: int | None = None
    default: bool | None = None


@dataclass(frozen=True, slots=True)
class DetachCard:
    """Take the card with this MAC address off. *live*: the server runs, and goes on to."""

    server_id: str
    mac: str
    live: bool = False


@dataclass(frozen=True, slots=True)
class ChangeAddress:
    """Give a card another IPv4 address; it keeps its MAC address. *live*: as in DetachCard."""

    server_id: str
    mac: str
    network_id: str
    address: str
    live: bool = False


@dataclass(frozen=True, slots=True)
class LimitCard:
    """Limit the bandwidth of a card, in Mbps."""

    server_id: str
    mac: str
    bandwidth: int


@dataclass(frozen=True, slots=True)
class BindGroup:
    """Put a stopped server into an instance group."""

    server_id: str
    group_id: str


@dataclass(frozen=True, slots=True)
class UnbindGroup:
    """Take a stopped server out of an instance group."""

    server_id: str
    group_id: str


GroupWrite = BindGroup | UnbindGroup
OfflineCardWrite = DetachCard | ChangeAddress | GroupWrite
CardWrite = AttachCard | LimitCard | OfflineCardWrite
