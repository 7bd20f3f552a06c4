"""``POST /servers/<id>/<action>``: the table of actions, and those that switch a server on and off."""

from datetime import timedelta

from . import attachments, billing, bindings, cards, login, marks, references, resize, snapshots, walks
from .act import SETTLED, Act, Action
from .details import details
from .errors import CloudError, bad_input, invalid_status, wrapped
from .permissions import Caller
from .servers import fetch
from .wire import Answer, Request, answer
from .world import World

STARTABLE = frozenset(
    {"ready", "start_fail", "save_disk_failed", "suspend", "kickstart_pending", "kickstart_failed"}
)
STOPPABLE = frozenset({"running", "stop_fail"})
NEEDS_HOST = frozenset({"start", "stop", "restart", "reset", "rebuild-root", "change-config", "deploy"})
VERSION = "unknown(2de295222d19700101)"


def perform(world: World, caller: Caller, request: Request, ident: str, action: str) -> Answer:
    """Run one action and return the server as it is right after."""
    guest = fetch(world, caller, request, ident, "perform")
    act = ACTIONS.get(action)
    if guest.row["freezed"] and action != "unfreeze":
        text = "Virtual resource freezed, can't do %s"
        raise wrapped("PreCheckPerformAction", 400, "BadRequestError", text, action)
    if act is None:
        text = f"Action {action} not found, please check service version, current version: {VERSION}"
        raise CloudError(404, "ActionNotFoundError", text)
    host = world.host_of(guest)
    if action in NEEDS_HOST and host is not None and not (host.online and host.enabled):
        raise wrapped(
            "PreCheckPerformAction",
            400,
            "InvalidStatusError",
            "host status %s and enabled %s, can't do server %s",
            "online" if host.online else "offline",
            "true" if host.enabled else "false",
            action,
        )
    shown = act(Act(world, guest, caller, request.inner("server")))
    return answer({"server": details(world, guest) if shown is None else shown})


def start(act: Act) -> None:
    """Start a stopped or suspended server."""
    if act.guest.status not in STARTABLE:
        raise invalid_status(f"Cannot do start server in status {act.guest.status}")
    walk = walks.resume if act.guest.status == "suspend" else walks.start
    act.run("start", walk(act.world, act.guest, act.actor, act.world.fate("start")))


def stop(act: Act) -> None:
    """Stop a running server, or one in any status by force."""
    if act.guest.status not in STOPPABLE and not references.flag(act.body, "is_force"):
        text = f"Cannot stop server: Cannot stop server in status {act.guest.status}: InvalidStatusError"
        raise invalid_status(text)
    act.run("stop", walks.stop(act.world, act.guest, act.actor, act.world.fate("stop")))


def restart(act: Act) -> None:
    """Stop and start a running server."""
    forced = references.flag(act.body, "is_force") and act.guest.status == "stopping"
    if act.guest.status not in STOPPABLE and not forced:
        raise invalid_status(f"Cannot do restart server in status {act.guest.status}")
    act.run("restart", walks.restart(act.world, act.guest, act.actor, act.world.fate("start")))


def suspend(act: Act) -> None:
    """Suspend a running server."""
    if act.guest.status != "running":
        raise invalid_status(f"Cannot suspend VM in status {act.guest.status}")
    fate = act.outcome("suspend", "suspend_failed")
    act.run("suspend", walks.suspend(act.world, act.guest, act.actor, fate))


def resume(act: Act) -> None:
    """Resume a suspended server."""
    if act.guest.status != "suspend":
        raise invalid_status(f"Cannot resume VM in status {act.guest.status}")
    fate = act.outcome("resume", "resume_failed")
    act.run("resume", walks.resume(act.world, act.guest, act.actor, fate))


def instance_snapshot(act: Act) -> None:
    """Take a snapshot of a server and of its first disk."""
    if act.guest.status not in SETTLED:
        raise invalid_status(f"Cannot do snapshot when VM in status {act.guest.status}")
    if not act.guest.disks:
        raise bad_input("No disk to take a snapshot of")
    snapshots.begin(act.world, act.guest, references.text(act.body, "name") or f"isp-{act.guest.name}")
    fate = act.outcome("snapshot", "instance_snapshot_failed")
    act.run("snapshot", walks.snapshot(act.world, act.guest, act.actor, fate))


def sync_status(act: Act) -> None:
    """Ask the host, unless a task is still at it: one that is younger than three minutes."""
    patience = timedelta(seconds=act.world.settings.open_task_seconds)
    if any(act.world.clock() - started < patience for started in act.world.tasks.started(act.guest)):
        raise CloudError(400, "BadRequestError", "Server has task running, try again later")
    act.run("syncstatus", walks.settle(act.world, act.guest, act.actor))


ACTIONS: dict[str, Action] = {
    "start": start,
    "stop": stop,
    "restart": restart,
    "suspend": suspend,
    "resume": resume,
    "syncstatus": sync_status,
    "change-config": resize.change_config,
    "resize-disk": resize.resize_disk,
    "createdisk": attachments.create_disk,
    "attachdisk": attachments.attach_loose_disk,
    "detachdisk": attachments.detach_disk,
    "attachnetwork": cards.attach_network,
    "detachnetwork": cards.detach_network,
    "change-bandwidth": cards.change_bandwidth,
    "change-ipaddr": cards.change_address,
    "associate-eip": bindings.associate_address,
    "dissociate-eip": bindings.dissociate_address,
    "create-eip": bindings.create_address,
    "deploy": login.deploy,
    "set-password": login.set_password,
    "login-info": login.login_info,
    "rebuild-root": login.rebuild_root,
    "instance-snapshot": instance_snapshot,
    "renew": billing.renew,
    "postpaid-expire": billing.expire,
    "cancel-expire": billing.cancel_expire,
    "set-auto-renew": billing.set_auto_renew,
    "bind-groups": marks.bind_groups,
    "unbind-groups": marks.unbind_groups,
    "set-secgroup": marks.set_secgroups,
    "add-secgroup": marks.add_secgroups,
    "revoke-secgroup": marks.revoke_secgroups,
    "assign-secgroup": marks.assign_secgroup,
    "user-metadata": marks.merge_user_tags,
    "set-user-metadata": marks.replace_user_tags,
    "metadata": marks.merge_tags,
    "cancel-delete": marks.cancel_delete,
    "freeze": marks.freeze,
    "unfreeze": marks.unfreeze,
    "status": marks.force_status,
    "purge": marks.purge,
}
