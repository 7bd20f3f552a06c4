"""``GET /events``: pages of the operation log, by inclusive markers and by scope."""

from collections.abc import Callable

from .errors import CloudError, list_refused
from .events import Event
from .permissions import Caller
from .times import parse_time
from .wire import Answer, Request, answer
from .world import World

PAGE_SIZE = 20


def list_events(world: World, caller: Caller, request: Request) -> Answer:
    """Answer one page. Without ``scope`` it shows only what the caller did itself."""
    query = request.query
    if world.settings.events_forbidden:
        raise list_refused("compute", "events", require="project", allow="none", query="project")
    ascending = (query.one("paging_order") or "DESC").upper() == "ASC"
    limit = _whole(query.one("limit")) or PAGE_SIZE
    marker = query.one("paging_marker")
    start = int(marker) if marker and marker.isdigit() else None
    keep = _predicates(caller, request)
    rows = world.events.ascending(start) if ascending else world.events.descending(start)
    page: list[Event] = []
    following = ""
    for event in rows:
        if not all(holds(event) for holds in keep):
            continue
        if len(page) == limit:
            following = str(event.id)
            break
        page.append(event)
    shown = [event.shown(details=query.flag("details", default=True)) for event in page]
    if wanted := query.all("field"):
        shown = [{key: value for key, value in event.items() if key in wanted} for event in shown]
    order = "ASC" if ascending else "DESC"
    shown_page = {"events": shown, "limit": limit, "marker_field": "id"}
    result = answer(shown_page | {"marker_order": order, "next_marker": following})
    result.rows = len(shown)
    return result


def _whole(value: str | None) -> int:
    if not value:
        return 0
    try:
        return max(int(value), 0)
    except ValueError:
        raise CloudError(500, "UnclassifiedError", f'unable to convert limit "{value}"') from None


def _predicates(caller: Caller, request: Request) -> list[Callable[[Event], bool]]:
    query = request.query
    keep: list[Callable[[Event], bool]] = [_scope(caller, query.one("scope") or "")]
    if kinds := set(query.all("obj_type")):
        keep.append(lambda event: event.obj_type in kinds)
    if idents := {ident.casefold() for ident in query.all("obj_id")}:
        keep.append(lambda event: event.obj_id.casefold() in idents)
    if actions := set(query.all("action")):
        keep.append(lambda event: event.action in actions)
    since, until = parse_time(query.one("since") or ""), parse_time(query.one("until") or "")
    if since is not None:
        keep.append(lambda event: event.at > since)
    if until is not None:
        keep.append(lambda event: event.at <= until)
    return keep


def _scope(caller: Caller, scope: str) -> Callable[[Event], bool]:
    allow = caller.allowance("list")
    wanted = {"max": allow, "maxallowed": allow, "": "user"}.get(scope, scope)
    ranks = {"none": 0, "user": 1, "project": 1, "domain": 2, "system": 3}
    if ranks.get(wanted, 3) > ranks[allow] or allow == "none":
        require = "project" if wanted in {"user", "none"} else wanted
        raise list_refused("compute", "events", require=require, allow=allow, query=require)
    if wanted == "user":
        user_id = caller.token.user.id if caller.token else ""
        return lambda event: event.actor.user_id == user_id
    if wanted == "project":
        return lambda event: event.owner_project == caller.project_id
    return lambda _: True
