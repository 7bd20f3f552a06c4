"""What the cloud says of objects as they will be: their servers as they are, and if it makes new ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onecloud_operator.controller.cloud_writer import checked_body
from onecloud_operator.controller.server_object import resource_of
from onecloud_operator.core.facts import Facts
from onecloud_operator.core.records import Creation, attempt_id
from onecloud_operator.core.server_names import server_name
from onecloud_operator.kube.bounded_json import slim
from onecloud_operator.onecloud.errors import ApiError, Unauthorized
from onecloud_operator.translate import Doing, Untranslatable, observed_from_details, problem_of

if TYPE_CHECKING:
    from datetime import datetime

    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.onecloud import Cloud


@dataclass(frozen=True, slots=True)
class Said:
    """*seen*: the server as it is now. *refusal*: why the cloud would make none. *remark*: what is amiss."""

    seen: Observed | None = None
    refusal: str = ""
    remark: str = ""


def check(bodies: Sequence[Mapping[str, Any]], wall: datetime) -> Callable[[Cloud], Awaitable[list[Said]]]:
    """Return the question for objects of one project, whose answers stand in their order."""

    async def question(cloud: Cloud) -> list[Said]:
        return [await _one(cloud, resource_of(slim(body)), wall) for body in bodies]

    return question


async def _one(cloud: Cloud, resource: Resource, wall: datetime) -> Said:
    server_id = resource.records.bound_id
    if server_id is not None and resource.records.seen:
        return _seen(await cloud.get_server(server_id))
    if resource.spec is None or not resource.spec.makes or resource.spec.adoption_policy != "Never":
        return Said()
    return Said(refusal=await _refusal(cloud, resource, wall))


def _seen(row: Mapping[str, Any] | None) -> Said:
    if row is None:
        return Said(remark="The cloud has no such server any more.")
    try:
        return Said(seen=observed_from_details(row, whole=True))
    except Untranslatable:
        return Said(remark="The cloud's answer cannot be read.")


async def _refusal(cloud: Cloud, resource: Resource, wall: datetime) -> str:
    """Ask for a server by the cloud's own dry run, which makes none; return why it is refused, "" if not."""
    spec = resource.server_spec
    if spec is None:
        return ""
    facts = Facts(resource, 0.0, wall)
    made = Creation(1, attempt_id(resource.uid, 1), server_name(resource, facts.config), wall.isoformat())
    try:
        await cloud.check_server(checked_body(facts, spec, made))
    except Unauthorized:
        raise
    except ApiError as error:
        return problem_of(error, doing=Doing.CREATE, image=spec.image).message
    return ""
