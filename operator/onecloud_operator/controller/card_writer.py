"""The request that each step about network cards and instance groups makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from onecloud_operator.core.card_writes import (
    AttachCard,
    BindGroup,
    CardWrite,
    ChangeAddress,
    DetachCard,
    LimitCard,
    UnbindGroup,
)
from onecloud_operator.translate import (
    attach_network,
    change_address,
    change_bandwidth,
    one_card,
    one_group,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.onecloud import Cloud


async def send_card_write(cloud: Cloud, step: CardWrite) -> Mapping[str, Any]:
    """Make the one request of *step*; return what the cloud answers. Raises OneCloudError."""
    action, body = _asked(step)
    return await cloud.perform(step.server_id, action, body)


def _asked(step: CardWrite) -> tuple[str, dict[str, Any]]:
    match step:
        case AttachCard():
            return "attachnetwork", attach_network(step)
        case DetachCard(mac=mac):
            return "detachnetwork", one_card(mac)
        case ChangeAddress(mac=mac, network_id=network_id, address=address):
            return "change-ipaddr", change_address(mac, network_id, address)
        case LimitCard(mac=mac, bandwidth=bandwidth):
            return "change-bandwidth", change_bandwidth(mac, bandwidth)
        case BindGroup(group_id=group_id):
            return "bind-groups", one_group(group_id)
        case UnbindGroup(group_id=group_id):
            return "unbind-groups", one_group(group_id)
        case _:
            assert_never(step)
