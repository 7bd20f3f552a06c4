"""What every service beside keystone does with a token: ask keystone once, then remember."""

from dataclasses import dataclass, field
from datetime import timedelta

from .identity import Token
from .permissions import Caller
from .wire import Request
from .world import World


@dataclass(slots=True)
class Verifier:
    """*seen* are the tokens that a service has verified: they go on working while keystone is down."""

    world: World
    seen: dict[str, Token] = field(default_factory=dict)

    def caller(self, request: Request) -> Caller:
        """Return who calls: a guest unless the token lives and the service could learn that from keystone."""
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
