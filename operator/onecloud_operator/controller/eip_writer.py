"""The request that each step for an elastic IP (EIP) makes: one for one, and nothing decided on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from onecloud_operator.core.eip_writes import (
    BindEip,
    ChangeEip,
    DeleteEip,
    DisownEip,
    EipWrite,
    MakeEip,
    UnbindEip,
)
from onecloud_operator.core.ownership import owner_of
from onecloud_operator.translate import (
    OWNER_TAGS,
    bind_eip,
    eip_bandwidth,
    eip_body,
    tags,
    unbind_eip,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.onecloud import Cloud


async def send_eip(cloud: Cloud, facts: Facts, step: EipWrite) -> Mapping[str, Any] | None:
    """Make the one request of *step*; return what it shows of the server. Raises OneCloudError."""
    match step:
        case MakeEip():
            await cloud.eips.create(eip_body(step, owner_of(facts.resource, facts.config)))
        case BindEip(server_id=server_id, eip_id=eip_id):
            return await cloud.perform(server_id, "associate-eip", bind_eip(eip_id))
        case UnbindEip(server_id=server_id):
            return await cloud.perform(server_id, "dissociate-eip", unbind_eip())
        case ChangeEip(eip_id=eip_id, bandwidth=mbps):
            await cloud.eips.perform(eip_id, "change-bandwidth", eip_bandwidth(mbps))
        case DisownEip(eip_id=eip_id):
            await cloud.eips.perform(eip_id, "user-metadata", tags({}, OWNER_TAGS))
        case DeleteEip(eip_id=eip_id):
            await cloud.eips.delete(eip_id)
        case _:
            assert_never(step)
    return None
