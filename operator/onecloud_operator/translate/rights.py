"""Which right of the platform's policies a request needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from onecloud_operator.onecloud.errors import Call

# cloudpods pkg/cloudcommon/policy: the actions of a rule. That of a route with a further word is "perform".
_WHOLE: Final = {"GET": "list", "POST": "create"}
_ONE: Final = {"GET": "get", "PUT": "update", "DELETE": "delete"}
_SERVICES: Final = {"images": "image"}


def right_of(call: Call | None) -> str | None:
    """Return the right that *call* needs, as ``compute:servers:create``; None for a call without one."""
    if call is None:
        return None
    _, resource, *rest = call.path.split("/")
    service = _SERVICES.get(resource, "compute")
    match rest:
        case []:
            action = _WHOLE.get(call.method)
        case ["{id}"]:
            action = _ONE.get(call.method)
        case ["{id}", word] if call.method == "POST":
            action = f"perform:{word}"
        case _:
            action = None
    return f"{service}:{resource}:{action}" if action is not None and resource != "auth" else None
