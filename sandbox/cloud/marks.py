"""Actions that only write rows: security groups, tags, the recycle bin, what an administrator forces."""

from . import references, walks
from .act import SETTLED, Act
from .checks import free_name
from .errors import CloudError, bad_input, invalid_status, missing_parameter, not_found
from .inventory import InstanceGroup
from .references import LONGEST_TAG_KEY


def set_secgroups(act: Act) -> None:
    """Replace all groups."""
    _write_groups(act, list(dict.fromkeys(_groups(act, "set"))))


def add_secgroups(act: Act) -> None:
    _write_groups(act, list(dict.fromkeys([*act.guest.secgroups, *_groups(act, "add")])))


def revoke_secgroups(act: Act) -> None:
    """Take groups away; the default group is what remains when none would."""
    found = _groups(act, "revoke")
    _write_groups(act, [ident for ident in act.guest.secgroups if ident not in found] or ["default"])


def assign_secgroup(act: Act) -> None:
    """Replace the first group."""
    _write_groups(act, list(dict.fromkeys([*_groups(act, "assign")[:1], *act.guest.secgroups[1:]])))


def _groups(act: Act, verb: str) -> list[str]:
    if act.guest.status not in SETTLED | {"suspend"}:
        raise bad_input(f"Cannot {verb} security groups in status {act.guest.status}")
    found = []
    for ident in references.items(act.body.get("secgroup_ids") or act.body.get("secgroup_id")):
        group = act.world.inventory.find_security_group(str(ident), act.guest.project_id)
        if group is None:
            raise not_found("secgroup", str(ident))
        found.append(group.id)
    if not found:
        raise CloudError(400, "MissingParameterError", "Missing parameter secgroup_ids")
    return found


def _write_groups(act: Act, groups: list[str]) -> None:
    act.guest.secgroups = groups
    act.world.store.write(act.guest, bump=0, secgrp_id=groups[0])
    act.run("sync", walks.sync_firewall(act.world, act.guest, act.actor))


def merge_user_tags(act: Act) -> None:
    """Merge tags; the prefix ``user:`` is added."""
    _write_tags(act, {f"user:{key}": value for key, value in _tags(act).items()})


def replace_user_tags(act: Act) -> None:
    """Replace all user tags and leave the others."""
    wanted = {f"user:{key}": value for key, value in _tags(act).items()}
    kept = {key.casefold() for key in wanted}
    for key in [k for k in act.guest.metadata if k.startswith("user:") and k.casefold() not in kept]:
        del act.guest.metadata[key]
    _write_tags(act, wanted)


def merge_tags(act: Act) -> None:
    """Merge raw keys; those that begin with ``__`` are an administrator's."""
    administrator = act.caller.administrator
    _write_tags(act, {k: v for k, v in _tags(act).items() if administrator or not k.startswith("__")})


def _tags(act: Act) -> dict[str, str]:
    """Return what was sent as texts; an object in a wrong envelope becomes a tag of the envelope's name."""
    return {key: references.tag_text(value) for key, value in act.body.items()}


def _write_tags(act: Act, tags: dict[str, str]) -> None:
    act.world.set_tags(act.guest, {key[:LONGEST_TAG_KEY]: value for key, value in tags.items()}, act.actor)


def cancel_delete(act: Act) -> None:
    """Take a server out of the bin; if its name was taken meanwhile it is renamed without a word."""
    guest = act.guest
    if not guest.pending:
        return
    taken = any(other is not guest for other in act.world.store.named(guest.name))
    name = free_name(act.world, guest.name) if taken else guest.name
    act.world.store.write(guest, pending_deleted=False, pending_deleted_at="", name=name)
    act.world.events.add(guest, "cancel_delete", "", act.actor)


def freeze(act: Act) -> None:
    """Refuse every action from now on but the one that ends this; a running server is stopped first."""
    if act.guest.status == "running":
        act.run("freeze", walks.freeze(act.world, act.guest, act.actor))
    else:
        act.world.store.write(act.guest, freezed=True)


def unfreeze(act: Act) -> None:
    if not act.guest.row["freezed"]:
        raise CloudError(400, "BadRequestError", "virtual resource not freezed")
    act.world.store.write(act.guest, freezed=False)


def bind_groups(act: Act) -> None:
    """Put a stopped server into anti-affinity groups: nothing that is shown of it moves."""
    for group in _named_groups(act):
        group.guests.add(act.guest.id)


def unbind_groups(act: Act) -> None:
    for group in _named_groups(act):
        group.guests.discard(act.guest.id)


def _named_groups(act: Act) -> list[InstanceGroup]:
    """Return the groups that are named one by one, as ``group.0``, ``group.1``…; a list is none of them."""
    if act.guest.status != "ready":
        raise invalid_status(f"Cannot change instance groups in status {act.guest.status}")
    wanted = [str(value) for key, value in act.body.items() if key.startswith("group.")]
    if not wanted:
        raise missing_parameter("group.0 group.1 ... ")
    found = []
    for ident in wanted:
        group = act.world.inventory.groups.get(ident)
        # cloudpods pkg/compute/models/guest_actions.go, checkGroups: both are said before anything is done
        if group is None:
            raise bad_input(f"no such group {ident}")
        if group.project_id not in {"", act.guest.project_id}:
            raise CloudError(403, "ForbiddenError", "group and guest should belong to same project")
        found.append(group)
    return found


def force_status(act: Act) -> None:
    """Write a status into the row, for administrators."""
    if not act.caller.administrator:
        raise CloudError(403, "ForbiddenError", "not allow to perform status")
    status, reason = references.text(act.body, "status"), references.text(act.body, "reason")
    act.world.set_status(act.guest, status, reason, act.actor)


def purge(act: Act) -> None:
    """Forget a server whose host is disabled."""
    host = act.world.host_of(act.guest)
    if host is not None and host.enabled:
        raise invalid_status("Cannot purge server on enabled host")
    act.world.tasks.drop(act.guest)
    act.world.events.add(act.guest, "delete", "", act.actor)
    act.world.erase(act.guest)
