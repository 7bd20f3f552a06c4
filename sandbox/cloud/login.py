"""Actions on how people get into a server, and on what they find there: password, key pair, root disk."""

from typing import Any

from . import references, walks
from .act import Act
from .disks import Disk
from .errors import bad_input, invalid_status, not_found
from .events import Actor
from .guests import Guest
from .hidden import hide
from .inventory import Image, Keypair
from .tasks import Walk
from .times import token_time
from .world import Fate, World

NO_AGENT = "qga_exec_command_failed"


def deploy(act: Act) -> None:
    """Write a password or key pair into a stopped server; ``__delete_keypair__`` takes the pair off."""
    _check_ready(act, "deploy")
    references.check_password(act.body)
    drop = references.flag(act.body, "__delete_keypair__")
    _set_keypair(act, keypair := _keypair(act, act.body), drop=drop)
    fate = act.outcome("deploy", "deploy_fail")
    inside = {} if keypair is None and not drop else {"keypair": keypair.id if keypair else ""}
    walk = _deploying(act.world, act.guest, act.actor, fate, inside | _password(act))
    act.run("deploy", walk)


def set_password(act: Act) -> None:
    """Change a password through the agent in a running server; it is kept, encrypted, in the metadata."""
    if act.guest.status != "running":
        raise invalid_status(f"can't set password in status {act.guest.status}")
    references.check_password(act.body)
    account = references.text(act.body, "username") or act.guest.metadata.get("login_account", "root")
    fate = act.outcome("set-password", NO_AGENT)
    if fate is None and not act.world.settings.guest_agent:
        fate = Fate("set-password", NO_AGENT, "guest agent is not running")
    act.run("set-password", _setting(act, account, fate))


def login_info(act: Act) -> dict[str, Any]:
    """Tell the user name. A password that the platform made would be told, too; none is made here."""
    return {"username": act.guest.metadata.get("login_account", "root")}


def rebuild_root(act: Act) -> None:
    """
    Make the root disk of a stopped server anew, of this image or another.

    Id, addresses and other disks stay, the id of the disk too. The key pair is lost unless its id is sent.
    """
    _check_ready(act, "rebuild root")
    references.check_image_service(act.world.settings)
    image = act.world.inventory.find_image(references.text(act.body, "image_id"))
    if image is None or image.status != "active":
        raise bad_input("invlid image")
    disk = next((disk for disk in act.guest.disks if disk.index == 0), None)
    if disk is None:
        raise bad_input("No root disk")
    references.check_password(act.body)
    keypair = _keypair(act, act.body, by_id=True)
    _set_keypair(act, keypair, drop=keypair is None)
    walk = _rebuilding(
        act.world,
        act.guest,
        act.actor,
        disk,
        image,
        inside={"keypair": keypair.id if keypair else "", "password": ""} | _password(act),
        auto_start=references.flag(act.body, "auto_start"),
        fate=act.outcome("rebuild-root", "rebuild_root_fail"),
    )
    act.run("rebuild-root", walk)


def _check_ready(act: Act, what: str) -> None:
    if act.guest.status != "ready":
        raise invalid_status(f"Cannot {what} in status {act.guest.status}")


def _keypair(act: Act, body: dict[str, Any], *, by_id: bool = False) -> Keypair | None:
    ident = references.text(body, "keypair_id", "keypair")
    if not ident:
        return None
    inventory = act.world.inventory
    found = inventory.keypairs.get(ident) if by_id else inventory.find_keypair(ident)
    if found is None:
        raise not_found("Keypair", ident)
    return found


def _password(act: Act) -> dict[str, str]:
    password = references.text(act.body, "password")
    return {"password": password} if password else {}


def _set_keypair(act: Act, keypair: Keypair | None, *, drop: bool) -> None:
    if keypair is None and not drop:
        return
    ident = keypair.id if keypair else ""
    act.guest.keypair_id = ident
    if ident != act.guest.row["keypair_id"]:
        act.world.store.write(act.guest, keypair_id=ident)


def _deploying(
    world: World, guest: Guest, actor: Actor, fate: Fate | None = None, inside: dict[str, str] | None = None
) -> Walk:
    """Go start_deploy → deploying → sync_status → ready."""
    world.set_status(guest, "start_deploy", "", actor)
    yield walks.QUEUED
    world.set_status(guest, "deploying", "", actor)
    yield walks.HOST
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        world.events.add(guest, "deploy_fail", fate.text, actor)
        return
    guest.inside |= inside or {}
    world.events.add(guest, "deploy", "", actor)
    world.store.write(guest)
    yield from walks.settle(world, guest, actor)


def _setting(act: Act, account: str, fate: Fate | None = None) -> Walk:
    """Go qga_set_password → running; the metadata keep the password, encrypted."""
    world, guest, actor, inside = act.world, act.guest, act.actor, _password(act)
    world.set_status(guest, "qga_set_password", "", actor)
    yield walks.HOST
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        return
    guest.inside |= inside
    kept = {"login_account": account, "login_key": hide(inside.get("password", ""), guest.id)}
    world.set_tags(guest, kept | {"login_key_timestamp": token_time(world.clock())}, actor)
    world.set_status(guest, "running", "", actor)


def _rebuilding(
    world: World,
    guest: Guest,
    actor: Actor,
    disk: Disk,
    image: Image,
    *,
    inside: dict[str, str],
    auto_start: bool = False,
    fate: Fate | None = None,
) -> Walk:
    """Go rebuild_root → image_caching → rebuild_root, deploy as ever, and start if that was asked for."""
    for status in ("rebuild_root", "image_caching", "rebuild_root"):
        world.set_status(guest, status, "", actor)
        yield walks.SYNCING
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        return
    disk.image, disk.image_id = image.shown_name(), image.id
    disk.size_mib = max(disk.size_mib, image.minimum_mib)
    world.events.add(guest, "rebuild_root", {"image_id": image.id}, actor)
    yield from _deploying(world, guest, actor, inside=inside)
    if auto_start:
        yield walks.BRIEF
        yield from walks.start(world, guest, actor, world.fate("start"))
