"""``GET /servers``: which rows, in which order, how many, and how they look."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from .details import listed
from .errors import wrapped
from .filters import Filter, parse_filter
from .guests import Guest, new_row
from .permissions import Caller, span_of
from .times import FIRST_MOMENT
from .wire import Answer, Query, Request, encode
from .world import World

PAGE_SIZE = 2048
COLUMNS = new_row("", "", "", FIRST_MOMENT)
ROW_FILTERS = (
    "status",
    "hypervisor",
    "vcpu_count",
    "vmem_size",
    "instance_type",
    "os_type",
    "billing_type",
    "host_id",
    "disable_delete",
    "shutdown_mode",
)


def list_servers(world: World, caller: Caller, request: Request) -> Answer:
    """Answer a list. Unknown parameters and unknown filters change nothing."""
    query = request.query
    find = {p.name.casefold(): p.id for p in world.identity.projects.values()} | {
        p.id: p.id for p in world.identity.projects.values()
    }
    span = span_of(caller, query, "compute", "servers", find=find)
    limit = number_of(query, "limit")
    offset = max(number_of(query, "offset"), 0)
    keep = _predicates(world, query, span.project_id)
    rows = [
        guest
        for guest in _candidates(world, query, system=span.project_id is None)
        if all(p(guest) for p in keep)
    ]
    if world.settings.lists_empty:
        rows = []
    _sort(rows, query)
    total = len(rows)
    if query.flag("force_no_paging"):
        limit, offset = total or PAGE_SIZE, 0
    elif limit <= 0 or (total > PAGE_SIZE and limit > PAGE_SIZE):
        limit = PAGE_SIZE
    page = rows[offset : offset + limit]
    tail: dict[str, Any] = {"limit": limit, "offset": offset, "total": total} if total else {}
    if query.flag("summary_stats"):
        tail["totals"] = _totals(rows)
    return Answer(200, _encoded(world, query, page, tail), rows=len(page))


def number_of(query: Query, name: str) -> int:
    """Return a parameter as a number; one that is none is a 500."""
    value = query.one(name)
    if value is None or value == "":
        return 0
    try:
        return int(value)
    except ValueError:
        text = (
            f'unable to convert \'{{"{name}":"{value}"}}\' to Type "ServerListInput": jo.unmarshalValue: '
            f'setStructFieldAt {name}: "{value}": JSONDict.unmarshalStruct: strconv.ParseInt: '
            f'parsing "{value}": invalid syntax'
        )
        raise wrapped(
            "ListItems: listItemQueryFiltersRaw: ListItemFilter", 500, "UnclassifiedError", "%s", text
        ) from None


def _filters(world: World, query: Query) -> list[Filter]:
    if world.settings.filters_ignored:
        return []
    return [found for text in query.all("filter") if (found := parse_filter(text, COLUMNS))]


def _candidates(world: World, query: Query, *, system: bool) -> Iterable[Guest]:
    """Return the rows to look at, by the narrowest index that fits."""
    store = world.store
    idents, names = query.all("id"), query.all("name")
    if idents:
        rows: Iterable[Guest] = [g for g in {i.casefold(): store.get(i) for i in idents}.values() if g]
    elif names:
        rows = {g.id: g for name in names for g in store.named(name, recycled=True)}.values()
    else:
        rows = store.all()
        filters = [] if query.flag("filter_any") else _filters(world, query)
        for condition in filters:
            if condition.column == "updated_at" and condition.operation in {"ge", "gt"} and condition.moment:
                rows = store.since(condition.moment)
                break
            if condition.column == "id" and condition.operation == "gt" and condition.arguments:
                rows = store.after_id(condition.arguments[0])
    if system and query.one("delete") == "all":
        wanted = {i.casefold() for i in idents}
        return [*rows, *(g for g in store.deleted() if not wanted or g.id.casefold() in wanted)]
    return rows


def _predicates(world: World, query: Query, project_id: str | None) -> list[Callable[[Guest], bool]]:
    keep: list[Callable[[Guest], bool]] = []
    if project_id is not None:
        keep.append(lambda guest: guest.row["tenant_id"] == project_id)
    if not query.flag("system"):
        keep.append(lambda guest: not guest.row["is_system"])
    recycled = (query.one("pending_delete") or "").lower()
    if recycled == "true":
        keep.append(lambda guest: bool(guest.row["pending_deleted"]))
    elif recycled not in {"all", "any"}:
        keep.append(lambda guest: not guest.row["pending_deleted"] or guest.row["deleted"])
    if idents := {ident.casefold() for ident in query.all("id")}:
        keep.append(lambda guest: guest.id.casefold() in idents)
    if names := {name.strip().casefold() for name in query.all("name")}:
        keep.append(lambda guest: guest.name.casefold() in names)
    wanted = {name: {value.casefold() for value in query.all(name)} for name in ROW_FILTERS}
    keep.extend(_column_in(name, values) for name, values in wanted.items() if values)
    if search := (query.one("search") or "").casefold():
        keep.append(lambda guest: search in guest.name.casefold() or search in guest.id)
    keep.extend(partial(_meets, tagged(conditions)) for conditions in tag_groups(query))
    if query.flag("with_user_meta"):
        keep.append(lambda guest: any(key.startswith("user:") for key in guest.metadata))
    if query.flag("without_user_meta"):
        keep.append(lambda guest: not any(key.startswith("user:") for key in guest.metadata))
    filters = _filters(world, query)
    if filters and query.flag("filter_any"):
        keep.append(lambda guest: any(condition.holds(guest) for condition in filters))
    else:
        keep.extend(condition.holds for condition in filters)
    return keep


def _column_in(name: str, values: set[str]) -> Callable[[Guest], bool]:
    def holds(guest: Guest) -> bool:
        value = guest.row[name]
        text = str(value).lower() if isinstance(value, bool) else str(value).casefold()
        return text in values

    return holds


def tag_groups(query: Query) -> list[list[tuple[str, str | None]]]:
    """Return the tag conditions: the same key repeated is OR, other keys are AND."""
    groups: dict[str, list[tuple[str, str | None]]] = {}
    for key, value in query.tags():
        groups.setdefault(key.casefold(), []).append((key, value))
    return list(groups.values())


def _meets(conditions: Callable[[Mapping[str, str]], bool], guest: Guest) -> bool:
    return conditions(guest.metadata)


def tagged(conditions: list[tuple[str, str | None]]) -> Callable[[Mapping[str, str]], bool]:
    """Return whether the tags of a row meet one of *conditions*."""

    def holds(metadata: Mapping[str, str]) -> bool:
        tags = {key.casefold(): value.casefold() for key, value in metadata.items()}
        return any(
            key.casefold() in tags and (value is None or tags[key.casefold()] == value.casefold())
            for key, value in conditions
        )

    return holds


def _sort(rows: list[Guest], query: Query) -> None:
    """Sort by one column (the time of creation unless asked otherwise), then by name and id, all one way."""
    column = query.one("order_by")
    if column is None or column not in COLUMNS:
        column = "created_at"
    ascending = (query.one("order") or "desc").lower() == "asc"
    if column == "id":
        rows.sort(key=lambda guest: guest.id, reverse=not ascending)
        return
    rows.sort(
        key=lambda guest: (_sortable(guest.row[column]), guest.row["name"].casefold(), guest.id),
        reverse=not ascending,
    )


def _sortable(value: Any) -> tuple[float, str]:
    return (float(value), "") if isinstance(value, int | float) else (0.0, str(value).casefold())


def _encoded(world: World, query: Query, rows: list[Guest], tail: dict[str, Any]) -> bytes:
    """Return the answer's text; zeros at its end are left out."""
    wanted = query.all("field")
    if query.flag("details", default=True):
        shown = [listed(world, guest) for guest in rows]
        if wanted:
            shown = [{key: value for key, value in row.items() if key in wanted} for row in shown]
        encoded = [encode(row) for row in shown]
    elif wanted:
        encoded = [
            encode({k: v for k in wanted if (v := guest.row.get(k)) not in ("", None)}) for guest in rows
        ]
    else:
        encoded = [guest.bare_bytes() for guest in rows]
    end = b"".join(b',"%s":%s' % (key.encode(), encode(value)) for key, value in tail.items() if value)
    return b'{"servers":[' + b",".join(encoded) + b"]" + end + b"}"


def _totals(rows: list[Guest]) -> dict[str, Any]:
    """Return the sums of ``summary_stats``; its own count is always 0."""
    statuses: dict[str, dict[str, Any]] = {}
    for guest in rows:
        empty = {"pending_deleted_count": 0, "status": guest.status, "total_count": 0}
        info = statuses.setdefault(guest.status, empty)
        info["total_count"] += 1
        info["pending_deleted_count"] += int(guest.pending)
    return {
        "count": 0,
        "cpu_count": sum(int(guest.row["vcpu_count"]) for guest in rows),
        "disk_count": sum(len(guest.disks) for guest in rows),
        "disk_mb": sum(disk.size_mib for guest in rows for disk in guest.disks),
        "mem_mb": sum(int(guest.row["vmem_size"]) for guest in rows),
        "status_info": [statuses[status] for status in sorted(statuses)],
    }
