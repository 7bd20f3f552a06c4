"""The request that makes a root disk anew, with the login that would go with the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.controller.login_writer import LoginWriter
from onecloud_operator.core.values import Problem
from onecloud_operator.translate import rebuild_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.controller.sessions import Sessions
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.image_writes import Rebuild
    from onecloud_operator.onecloud import Cloud


async def rebuild(
    cloud: Cloud, sessions: Sessions, facts: Facts, step: Rebuild
) -> Mapping[str, Any] | Problem:
    """Send it; return what the cloud answers, or why it was not sent. Raises OneCloudError."""
    password = await LoginWriter(sessions, cloud).value(facts, step.password) if step.password else None
    if isinstance(password, Problem):
        return password
    body = rebuild_root(step.image_id, keypair_id=step.keypair_id, password=password)
    return await cloud.perform(step.server_id, "rebuild-root", body)
