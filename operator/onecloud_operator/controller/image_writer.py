"""The request that makes a root disk anew, with the login that would go with the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.values import Problem
from onecloud_operator.kube.secrets import PASSWORD_BYTES
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
    spec, password = facts.resource.server_spec, None
    if spec is not None and spec.password_from is not None:
        source = spec.password_from.secret_key_ref
        value = await sessions.value(facts.resource.namespace, source.name, source.key, PASSWORD_BYTES)
        if isinstance(value, Problem):
            return value
        password = value
    body = rebuild_root(step.image_id, keypair_id=step.keypair_id, password=password)
    return await cloud.perform(step.server_id, "rebuild-root", body)
