"""``POST /_control/<what>`` with JSON arguments: the control, for those outside of the process."""

import dataclasses
from collections.abc import Callable
from typing import Any

from .control import Control
from .journal import Call
from .wire import Answer, Request, answer

METHODS = frozenset(
    {
        "add_address",
        "add_image",
        "add_keypair",
        "add_network",
        "add_secgroup",
        "add_zone",
        "addresses",
        "delete_image",
        "disks",
        "find_disk",
        "recycle_disk",
        "restore_disk",
        "rename_image",
        "rename_keypair",
        "rename_network",
        "add_project",
        "add_server",
        "add_user",
        "bring_back",
        "change",
        "clean_bin",
        "clear_faults",
        "erase_all",
        "expire_tokens",
        "fail_next",
        "fault",
        "fill_hosts",
        "find",
        "hang_disk",
        "inside",
        "lose_answer",
        "power",
        "recycle",
        "release",
        "reset_calls",
        "restore",
        "revoke_tokens",
        "secret",
        "seed",
        "servers",
        "set_clock",
        "set_host",
        "set_password",
        "set_tags",
        "statuses",
        "take_off_address",
        "take_off_disk",
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class ControlEndpoint:
    """Calls the methods of the control by name; what one returns comes back as JSON under ``result``."""

    control: Control

    def __call__(self, request: Request) -> Answer:
        what = request.path.removeprefix("/_control/")
        body = request.json()
        arguments = body if isinstance(body, dict) else {}
        try:
            return answer({"result": _plain(self._find(what)(**arguments))})
        except LookupError as error:
            return answer({"error": f"not found: {error}"}, 404)
        except (TypeError, ValueError) as error:
            return answer({"error": str(error)}, 400)

    def _find(self, what: str) -> Callable[..., Any]:
        match what:
            case "settings":
                return self._settings
            case "step_seconds":
                return self._step_seconds
            case "erase":
                return self._erase
            case "hang_at":
                return self._hang_at
            case "set_secgroups":
                return self._set_secgroups
            case "counts":
                return lambda: self.control.counts
            case "calls":
                return lambda: [_call(call) for call in self.control.calls]
            case "faults":
                return lambda: [dataclasses.asdict(fault) for fault in self.control.app.faults.waiting]
            case "silent":
                return lambda: self.control.silent
            case "delayed":
                return lambda: self.control.delayed
            case "region_cpu_ms":
                return lambda: self.control.region_cpu_ms
        if what not in METHODS:
            raise LookupError(what)
        method: Callable[..., Any] = getattr(self.control, what)
        return method

    def _settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings and return all; ``events_enabled`` and ``events_lag_seconds`` are the log's."""
        if "events_enabled" in changes:
            self.control.world.events.enabled = bool(changes.pop("events_enabled"))
        if "events_lag_seconds" in changes:
            self.control.world.events.lag_seconds = float(changes.pop("events_lag_seconds"))
        known = {field.name for field in dataclasses.fields(self.control.settings)}
        if unknown := set(changes) - known:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(self.control.settings, name, value)
        return dataclasses.asdict(self.control.settings)

    def _step_seconds(self, seconds: float) -> float:
        self.control.world.tasks.step_seconds = float(seconds)
        return float(seconds)

    def _erase(self, idents: list[str]) -> None:
        self.control.erase(*idents)

    def _hang_at(self, statuses: list[str]) -> None:
        self.control.hang_at(*statuses)

    def _set_secgroups(self, ident: str, groups: list[str]) -> None:
        self.control.set_secgroups(ident, *groups)


def _call(call: Call) -> dict[str, Any]:
    return {
        "call": str(call),
        "path": call.path,
        "query": call.query,
        "status": call.status,
        "request_id": call.request_id,
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value
