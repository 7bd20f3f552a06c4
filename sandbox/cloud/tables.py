"""Lists and single rows of everything that is no server: by id, by name, by tag, cut to fields."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from .errors import ambiguous, not_found, object_refused
from .lists import PAGE_SIZE, number_of, tag_groups, tagged
from .permissions import Caller, span_of
from .wire import Answer, Query, Request, answer, encode
from .world import World


@dataclass(frozen=True, slots=True)
class Line:
    """
    One row of a table.

    *project_id* is empty for what everybody sees, *user_id* unless it is one user's own. *columns* are the
    texts by which the table's own list parameters choose. *face* makes the row as GET by id shows it.
    """

    id: str
    name: str
    created_at: datetime | None
    face: Callable[[], dict[str, Any]]
    project_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    user_id: str = ""
    pending: bool = False

    def seen_by(self, caller: Caller) -> bool:
        """Return whether *caller* finds the row by its name."""
        if caller.token is None or caller.administrator:
            return True
        return self.project_id in ("", caller.project_id) and self.user_id in ("", _user(caller))


@dataclass(frozen=True, slots=True)
class Table:
    """
    One resource of the cloud.

    *lines* yields all rows, *line* finds one by its id where that is quicker. *joined* are the keys that a
    list leaves out without details, *single* those that only GET by id shows, *listed* those that it omits.
    """

    singular: str
    plural: str
    lines: Callable[[World], Iterable[Line]]
    joined: frozenset[str] = frozenset()
    single: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    service: str = "compute"
    line: Callable[[World, str], Line | None] | None = None


def list_rows(world: World, caller: Caller, request: Request, table: Table) -> Answer:
    """Answer a list. Unknown parameters change nothing."""
    query = request.query
    find = {p.name.casefold(): p.id for p in world.identity.projects.values()} | {
        p.id: p.id for p in world.identity.projects.values()
    }
    span = span_of(caller, query, table.service, table.plural, find=find)
    limit, offset = number_of(query, "limit"), max(number_of(query, "offset"), 0)
    keep = _predicates(caller, query, span.project_id)
    rows = [line for line in table.lines(world) if all(holds(line) for holds in keep)]
    if world.settings.lists_empty:
        rows = []
    ascending = (query.one("order") or "desc").lower() == "asc"
    column = query.one("order_by")
    rows.sort(key=lambda line: _place(line, column), reverse=not ascending)
    total = len(rows)
    if query.flag("force_no_paging"):
        limit, offset = total or PAGE_SIZE, 0
    elif limit <= 0 or (total > PAGE_SIZE and limit > PAGE_SIZE):
        limit = PAGE_SIZE
    page = rows[offset : offset + limit]
    shown: dict[str, Any] = {table.plural: [_shown(line, query, table) for line in page]}
    if total:
        shown |= {key: value for key, value in _tail(limit, offset, total).items() if value}
    return Answer(200, encode(shown), rows=len(page))


def _tail(limit: int, offset: int, total: int) -> dict[str, int]:
    return {"limit": limit, "offset": offset, "total": total}


def _place(line: Line, column: str | None) -> tuple[str, str, str]:
    """Return where a row stands: by the time when it was made unless the list is ordered by id or name."""
    if column == "id":
        return line.id, "", ""
    made = line.created_at.isoformat() if line.created_at and column != "name" else ""
    return made, line.name.casefold(), line.id


def _shown(line: Line, query: Query, table: Table) -> dict[str, Any]:
    hidden = table.single if query.flag("details", default=True) else table.single | table.joined
    wanted = set(query.all("field"))
    return {
        key: value
        for key, value in line.face().items()
        if key not in hidden and (not wanted or key in wanted)
    }


def _predicates(caller: Caller, query: Query, project_id: str | None) -> list[Callable[[Line], bool]]:
    keep: list[Callable[[Line], bool]] = []
    if project_id is not None:
        keep.append(lambda line: line.project_id in ("", project_id) and line.user_id in ("", _user(caller)))
    recycled = (query.one("pending_delete") or "").lower()
    if recycled == "true":
        keep.append(lambda line: line.pending)
    elif recycled not in {"all", "any"}:
        keep.append(lambda line: not line.pending)
    if idents := {ident.casefold() for ident in query.all("id")}:
        keep.append(lambda line: line.id.casefold() in idents)
    if names := {name.strip().casefold() for name in query.all("name")}:
        keep.append(lambda line: line.name.casefold() in names)
    if search := (query.one("search") or "").casefold():
        keep.append(lambda line: search in line.name.casefold() or search in line.id)
    for name in dict.fromkeys(key for key, _ in query.pairs):
        values = {value.casefold() for value in query.all(name)}
        keep.append(partial(_chosen, name, values))
    keep.extend(partial(_meets, tagged(conditions)) for conditions in tag_groups(query))
    return keep


def _user(caller: Caller) -> str:
    return caller.token.user.id if caller.token else ""


def _chosen(name: str, values: set[str], line: Line) -> bool:
    return name not in line.columns or line.columns[name].casefold() in values


def _meets(conditions: Callable[[Mapping[str, str]], bool], line: Line) -> bool:
    return conditions(line.tags)


def fetch(world: World, caller: Caller, request: Request, table: Table, ident: str, verb: str) -> Line:
    """
    Return the row that *ident* names, by id first; 404 without one, and only then 403.

    A name that several rows have is a 500 here, where servers have a 409. A bare path reads the row as it is;
    any query string applies the filters of a list, which hide what is recycled.
    """
    line = _by_id(world, table, ident) or _by_name(world, caller, table, ident)
    if line is None:
        raise not_found(table.singular, ident)
    allow = caller.allowance(verb)  # type: ignore[arg-type]
    if allow != "system" and not line.seen_by(caller):
        raise object_refused(require="domain", allow=allow)
    if allow == "none":
        raise object_refused(require="project", allow=allow)
    if verb == "get" and request.query and line.pending:
        wanted = (request.query.one("pending_delete") or "").lower()
        if wanted not in {"true", "all", "any"}:
            raise not_found(table.singular, ident)
    return line


def _by_id(world: World, table: Table, ident: str) -> Line | None:
    if table.line is not None:
        return table.line(world, ident)
    return next((line for line in table.lines(world) if line.id.casefold() == ident.casefold()), None)


def _by_name(world: World, caller: Caller, table: Table, name: str) -> Line | None:
    wanted = name.strip().casefold()
    rows = (line for line in table.lines(world) if line.name.casefold() == wanted)
    found = [line for line in rows if not line.pending and line.seen_by(caller)]
    if len(found) > 1:
        raise ambiguous()
    return found[0] if found else None


def get_row(world: World, caller: Caller, request: Request, table: Table, ident: str) -> Answer:
    line = fetch(world, caller, request, table, ident, "get")
    return answer({table.singular: {k: v for k, v in line.face().items() if k not in table.listed}})
