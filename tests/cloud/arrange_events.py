"""The operation log as a recorded page of it shows it."""

from datetime import timedelta
from typing import Any

from sandbox.cloud.defaults import LAB_PROJECT
from sandbox.cloud.events import Actor, Event
from sandbox.cloud.times import parse_time
from tests.cloud.fixtures import Scene
from tests.cloud.recorded import Exchange, exchanges


def seed_events(scene: Scene, exchange: Exchange) -> None:
    if exchange.status != 200:
        return
    shown = exchange.json["events"] or _some_events(exchange)
    log = scene.world.events
    extra = []
    if (marker := exchange.json.get("next_marker")) and not exchange.cut:
        like = next(iter(shown))
        extra = [{**like, "id": int(marker)}]
    for event in sorted([*shown, *extra], key=lambda event: int(event["id"])):
        owner = str(event.get("owner_tenant_id", LAB_PROJECT))
        actor = Actor(
            str(event.get("user_id", scene.cloud.user("labuser").id)),
            str(event.get("user", "labuser")),
            str(event.get("roles", "project_owner")),
            str(event.get("tenant_id", LAB_PROJECT)),
            str(event.get("tenant", "lab")),
        )
        if event.get("user") == "regionadmin":
            actor = Actor("platform", "regionadmin", "admin", "", "system")
        moment = parse_time(str(event.get("ops_time", ""))) or exchange.recorded_at - timedelta(minutes=1)
        log.events.append(
            Event(
                int(event["id"]),
                str(event.get("obj_id", "some-server")),
                str(event.get("obj_name", "some")),
                str(event.get("obj_type", "server")),
                str(event["action"]),
                str(event.get("notes", "")),
                moment,
                actor,
                owner,
                scene.world.project_name(owner) or "lab",
            )
        )


def _some_events(exchange: Exchange) -> list[dict[str, Any]]:
    """Return events that the answer does not show although they exist."""
    source = next(e for e in exchanges() if e.case == "1032-events-labuser-scope-project")
    found: list[dict[str, Any]] = source.json["events"]
    before = exchange.recorded_at - timedelta(minutes=5)
    return [{**event, "ops_time": before.strftime("%Y-%m-%dT%H:%M:%SZ")} for event in found[:5]]
