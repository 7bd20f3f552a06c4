"""The servers that a recorded list shows, and those that its query or its total tell of."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from sandbox.cloud.defaults import LAB_PROJECT
from tests.cloud.arrange_servers import sighting
from tests.cloud.fixtures import Scene
from tests.cloud.recorded import Exchange

FILLED = frozenset(
    {"limit", "offset", "details", "field", "order_by", "order", "paging_marker", "summary_stats"}
)


def seed_list(scene: Scene, exchange: Exchange) -> None:
    query = parse_qs(exchange.query, keep_blank_values=True)
    for number, row in enumerate(exchange.rows):
        full = {
            "id": f"{number:036x}",
            "name": f"row-{number}",
            "tenant_id": LAB_PROJECT,
            "status": "ready",
        } | row
        # Rows without a time of their own keep their order by being younger the earlier they come.
        full.setdefault("created_at", _stamp(exchange.recorded_at - timedelta(minutes=number + 1)))
        guest = scene.seed(full)
        guest.metadata |= _tags(query)
        if row.get("deleted"):
            scene.world.store.erase(guest)
            guest.row.update(row)
    _unseen(scene, exchange, query)
    if exchange.status == 200:
        _rest(scene, exchange, query)


def _unseen(scene: Scene, exchange: Exchange, query: dict[str, list[str]]) -> None:
    """Seed the servers that the query names although the answer does not show them."""
    if "deleted" in exchange.case or "delete-true" in exchange.case:
        return
    recycled = "recycled" in exchange.case or "after-delete" in exchange.case
    for ident in [*query.get("id", []), *([] if exchange.rows else query.get("name", []))]:
        row = sighting(ident, exchange, bare="updated_at" in exchange.query) or sighting(ident, exchange)
        if row:
            scene.seed(row, **({"pending_deleted": True} if recycled else {}))


def _rest(scene: Scene, exchange: Exchange, query: dict[str, list[str]]) -> None:
    """Seed as many servers around those shown as ``total`` and ``offset`` say."""
    total, offset = exchange.json.get("total", 0), exchange.json.get("offset", 0)
    if set(query) <= FILLED | {"scope", "admin", "project", "pending_delete_all"}:
        behind = "0-behind" if query.get("order") == ["desc"] else "zzz-behind"
        missing = total - min(offset, total) - len(scene.world.store)
        scene.fill(min(offset, total), "2037-01-01T00:00:00.000000Z", "ahead")
        scene.fill(max(missing, 0), "2020-01-01T00:00:00.000000Z", behind)
        return
    for number in range(total - len(exchange.rows)):
        like = exchange.rows[-1] | {"created_at": "2020-01-01T00:00:00.000000Z"}
        guest = scene.seed(like | {"id": f"behind-{number}", "name": f"behind-{number}"})
        guest.metadata |= _tags(query)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def _tags(query: dict[str, list[str]]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for name, values in query.items():
        if match := re.fullmatch(r"tags\.(\d+)\.key", name):
            tags.setdefault(values[0], query.get(f"tags.{match[1]}.value", ["any"])[0])
    return tags
