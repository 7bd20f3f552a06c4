"""What the cloud says of objects as they will be: their servers as they are, and if it makes new ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.cli.failure import Failure
from onecloud_operator.controller.cloud_writer import checked_body
from onecloud_operator.controller.server_object import resource_of
from onecloud_operator.core.facts import Facts
from onecloud_operator.core.records import Creation, attempt_id
from onecloud_operator.core.references import Kind, names_in
from onecloud_operator.core.server_names import server_name
from onecloud_operator.kube.bounded_json import slim
from onecloud_operator.onecloud.errors import ApiError, OneCloudError, Unauthorized
from onecloud_operator.translate import (
    Doing,
    Untranslatable,
    answer_of,
    collection_of,
    observed_from_details,
    problem_of,
    unknown_of,
)

if TYPE_CHECKING:
    from datetime import datetime

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.references import Answer, Names, Reference
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.onecloud import Cloud


@dataclass(frozen=True, slots=True)
class Said:
    """
    What the cloud says of one object.

    *seen*: the server as it is now. *names*: what it says of the names in the spec. *refusal*: why it would
    make none. *remark*: what is amiss.
    """

    seen: Observed | None = None
    names: Names = field(default_factory=dict)
    refusal: str = ""
    remark: str = ""


def check(bodies: Sequence[Mapping[str, Any]], wall: datetime) -> Callable[[Cloud], Awaitable[list[Said]]]:
    """Return the question for objects of one project, whose answers stand in their order."""

    async def question(cloud: Cloud) -> list[Said]:
        names: dict[Reference, Answer] = {}
        return [await _one(cloud, resource_of(slim(body)), wall, names) for body in bodies]

    return question


async def _one(cloud: Cloud, resource: Resource, wall: datetime, names: dict[Reference, Answer]) -> Said:
    server_id, place = resource.records.bound_id, resource.records.place
    if server_id is not None and resource.records.seen:
        row = await server_row(server_id, place.project_id if place is not None else "")(cloud)
        said = _seen(row)
        if said.seen is not None and resource.server_spec is not None:
            await _look_up(cloud, resource.server_spec, names)
        return replace(said, names=names)
    if resource.spec is None or not resource.spec.makes or resource.spec.adoption_policy != "Never":
        return Said()
    return Said(refusal=await _refusal(cloud, resource, wall))


async def _look_up(cloud: Cloud, spec: ServerSpec, names: dict[Reference, Answer]) -> None:
    """Note what the cloud says of each name in *spec*, which is asked for once."""
    for reference in names_in(spec):
        if reference in names or reference.kind is Kind.KEYPAIR:
            continue  # key pairs belong to a user, who may be another one than the operator's
        try:
            rows = await cloud.list_named(collection_of(reference.kind), reference.name)
        except Unauthorized:
            raise
        except OneCloudError as error:
            names[reference] = unknown_of(error)
        else:
            names[reference] = answer_of(reference.kind, rows)


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


def server_row(server_id: str, project_id: str) -> Callable[[Cloud], Awaitable[Mapping[str, Any] | None]]:
    """
    Return the question for one server: its row, or None if it is proven not to exist.

    *project_id*: where it is, "" if that is not known. Another project's answer proves nothing.
    """

    async def question(cloud: Cloud) -> Mapping[str, Any] | None:
        row = await cloud.get_server(server_id)
        if row is None and project_id not in {"", (await cloud.session()).project_id}:
            raise Failure(
                f"server {server_id} is in project {project_id}, and these credentials are for another one",
                "sign in to that project, or unset OS_AUTH_URL to have the object's Secret read",
            )
        return row

    return question
