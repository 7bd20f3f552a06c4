"""
What the log tells of two statuses in a row: each turn of the reason of Ready or Synced, and what was done.

A change is told when the server shows it, and not when the cloud was asked for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from onecloud_operator.api.reasons import UNALARMING, Reason
from onecloud_operator.core.conclusion import LogLine
from onecloud_operator.core.conditions import part_of, stance, standing
from onecloud_operator.core.records import Restart
from onecloud_operator.core.report.eip_events import eip_events
from onecloud_operator.core.report.events import adopted, disks_kept, rebuilds
from onecloud_operator.core.restart import stopped_for
from onecloud_operator.core.values import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHANGED_LENGTH = 512  # names of security groups are others' words
_POWERS = {
    "Running": ("on", "turned on"),
    "Stopped": ("off", "turned off"),
    "Suspended": ("suspended", "suspended"),
}


def log_lines(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Mapping[str, str | None], power: str | None = None
) -> Iterator[LogLine]:
    """
    Yield the lines between two statuses of one object.

    *names*: fields that say which one it is. *power*: the power state that it wants.
    """
    name = part_of(new, "server").get("name")
    creation, before = part_of(new, "creation"), part_of(old, "creation")
    fields = {**names, "server": name or creation.get("name"), "server_id": new.get("id")}
    if creation.get("completedAt") and not before.get("completedAt"):
        yield LogLine("INFO", "server created", fields)
    if part_of(new, "restore").get("doneAt") and not part_of(old, "restore").get("doneAt"):
        yield LogLine("INFO", "server taken out of the recycle bin", fields)
    if adopted(old, new):
        yield LogLine("INFO", "server adopted", fields)
    yield from _changes(old, new, fields)
    for event in (*disks_kept(old, new), *rebuilds(old, new), *eip_events(old, new)):
        level: Literal["INFO", "WARNING"] = "WARNING" if event.kind == "Warning" else "INFO"
        yield LogLine(level, event.message, {**fields, "reason": event.reason})
    ready, synced = standing(new, "Ready"), standing(new, "Synced")
    over = part_of(old, "restart") and not part_of(new, "restart")
    on = part_of(new, "server").get("powerState") == "Running"
    if over and on and not _usable(old) and not _usable(new):
        yield LogLine("INFO", _ready(old, new, power), fields)  # before it agrees with the spec
    turned = [
        each
        for kind, each in (("Ready", ready), ("Synced", synced))
        if each is not None and stance(standing(old, kind)) != stance(each)
    ]
    if not turned or ready is None or synced is None:
        return
    told = synced if synced in turned else ready
    fields |= {"ready": ready.get("status"), "synced": synced.get("status")}
    if ready in turned and ready.get("status") == "True" and told.get("reason") in UNALARMING:
        yield LogLine("INFO", _ready(old, new, power), {**fields, "reason": ready.get("reason")})
        return
    if _said(told) in {_said(standing(old, kind) or {}) for kind in ("Ready", "Synced")}:
        return  # of the other condition
    reason, error = told.get("reason"), part_of(new, "lastError")
    request = error.get("requestID") if error.get("reason") == reason else None
    fields |= {"reason": reason, "request_id": request}
    message = "creating server" if reason == Reason.CREATING else str(told.get("message"))
    yield LogLine("INFO" if reason in UNALARMING else "WARNING", message, fields)


def _usable(status: Mapping[str, Any]) -> bool:
    return (standing(status, "Ready") or {}).get("status") == "True"


def _said(condition: Mapping[str, Any]) -> tuple[object, object]:
    return condition.get("reason"), condition.get("message")


def _ready(old: Mapping[str, Any], new: Mapping[str, Any], power: str | None) -> str:
    """Return what is said of a server that is as it should be: if it was turned on or off, that, and why."""
    was, now = part_of(old, "server").get("powerState"), part_of(new, "server").get("powerState")
    restart = part_of(old, "restart") or part_of(new, "restart")
    if restart and now == "Running":  # the status may have shown it on all the time
        why = stopped_for(Restart(str(restart.get("since")), str(restart.get("why"))))
        return f"server is on again, after {why}"
    if was not in _POWERS or now not in _POWERS or was == now:
        return "server ready"
    state, done = _POWERS[now]
    if power == now:
        return f"server is {state}, as spec.server.powerState asks"
    return f"server was {done} in the cloud"


def _changes(
    old: Mapping[str, Any], new: Mapping[str, Any], fields: Mapping[str, str | None]
) -> Iterator[LogLine]:
    """Yield what has changed at a server for which the cloud needs a while."""
    before, after = part_of(old, "server"), part_of(new, "server")
    if not before or before.get("id") != after.get("id"):
        return
    if part_of(new, "creation") and not old.get("baseline"):
        return  # what shows one by one of a server that has just been made has not changed
    for message, shown in _SHOWN.items():
        was, now = shown(before), shown(after)
        changed = [
            f"{name} from {was.get(name, _NOTHING)} to {now.get(name, _NOTHING)}"
            for name in sorted(was.keys() | now.keys() if shown is _disks else was.keys() & now.keys())
            if was.get(name) != now.get(name)
        ]
        if changed:
            yield LogLine("INFO", message, {**fields, "changed": cut(", ".join(changed), CHANGED_LENGTH)})


def _size(server: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(server[name]) for name in ("cpu", "memory", "instanceType") if name in server}


def _disks(server: Mapping[str, Any]) -> dict[str, str]:
    disks = [part_of(server, "rootDisk"), *(server.get("dataDisks") or ())]
    return {f"disk {disk['id']}": disk["size"] for disk in disks if {"id", "size"} <= {*disk}}


def _groups(server: Mapping[str, Any]) -> dict[str, str]:
    groups = server.get("securityGroups") or ()
    return {"security groups": ", ".join(sorted(str(group.get("name")) for group in groups)) or _NOTHING}


def _addresses(server: Mapping[str, Any]) -> dict[str, str]:
    addresses = server.get("addresses") or ()
    return {"addresses": ", ".join(sorted(str(each.get("address")) for each in addresses)) or _NOTHING}


def _image(server: Mapping[str, Any]) -> dict[str, str]:
    return {"image": str(server["imageID"])} if "imageID" in server else {}


_NOTHING = "nothing"
_SHOWN = {
    "server resized": _size,
    "disks changed": _disks,
    "root disk rebuilt": _image,
    "addresses changed": _addresses,
    "security groups changed": _groups,
}
