"""The compute service over HTTP: which handler answers which path, and whose token stands behind it."""

from dataclasses import dataclass, field
from datetime import timedelta

from .actions import perform
from .create import check_create_data, create_servers
from .errors import CloudError, database_down, no_handler
from .identity import Token
from .lists import list_servers
from .oplog import list_events
from .permissions import Caller
from .servers import batch_user_metadata, delete_server, get_part, get_server, update_server
from .wire import Answer, Request
from .world import World

PARTS = frozenset({"status", "metadata", "tasks"})


@dataclass(slots=True)
class Region:
    """*seen* are the tokens that it has verified: they go on working while keystone is down."""

    world: World
    seen: dict[str, Token] = field(default_factory=dict)

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
            case "GET", ["servers", ident, part] if part in PARTS:
                return get_part(self.world, self.caller(request), request, ident, part)
            case (("PUT" | "PATCH"), ["servers", ident]):
                return update_server(self.world, self.caller(request), request, ident)
            case "DELETE", ["servers", ident]:
                return delete_server(self.world, self.caller(request), request, ident)
            case "POST", ["servers", ident, action]:
                return perform(self.world, self.caller(request), request, ident, action)
            case "GET", ["events"]:
                return list_events(self.world, self.caller(request), request)
        raise no_handler(request.path)

    def caller(self, request: Request) -> Caller:
        """Return who calls: a guest unless the token is alive and region could learn that from keystone."""
        settings = self.world.settings
        token = self.seen.get(request.token)
        now = self.world.clock()
        if token is None:
            found = self.world.identity.tokens.get(request.token)
            if found is None or settings.keystone_down or not found.valid(now) or not found.user.enabled:
                return Caller(None)
            self.seen[request.token] = found
            return Caller(found)
        lag = timedelta(seconds=settings.revocation_lag_seconds)
        ended = min(token.expires_at, token.revoked_at or token.expires_at)
        if now >= ended + lag or not token.user.enabled:
            del self.seen[request.token]
            return Caller(None)
        return Caller(token)


def _where(method: str, parts: list[str]) -> str:
    if parts == ["servers"]:
        return "ListItems: CountWithError" if method == "GET" else "db.FetchModelObjects"
    return "ListItems: CountWithError" if parts == ["events"] else "fetchItem"
