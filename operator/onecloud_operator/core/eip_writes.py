"""The steps that change elastic IPs (EIPs) in the cloud, as values. *server_id*: of the object's server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MakeEip:
    """POST the recorded EIP. May be repeated at any time: the id can be used once only."""

    server_id: str
    eip_id: str
    name: str
    bandwidth: int
    charge_type: str
    network_id: str | None = None


@dataclass(frozen=True, slots=True)
class BindEip:
    """Bind an EIP to the server; the cloud refuses it while either has another."""

    server_id: str
    eip_id: str


@dataclass(frozen=True, slots=True)
class UnbindEip:
    """Take the server's EIP off it; the EIP stays."""

    server_id: str
    eip_id: str


@dataclass(frozen=True, slots=True)
class ChangeEip:
    """Give an EIP another bandwidth, in Mbps."""

    server_id: str
    eip_id: str
    bandwidth: int


@dataclass(frozen=True, slots=True)
class DisownEip:
    """Take our owner tags off an EIP."""

    server_id: str
    eip_id: str


@dataclass(frozen=True, slots=True)
class DeleteEip:
    """Delete an EIP for good; the cloud has no bin for them."""

    server_id: str
    eip_id: str


# What leaves the server as it is.
AsideWrite = MakeEip | ChangeEip | DisownEip | DeleteEip
EipWrite = AsideWrite | BindEip | UnbindEip
