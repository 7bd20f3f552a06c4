"""The network cards of ``spec.server``."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt, StrictStr

from onecloud_operator.api.lists import Unique
from onecloud_operator.api.model import LIVE, LIVE_OR_RESTART, WHOLE, WITH_THE_CARD, Model, Reference
from onecloud_operator.api.rule import Rule

MAC = r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$"


def _address(version: int) -> Rule[str]:
    return Rule(
        f"must be an IPv{version} address",
        cel=f"isIP(self) && ip(self).family() == {version}",
        holds=lambda text: _version(text) == version,
    )


def _version(text: str) -> int | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    # Neither a zone nor an IPv4 address mapped into IPv6 is an address to CEL's ip().
    mapped = found.version == 6 and found.ipv4_mapped is not None  # noqa: PLR2004
    return None if "%" in text or mapped else found.version


class NetworkSpec(Model):
    """A network card."""

    network: Reference = Field(description="Network, by id or name. One card for each network.")
    address: Annotated[StrictStr, Field(max_length=15), _address(4)] | None = Field(
        default=None,
        description="IPv4 address, for example 10.88.0.20. Absent: the cloud chooses a free one.",
        json_schema_extra=LIVE_OR_RESTART,
    )
    address6: Annotated[StrictStr, Field(max_length=45), _address(6)] | None = Field(
        default=None, description="IPv6 address. Absent: none is asked for.", json_schema_extra=WITH_THE_CARD
    )
    mac: Annotated[StrictStr, Field(max_length=17, pattern=MAC)] | None = Field(
        default=None,
        description=(
            "MAC address in lower case, for example 00:24:ab:12:34:56. Absent: the cloud chooses one."
        ),
        json_schema_extra=WITH_THE_CARD,
    )
    bandwidth: Annotated[StrictInt, Field(ge=1, le=100000), WHOLE] | None = Field(
        default=None, description="Bandwidth limit, in Mbps.", json_schema_extra=LIVE
    )
    default: StrictBool | None = Field(
        default=None,
        description="Whether the default route goes through this card; true for one at most.",
        json_schema_extra=WITH_THE_CARD,
    )


_ONE_DEFAULT: Rule[tuple[NetworkSpec, ...]] = Rule(
    "one network at most is the default",
    cel="self.filter(n, has(n.default) && n.default).size() <= 1",
    holds=lambda networks: sum(network.default is True for network in networks) <= 1,
)

Networks = Annotated[
    tuple[NetworkSpec, ...], Field(min_length=1, max_length=8), Unique("network"), _ONE_DEFAULT
]
