"""Everything that region serves beside servers and their events: which handler answers which path."""

from .errors import list_refused, no_handler
from .parts import TABLES
from .permissions import Caller
from .tables import get_row, list_rows
from .wire import Answer, Request
from .world import World


def handle(world: World, caller: Caller, request: Request, parts: list[str]) -> Answer:
    match request.method, parts:
        case "GET", ["storages"] if not caller.administrator:
            allow = caller.allowance("list")
            raise list_refused("compute", "storages", require="domain", allow=allow, query="domain")
        case "GET", [plural] if plural in TABLES:
            return list_rows(world, caller, request, TABLES[plural])
        case "GET", [plural, ident] if plural in TABLES:
            return get_row(world, caller, request, TABLES[plural], ident)
    raise no_handler(request.path)
