"""The client on the simulator without a socket, in simulated time: for what is about timing and counting."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, cast

from pydantic import SecretStr

from onecloud_operator.onecloud import Cloud, Collection, Credentials, Endpoints, NamedRows, Token
from onecloud_operator.onecloud.auth import Session
from onecloud_operator.onecloud.models import EventPage, ServerPage, ServerQuery
from onecloud_operator.onecloud.protocol import Reply, Request
from onecloud_operator.onecloud.tls import Tls
from sandbox.cloud import Control
from sandbox.cloud.app import App
from sandbox.cloud.defaults import LAB_PROJECT
from sandbox.cloud.errors import CloudError
from sandbox.cloud.guests import Guest
from sandbox.cloud.times import header_time
from sandbox.cloud.wire import Answer, Query, encode
from sandbox.cloud.wire import Request as Asked
from sandbox.cloud.world import World as Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onecloud_operator.onecloud.errors import OneCloudError
    from tests.engine.simulated import SimulatedClock

PROJECT = LAB_PROJECT
START = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
AUTH_URL = "http://cloud.example/v3"


class Site:
    """
    One simulated cloud, whose clock follows the test's.

    *ahead_seconds* is how far its clock runs ahead, *date* what its answers are dated by.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.born_at = clock.now
        self.ahead_seconds = 0.0
        self.simulator = Simulator(clock=self.now)
        next(iter(self.simulator.inventory.networks.values())).last = "10.88.127.250"  # room for 20,000
        self.app = App(self.simulator)
        self.control = Control(self.app)
        self.date: Callable[[], datetime | None] = self.now

    def now(self) -> datetime:
        """Return its own clock, which is not ours."""
        seconds = self.clock.now - self.born_at + self.ahead_seconds
        return (START + timedelta(seconds=seconds)).replace(microsecond=0)


class Direct:
    """Carries a client's calls to a site in place of `Endpoints` and `SignIn`, without a socket or a wait."""

    tls = Tls()

    def __init__(self, site: Site, user: str, scope: str) -> None:
        self.site = site
        self.user = user
        self.scope = scope
        self.clock = site.clock.monotonic
        self._session: Session | None = None

    def hold(self, _credentials: Credentials) -> Self:
        """Return what keeps the client signed in."""
        return self

    def release(self, _sign_in: Self) -> None:
        """Do nothing: nobody else holds it."""

    async def renewed(self, _refused: Session) -> Session | None:
        """Return no new session: a refusal is one."""
        return None

    def refused_again(self) -> None:
        """Do nothing: nothing is remembered."""

    async def session(self) -> Session:
        """Return the session; the token is issued with the first call."""
        if self._session is None:
            identity, user = self.site.simulator.identity, self.site.control.user(self.user)
            project = self.site.simulator.project(next(iter(user.roles)))
            token = identity.issue(user, "password", self.site.now(), project=project)
            self._session = Session(
                AUTH_URL,
                "http://cloud.example",
                self.site.simulator.region,
                project.id,
                project.name,
                user.id,
                user.name,
                SecretStr(token.text),
                self.clock(),
                float(identity.lifetime_seconds),
                image_url="http://cloud.example/v1",
            )
        return self._session

    async def exchange(
        self, _base_url: str, request: Request, headers: dict[str, str], _tls: Tls, request_id: str
    ) -> Reply:
        """Return the simulator's answer."""
        _, _, query = request.target.partition("?")
        query += f"&scope={self.scope}" if self.scope else ""
        lower = {name.lower(): value for name, value in headers.items()}
        asked = Asked(request.method, request.path, Query(query), lower, request.content or b"")
        try:
            answer = self.site.app.region.handle(asked)
        except CloudError as error:
            body = {"class": error.kind, "code": error.status, "details": error.details}
            answer = Answer(error.status, encode(body))
        date = self.site.date()
        dated = {} if date is None else {"date": header_time(date)}
        return Reply(answer.status, {"content-type": answer.content_type} | dated, answer.body, request_id)


