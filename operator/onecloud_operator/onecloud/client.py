"""The compute API for one project: every call that the operator makes."""

from __future__ import annotations

import re
import time
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from . import disks, protocol, replies
from .eips import Eips
from .error_reply import missing, shown
from .errors import CatalogError, ProtocolError
from .models import MAX_ROWS, EventPage, Filter, Row, Sent, ServerPage, ServerQuery
from .named import Collection, NamedRows, list_named, parse_named
from .protocol import Reply, Request, new_request_id
from .redact import Redactor
from .witness import witnessing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from types import TracebackType

    from .auth import Credentials, Session
    from .endpoints import Endpoints

UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
REFUSED = frozenset({401, 403})
PAGE_ROWS = MAX_ROWS // 2  # of all columns; a page of more could exceed the size limit of an answer


class Cloud:
    """
    The compute API, as one credential sees one project.

    Calls sign in when needed. A 401 or 403 leads to one new sign-in, shared by all calls with equal
    credentials, and one retry; nothing else is ever retried. Every method raises OneCloudError only.
    """

    def __init__(self, credentials: Credentials, endpoints: Endpoints) -> None:
        self.credentials = credentials
        self._endpoints = endpoints
        self._sign_in = endpoints.hold(credentials)
        self._closed = False
        self._witness: Callable[[Sent], None] | None = None
        self.eips = Eips(self._call, self._call_about)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def verified(self) -> bool:
        """Whether the cloud's certificate is verified."""
        return not self.credentials.insecure

    @property
    def route(self) -> tuple[str, str | None, bool]:
        """The catalog interface that is used, and the TLS settings."""
        return self.credentials.interface, self.credentials.ca_pem, self.credentials.insecure

    @property
    def account(self) -> tuple[str, str] | None:
        """The names of user and project of the session in use, as they may be shown, or None without one."""
        session = self._sign_in.latest
        if session is None:
            return None
        mask = Redactor(secrets=(session.token, self.credentials.secret))
        return shown(session.user_name, mask), shown(session.project_name, mask)

    def witnessed(self, witness: Callable[[Sent], None]) -> Self:
        """
        Return the same client, which tells *witness* of every call that may change something, once it ended.

        It shares the session, and is not to be closed.
        """
        view = copy(self)
        view.watch(witness)
        return view

    def watch(self, witness: Callable[[Sent], None]) -> None:
        """Tell *witness* of calls from now on, as in `witnessed`."""
        self._witness = witness
        self.eips = Eips(self._call, self._call_about)  # which held the methods of the one that was copied

    async def session(self) -> Session:
        """Return the session, signing in if there is no valid one."""
        return await self._sign_in.session()

    async def close(self) -> None:
        """Release the session. Connections belong to the Endpoints and stay open."""
        if not self._closed:
            self._closed = True
            self._endpoints.release(self._sign_in)

    async def list_servers(self, query: ServerQuery | None = None) -> ServerPage:
        """Return one page of servers, without rows that the query does not match."""
        query = query or ServerQuery()
        request = protocol.list_servers(query)
        asked_at = self._endpoints.clock()
        reply, _ = await self._call(request)
        began = time.perf_counter()
        page = replies.parse_servers(request, reply, query, asked_at)
        return replace(page, cost_seconds=time.perf_counter() - began)

    async def list_all(self, query: ServerQuery | None = None) -> AsyncIterator[ServerPage]:
        """
        Yield all servers, page by page in the order of their ids.

        Each page starts after the last id of the previous one, so servers created or deleted meanwhile shift
        nothing. Raises ProtocolError if pages repeat: a truncated list must not look like deleted servers.
        """
        query = query or ServerQuery()
        size = query.limit or PAGE_ROWS
        seen: set[str] = set()
        after: str | None = None
        while True:
            start = () if after is None else (Filter("id", "gt", (after,)),)
            step = replace(
                query, filters=query.filters + start, order_by="id", order="asc", limit=size, offset=None
            )
            request = protocol.list_servers(step)
            asked_at = self._endpoints.clock()
            reply, _ = await self._call(request)
            page = replies.parse_servers(request, reply, query, asked_at)
            fresh = tuple(row for row in page.rows if row["id"].casefold() not in seen)
            listed = len(page.rows) + page.unrequested
            if listed and not fresh and page.rows:
                raise ProtocolError("the list repeats itself", request.call(reply.request_id))
            seen.update(row["id"].casefold() for row in fresh)
            if fresh:
                yield replace(page, rows=fresh)
            if not listed or (listed < size and listed >= page.total):
                return
            last = page.rows[-1]["id"] if page.rows else None
            if last is None or (after is not None and _backwards(after, last)):
                raise ProtocolError("the list runs backwards", request.call(reply.request_id))
            after = last

    async def get_server(self, server_id: str) -> Row | None:
        """
        Return the server, in the recycle bin or not; None only if it is proven not to exist.

        A 404 counts only if a list succeeds afterwards with the very same token: with an expired token the
        cloud answers 404 as well.
        """
        request = protocol.get_server(server_id)
        reply = await self._call_about(request, server_id)
        if reply is None:
            return None
        server = replies.parse_server(request, reply)
        if server["id"].casefold() != server_id.casefold():  # the cloud also looks up names, if no id matches
            raise ProtocolError("the cloud answered with another server", request.call(reply.request_id))
        return server

    async def create_server(self, body: Mapping[str, Any], *, dry_run: bool = False) -> Row:
        """Request a server and return it in its current state. A dry run creates none and has no id."""
        request = protocol.create_server(body, dry_run=dry_run)
        reply, _ = await self._call(request)
        return replies.parse_server(request, reply)

    async def check_server(self, body: Mapping[str, Any]) -> None:
        """Have the cloud check a server to make; raises what it would refuse the creation with."""
        request = protocol.check_server(body)
        reply, _ = await self._call(request)
        replies.parse_checked(request, reply)

    async def update_server(self, server_id: str, changes: Mapping[str, Any]) -> Row:
        """Change fields that can change at any time. The cloud ignores fields that it cannot change."""
        request = protocol.update_server(server_id, changes)
        reply, _ = await self._call(request)
        return replies.parse_server(request, reply)

    async def delete_server(  # noqa: PLR0913 - the route has these options
        self,
        server_id: str,
        *,
        override_pending_delete: bool = False,
        purge: bool = False,
        delete_snapshots: bool = False,
        delete_eip: bool = False,
        delete_disks: bool = False,
    ) -> Row | None:
        """Start a deletion, by default into the recycle bin. Returns None if the server provably is gone."""
        options = {
            "override_pending_delete": override_pending_delete,
            "purge": purge,
            "delete_snapshots": delete_snapshots,
            "delete_eip": delete_eip,
            "delete_disks": delete_disks,
        }
        request = protocol.delete_server(server_id, options)
        reply = await self._call_about(request, server_id)
        return None if reply is None else replies.parse_acknowledged(request, reply)

    async def perform(self, server_id: str, action: str, body: Mapping[str, Any] | None = None) -> Row:
        """
        Start *action* (``start``, ``change-config``, …) and return the server in its current state.

        A 404 raises, since it may be about something that the body refers to.
        """
        request = protocol.perform(server_id, action, body)
        reply, _ = await self._call(request)
        return replies.parse_acknowledged(request, reply)

    async def get_disk(self, disk_id: str) -> Row | None:
        """Return the disk, in the recycle bin or not; None only if it is proven not to exist."""
        request = disks.get_disk(disk_id)
        reply = await self._call_about(request, disk_id)
        return None if reply is None else replies.parse_part(request, reply, "disk", disk_id)

    async def update_disk(self, disk_id: str, changes: Mapping[str, Any]) -> Row:
        """Change plain fields of a disk, such as ``auto_delete``."""
        request = disks.update_disk(disk_id, changes)
        reply, _ = await self._call(request)
        return replies.parse_part(request, reply, "disk", disk_id)

    async def restore_disk(self, disk_id: str) -> Row:
        """Restore a disk from the recycle bin, and leave its server there."""
        request = disks.restore_disk(disk_id)
        reply, _ = await self._call(request)
        return replies.parse_part(request, reply, "disk", disk_id)

    async def list_disks_tagged(self, key: str, value: str) -> tuple[tuple[str, ...], bool]:
        """Return which disks have a user tag (*key* without ``user:``), and whether these are all."""
        request = disks.list_tagged(key, value)
        reply, _ = await self._call(request)
        return replies.parse_ids(request, reply, "disks")

    async def create_disk(self, body: Mapping[str, Any]) -> Row:
        """Request a disk that is attached to no server, and return it in its current state."""
        request = disks.create_disk(body)
        reply, _ = await self._call(request)
        return disks.parse_created_disk(request, reply)

    async def delete_disk(self, disk_id: str) -> None:
        """Put a disk that is attached to no server into the recycle bin. One that is gone is no error."""
        request = disks.delete_disk(disk_id)
        reply = await self._call_about(request, disk_id)
        if reply is not None:
            replies.parse_part(request, reply, "disk", disk_id)

    async def tag_disk(self, disk_id: str, tags: Mapping[str, str]) -> Row:
        """Set user tags of a disk (keys without ``user:``). The values ``none`` and ``null`` remove a tag."""
        request = disks.tag_disk(disk_id, tags)
        reply, _ = await self._call(request)
        return replies.parse_part(request, reply, "disk", disk_id)

    async def merge_user_metadata(self, server_id: str, tags: Mapping[str, str]) -> Row:
        """Set user tags (keys without ``user:``). The values ``none`` and ``null`` remove a tag."""
        return await self.perform(server_id, "user-metadata", tags)

    async def set_user_metadata(self, server_id: str, tags: Mapping[str, str]) -> Row:
        """Replace all user tags by *tags* (keys without ``user:``)."""
        return await self.perform(server_id, "set-user-metadata", tags)

    async def events(  # noqa: PLR0913 - the route has these parameters
        self,
        *,
        marker: int | None = None,
        server_ids: Sequence[str] = (),
        actions: Sequence[str] = (),
        order: str = "ASC",
        limit: int = 1000,
        fields: Sequence[str] = (),
    ) -> EventPage:
        """Return the events of the project's servers after *marker*, by whichever user."""
        request = protocol.list_events(
            marker=marker, server_ids=server_ids, actions=actions, order=order, limit=limit, fields=fields
        )
        asked_at = self._endpoints.clock()
        reply, _ = await self._call(request)
        began = time.perf_counter()
        page = replies.parse_events(request, reply, marker, asked_at)
        return replace(page, cost_seconds=time.perf_counter() - began)

    async def list_named(self, collection: Collection, name: str) -> NamedRows:
        """Return everything in *collection* that has *name* and is visible to the project."""
        request = list_named(collection, name)
        reply, _ = await self._call(request, images=collection is Collection.IMAGES)
        return parse_named(request, reply, collection, name)

    async def _call_about(self, request: Request, one_id: str) -> Reply | None:
        """Send a call about one server or disk; return None if it is proven not to exist."""
        for last in (False, True):
            reply, session = await self._call(request)
            if not missing(request, reply, one_id):
                return reply
            proof_request = protocol.prove_token()
            proof = await self._send(proof_request, session)
            if proof.status in REFUSED:
                if not last and await self._sign_in.renew(session) is not None:
                    continue  # the token had expired, so the 404 proves nothing: retry with a new one
                self._sign_in.note_second_refusal()
            replies.parse_servers(proof_request, proof, protocol.PROOF, 0.0)  # raises unless it succeeded
            return None
        raise AssertionError("the second round returns or raises")

    async def _call(self, request: Request, *, images: bool = False) -> tuple[Reply, Session]:
        """Send, and once more with a new token if this one is refused. Returns the session used, too."""
        session = await self._sign_in.session()
        reply = await self._send(request, session, images=images)
        if reply.status in REFUSED:
            renew = await self._sign_in.renew(session)
            if renew is not None:
                session = renew
                reply = await self._send(request, session, images=images)
                if reply.status in REFUSED:
                    self._sign_in.note_second_refusal()
        return reply, session

    async def _send(self, request: Request, session: Session, *, images: bool = False) -> Reply:
        """Send to the compute service, or to the one for *images*."""
        url = session.image_url if images else session.compute_url
        if url is None:
            raise CatalogError(
                "the catalog has no image service that the token may be sent to", request.call()
            )
        headers = {"X-Auth-Token": session.token.get_secret_value()}
        request_id = new_request_id()
        exchange = self._endpoints.exchange(url, request, headers, self._sign_in.tls, request_id)
        if self._witness is not None and request.writes:
            exchange = witnessing(exchange, request, request_id, self._witness, self._endpoints.clock)
        reply = await exchange
        return replace(reply, mask=Redactor(request.body, (session.token, self.credentials.secret)))


def _backwards(before: str, after: str) -> bool:
    """Return whether two UUIDs are in the wrong order; the order of other ids is not known."""
    return (
        all(UUID_TEXT.fullmatch(text) for text in (before, after)) and after.casefold() <= before.casefold()
    )
