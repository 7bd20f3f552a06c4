"""The compute service over HTTP: which handler answers which path, and whose token stands behind it."""

from . import resources
from .actions import perform
from .create import check_create_data, create_servers
from .errors import CloudError, database_down
from .lists import list_servers
from .oplog import list_events
from .servers import batch_user_metadata, delete_server, get_part, get_server, update_server
from .verifier import Verifier
from .wire import Answer, Request


class Region(Verifier):
    """The compute service."""

    def handle(self, request: Request) -> Answer:
        parts = [part for part in request.path.split("/") if part]
        if request.path == "/version" or request.path in {"/ping", "/stats"}:
            raise CloudError(403, "ForbiddenError", "Forbidden")
        if self.world.settings.database_down:
            raise database_down(_where(request.method, parts))
        match request.method, parts:
            case "GET", ["servers"]:
                return list_servers(self.world, self.caller(request), request)
            case "POST", ["servers"]:
                return create_servers(self.world, self.caller(request), request)
            case "POST", ["servers", "check-create-data"]:
                return check_create_data(self.world, self.caller(request), request)
            case "POST", ["servers", "batch-user-metadata"]:
                return batch_user_metadata(self.world, self.caller(request), request)
            case (("GET" | "HEAD"), ["servers", ident]):
                return get_server(self.world, self.caller(request), request, ident)
            case "GET", ["servers", ident, part]:
                return get_part(self.world, self.caller(request), request, ident, part)
            case (("PUT" | "PATCH"), ["servers", ident]):
                return update_server(self.world, self.caller(request), request, ident)
            case "DELETE", ["servers", ident]:
                return delete_server(self.world, self.caller(request), request, ident)
            case "POST", ["servers", ident, action]:
                return perform(self.world, self.caller(request), request, ident, action)
            case "GET", ["events"]:
                return list_events(self.world, self.caller(request), request)
        return resources.handle(self.world, self.caller(request), request, parts)


def _where(method: str, parts: list[str]) -> str:
    if parts == ["servers"]:
        return "ListItems: CountWithError" if method == "GET" else "db.FetchModelObjects"
    return "ListItems: CountWithError" if parts == ["events"] else "fetchItem"
