"""The request that each step to the cloud makes: one for one, and nothing decided on the way."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.card_writer import send_card_write
from onecloud_operator.controller.disk_writer import send_disk_write
from onecloud_operator.controller.eip_writer import send_eip
from onecloud_operator.controller.image_writer import rebuild
from onecloud_operator.controller.login_writer import LoginWriter
from onecloud_operator.core.card_writes import CardWrite
from onecloud_operator.core.cloud_writes import (
    Claim,
    CloudWrite,
    Create,
    Delete,
    Disown,
    GrowDisk,
    KeepDisk,
    Resize,
    Restore,
    Resume,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    Suspend,
    SyncStatus,
    Unlock,
    Update,
)
from onecloud_operator.core.disk_writes import AddDisk, DiskWrite, SetDiskPolicy, TagDisk
from onecloud_operator.core.eip_writes import AsideWrite, EipWrite, MakeEip
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_writes import LoginWrite
from onecloud_operator.core.ownership import owner_of
from onecloud_operator.core.server_names import host_name
from onecloud_operator.core.values import Problem
from onecloud_operator.kube.secrets import PASSWORD_BYTES, USER_DATA_BYTES
from onecloud_operator.kube.store import Key
from onecloud_operator.translate import (
    OWNER_TAGS,
    Doing,
    Untranslatable,
    change_config,
    create_body,
    detach_disk,
    owner_tags,
    resize_disk,
    security_groups,
    tags,
    update_changes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.api.spec import SecretKeyReference, ServerSpec
    from onecloud_operator.controller.sessions import Sessions
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.records import Creation
    from onecloud_operator.feed import Feed
    from onecloud_operator.onecloud import Cloud

ACTIONS: dict[type[CloudWrite], str] = {
    Start: "start",
    Stop: "stop",
    Suspend: "suspend",
    Resume: "resume",
    Restore: "cancel-delete",
    SyncStatus: "syncstatus",
}


@dataclass(frozen=True, slots=True)
class CloudWriter:
    """
    What writes to the cloud for one object in one pass.

    *source*: the same cloud as the feed knows it, which keeps account of what it may see.
    """

    sessions: Sessions
    cloud: Cloud
    feed: Feed[Key]
    source: Cloud

    async def send(self, facts: Facts, step: CloudWrite) -> Mapping[str, Any] | Problem | None:
        """
        Make the one request of *step*; return what the cloud answers, or why it was not made.

        Raises OneCloudError.
        """
        cloud = self.cloud
        match step:
            case Create():
                return await self._create(facts, step)
            case Claim(server_id=server_id):
                owner = owner_of(facts.resource, facts.config)
                return await cloud.merge_user_metadata(server_id, owner_tags(owner))
            case Disown(server_id=server_id):
                return await cloud.merge_user_metadata(server_id, tags({}, OWNER_TAGS))
            case Update(server_id=server_id, fields=fields):
                return await cloud.update_server(server_id, update_changes(dict(fields)))
            case SetTags(server_id=server_id, put=put, remove=remove):
                return await cloud.merge_user_metadata(server_id, tags(dict(put), remove))
            case SetSecurityGroups(server_id=server_id, groups=groups):
                return await cloud.perform(server_id, "set-secgroup", security_groups(groups))
            case Start() | Stop() | Suspend() | Resume() | Restore() | SyncStatus():
                return await cloud.perform(step.server_id, ACTIONS[type(step)])
            case Resize(server_id=server_id):
                body = change_config(
                    cpu=step.cpu, memory_mib=step.memory_mib, instance_type=step.instance_type
                )
                return await cloud.perform(server_id, "change-config", body)
            case GrowDisk(server_id=server_id, disk_id=disk_id, size_mib=size_mib):
                return await cloud.perform(server_id, "resize-disk", resize_disk(disk_id, size_mib))
            case KeepDisk():
                return await self._keep_disk(step)
            case Unlock(server_id=server_id):
                return await cloud.update_server(server_id, update_changes({"locked": False}))
            case Delete(server_id=server_id, for_good=for_good):
                return await self._delete(server_id, for_good=for_good)
            case _ if isinstance(step, CardWrite | DiskWrite | AddDisk | LoginWrite | Rebuild | EipWrite):
                return await self._send_to_part(facts, step)
        assert_never(step)

    async def _send_to_part(
        self, facts: Facts, step: CardWrite | DiskWrite | AddDisk | LoginWrite | Rebuild | EipWrite
    ) -> Mapping[str, Any] | Problem | None:
        if isinstance(step, CardWrite):
            return await send_card_write(self.cloud, step)
        if isinstance(step, DiskWrite | AddDisk):
            return await send_disk_write(self.cloud, facts, step)
        if isinstance(step, EipWrite):
            return await send_eip(self.cloud, facts, step)
        if isinstance(step, Rebuild):
            return await rebuild(self.cloud, self.sessions, facts, step)
        return await LoginWriter(self.sessions, self.cloud).send(facts, step)

    async def _keep_disk(self, step: KeepDisk) -> Mapping[str, Any] | None:
        match step.how:
            case "detach":
                return await self.cloud.perform(step.server_id, "detachdisk", detach_disk(step.disk_id))
            case "restore":
                await self.cloud.restore_disk(step.disk_id)
            case _:
                await self.cloud.update_disk(step.disk_id, {"auto_delete": False})
        return None

    async def _delete(self, server_id: str, *, for_good: bool) -> Mapping[str, Any] | None:
        reply = await self.cloud.delete_server(server_id, override_pending_delete=for_good)
        if reply is None:
            with suppress(Untranslatable):
                await self.feed.look(server_id, self.source)  # it is gone: have that on record at once
        return reply

    async def _create(self, facts: Facts, step: Create) -> Mapping[str, Any] | Problem:
        spec = facts.resource.server_spec
        if spec is None:
            return Problem(Reason.INVALID_SPEC, "spec.server is needed to make a server.")
        login = spec.password_from.secret_key_ref if spec.password_from else None
        password = await self._value(facts, login, PASSWORD_BYTES)
        if isinstance(password, Problem):
            return password
        start = spec.user_data_from.secret_key_ref if spec.user_data_from else None
        user_data = await self._value(facts, start, USER_DATA_BYTES)
        if isinstance(user_data, Problem):
            return user_data
        user_data = user_data if user_data is not None else spec.user_data
        body = _body(facts, spec, step.creation, password, user_data)
        reply = await self.cloud.create_server(body)
        if reply.get("id") != step.creation.id:
            return Problem(
                Reason.PROVIDER_ERROR,
                f"The cloud made server {reply.get('id')} instead of {step.creation.id}: it does not take "
                "the ids that it is given, so this operator cannot work with it. Delete that server there.",
            )
        return reply

    async def _value(
        self, facts: Facts, reference: SecretKeyReference | None, most: int
    ) -> str | Problem | None:
        if reference is None:
            return None
        return await self.sessions.value(facts.resource.namespace, reference.name, reference.key, most)


def checked_body(facts: Facts, spec: ServerSpec, creation: Creation) -> dict[str, Any]:
    """Return the server to make, as the cloud is to check it: without what is in a Secret."""
    return _body(facts, spec, creation, None, spec.user_data)


def _body(
    facts: Facts, spec: ServerSpec, creation: Creation, password: str | None, user_data: str | None
) -> dict[str, Any]:
    return create_body(
        spec,
        server_id=creation.id,
        name=creation.name,
        hostname=spec.hostname or host_name(facts.resource.name),
        owner=owner_of(facts.resource, facts.config),
        password=password,
        user_data=user_data,
    )


def doing_of(step: CloudWrite) -> Doing:
    """Return what is asked of the cloud by *step*: errors mean different things by that."""
    match step:
        case Create():
            return Doing.CREATE
        case MakeEip():
            return Doing.MAKE_PART
        case Delete() | Unlock():
            return Doing.REMOVE
        case Rebuild():
            return Doing.REBUILD
        case Update() | KeepDisk() | TagDisk() | SetDiskPolicy():
            return Doing.CHANGE
        case _ if isinstance(step, AsideWrite):
            return Doing.CHANGE
        case _:
            return Doing.ACTION