class SimulatedCloud(Cloud):
    """
    The client of one user, which counts its calls; and what changes in the cloud behind it.

    *fail* is asked before each call, with its kind, for what to raise in its place. Every list is asked
    for with *scope*.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        site: Site | None = None,
        *,
        user: str = "labuser",
        scope: str = "",
        interface: str = "public",
    ) -> None:
        self.site = site or Site(clock)
        given = Credentials(AUTH_URL, Token(SecretStr(user)), interface=interface)
        super().__init__(given, cast("Endpoints", Direct(self.site, user, scope)))
        self.calls: list[tuple[float, str, ServerQuery | None]] = []
        self.rows_sent = 0
        self.fail: Callable[[str, ServerQuery | None], OneCloudError | None] = lambda _kind, _query: None

    def another_client(self, user: str = "labuser", scope: str = "") -> SimulatedCloud:
        """Return a client of the same cloud with counters of its own."""
        return SimulatedCloud(self.site.clock, self.site, user=user, scope=scope)

    # -- what changes there ------------------------------------------------------------------------------
    @property
    def ids(self) -> list[str]:
        """Return the ids of all servers, in their order."""
        return [guest.id for guest in self.site.simulator.store.all()]

    def row(self, server_id: str) -> dict[str, Any]:
        """Return a server as a list without details shows it."""
        return self.site.control.guest(server_id).bare()

    def add(self, server_id: str, status: str = "running", **columns: Any) -> None:
        """Add a server of this id and name, of which the log of operations says nothing."""
        log = self.site.simulator.events
        log.enabled = False
        self.site.control.add_server(server_id, ident=server_id, status=status, **columns)
        log.enabled = True

    def change(self, server_id: str, **columns: Any) -> None:
        """Write a server's row, of which the log of operations says nothing."""
        self.site.simulator.store.write(self.site.control.guest(server_id), **columns)

    def change_unseen(self, server_id: str, **columns: Any) -> None:
        """Change columns of a row, and neither its version nor its time."""
        guest = self.site.control.guest(server_id)
        guest.row |= columns
        guest.encoded = None

    def stamp(self, server_id: str, at: datetime) -> None:
        """Have a row say that it changed at another time."""
        site = self.site
        ahead, site.ahead_seconds = site.ahead_seconds, site.ahead_seconds + (at - site.now()).total_seconds()
        site.simulator.store.write(site.control.guest(server_id), bump=0)
        site.ahead_seconds = ahead

    def log_event(self, server_id: str, action: str, notes: str = "") -> None:
        """Write a line of the log of operations."""
        self.site.simulator.events.add(self._guest(server_id), action, notes)

    def begin_another_log(self) -> None:
        """Empty the log of operations; it counts from the beginning again."""
        log = self.site.simulator.events
        log.events.clear()
        log.next_id = 1001

    def erase(self, *server_ids: str) -> None:
        """Really delete servers, of which the log of operations says nothing."""
        for server_id in server_ids:
            self.site.simulator.erase(self.site.control.guest(server_id))

    # -- what it is asked --------------------------------------------------------------------------------
    async def list_servers(self, query: ServerQuery | None = None) -> ServerPage:
        """List servers; to read the answer costs no simulated time."""
        query = query or ServerQuery()
        self._count(kind_of(query), query)
        page = await super().list_servers(query)
        self.rows_sent += len(page.rows) + page.unrequested
        return replace(page, cost_seconds=0.0)

    async def get_server(self, server_id: str) -> dict[str, Any] | None:
        """Return one server."""
        self._count("get")
        return await super().get_server(server_id)

    async def events(  # noqa: PLR0913 - the client's signature
        self,
        *,
        marker: int | None = None,
        server_ids: Sequence[str] = (),
        actions: Sequence[str] = (),
        order: str = "ASC",
        limit: int = 1000,
        fields: Sequence[str] = (),
    ) -> EventPage:
        """Return events; to read the answer costs no simulated time."""
        self._count("events")
        page = await super().events(
            marker=marker, server_ids=server_ids, actions=actions, order=order, limit=limit, fields=fields
        )
        return replace(page, cost_seconds=0.0)

    async def list_named(self, collection: Collection, name: str) -> NamedRows:
        """Return what goes by *name*."""
        self._count(f"{collection.value} {name}")
        return await super().list_named(collection, name)

    # -- what was asked ----------------------------------------------------------------------------------
    def kinds(self, since: float = 0.0) -> Counter[str]:
        """Count the calls of each kind since a time."""
        return Counter(kind for at, kind, _ in self.calls if at >= since)

    def times(self, kind: str) -> list[float]:
        """Return when calls of one kind came, in seconds since the beginning."""
        return [at - self.site.born_at for at, called, _ in self.calls if called == kind]

    # -- within ------------------------------------------------------------------------------------------
    def _count(self, kind: str, query: ServerQuery | None = None) -> None:
        self.calls.append((self.site.clock.now, kind, query))
        if (error := self.fail(kind, query)) is not None:
            raise error

    def _guest(self, server_id: str) -> Guest:
        """Return a server's state, be it deleted or not."""
        store = self.site.simulator.store
        return store.get(server_id) or next(guest for guest in store.deleted() if guest.id == server_id)


def kind_of(query: ServerQuery) -> str:
    """Name what kind of list this is."""
    if query.ids:
        return "details" if query.details else "rows"
    if any(condition.field == "updated_at" for condition in query.filters):
        return "delta"
    return "newest" if query.order_by == "updated_at" else "probe" if query.limit == 1 else "sweep"
