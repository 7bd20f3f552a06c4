"""
One credential's session: a single sign-in for all callers, renewed at half of its lifetime.

Refusals are remembered, since each further attempt with a wrong password counts towards locking the account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from .auth import CasTicket, Credentials, Method, Session, Token, canonical_auth_url, secret_of
from .errors import (
    AccountLocked,
    CatalogError,
    InvalidRequest,
    NotIdentity,
    NotInProject,
    OneCloudError,
    SignInError,
    TooManyAttempts,
    TransportError,
    UserNotFound,
    WrongPassword,
)
from .protocol import Reply, Request, new_request_id
from .redact import Redactor
from .signin_reply import parse_session
from .signin_request import sign_in
from .tls import Tls

Send = Callable[[str, Request, dict[str, str], Tls, str], Awaitable[Reply]]
WrapTask = Callable[[Callable[[], Coroutine[Any, Any, Session]]], Coroutine[Any, Any, Session]]


@dataclass(frozen=True, slots=True)
class SignInBackoff:
    """How long a failed sign-in is not retried."""

    locking_seconds: float = 600.0  # after a refusal that counts towards locking the account
    refused_seconds: float = 60.0  # after any other refusal: somebody has to act
    first_seconds: float = 1.0  # after an outage, doubling
    longest_seconds: float = 60.0
    # How long a refusal means "no permission", after a new token was refused as well.
    distrust_seconds: float = 60.0
    renewal_seconds: float = 10.0  # between two sign-ins after refused tokens


@dataclass(frozen=True, slots=True)
class SignInFailure:
    """The last attempt's error, raised instead of new attempts *until* then; *times* in a row."""

    error: OneCloudError
    until: float
    times: int


class SignIn:
    """Keeps one credential signed in. Shared by all holders; *clock* is monotonic."""

    def __init__(
        self,
        credentials: Credentials,
        send: Send,
        clock: Callable[[], float],
        backoff: SignInBackoff | None = None,
        wrap_task: WrapTask | None = None,
    ) -> None:
        self.credentials = credentials
        self.tls = Tls(credentials.ca_pem, credentials.insecure)
        self.holders = 0
        self._send = send
        self._clock = clock
        self._backoff = backoff or SignInBackoff()
        self._wrap_task = wrap_task or _unwrapped
        self._session: Session | None = None
        self._refused: Session | None = None
        self._failure: SignInFailure | None = None
        self._attempt: asyncio.Task[Session] | None = None
        self._distrusted_until = 0.0
        self._renewable_at = 0.0

    @property
    def latest(self) -> Session | None:
        """The session in use, alive or not."""
        return self._session

    @property
    def evictable(self) -> bool:
        """Whether it has no holders and no failure to remember."""
        failed = self._failure is not None and self._clock() < self._failure.until
        return self.holders <= 0 and not failed and self._attempt is None

    async def session(self) -> Session:
        """
        Return a valid session, signing in if there is none. Raises OneCloudError.

        From half of its lifetime on, a session is renewed in the background while calls continue to use it,
        so an outage of the identity service matters only once the token expires. A refusal ends it at once.
        """
        now = self._clock()
        session = self._session
        if session is None or now >= session.ends_at:
            return await self._ensure_session()
        if now >= session.renew_at and self._attempt is None and self._remembered_failure(now) is None:
            self._start()
        return session

    async def renew(self, refused: Session) -> Session | None:
        """
        Return another session than *refused*, or None if another would be refused as well.

        The cloud answered that one with 401 or 403. Signs in at most once for all callers; until then the
        refused session stays in use, since the user may just lack one permission.
        """
        if self._session is not None and self._session is not refused:
            return self._session
        if self._clock() < max(self._distrusted_until, self._renewable_at):
            return None
        self._refused = refused
        session = await self._ensure_session()
        self._renewable_at = self._clock() + self._backoff.renewal_seconds
        return session

    def note_second_refusal(self) -> None:
        """Record that a session from `renew` was refused, too."""
        self._distrusted_until = self._clock() + self._backoff.distrust_seconds

    async def close(self) -> None:
        """Cancel an attempt under way; its waiters get an error."""
        if self._attempt is not None:
            self._attempt.cancel()
            await asyncio.wait([self._attempt])

    async def _ensure_session(self) -> Session:
        attempt = self._attempt
        if attempt is None:
            failure = self._remembered_failure(self._clock())
            if failure is not None:
                raise failure.error.without_traceback(failure.until - self._clock())
            attempt = self._start()
        # wait() instead of await: a cancelled caller must not cancel the sign-in of the others.
        await asyncio.wait([attempt])
        if attempt.cancelled():
            raise TransportError("the client was closed while signing in")
        error = attempt.exception()
        if isinstance(error, OneCloudError):
            raise error.without_traceback(self._failure.until - self._clock() if self._failure else None)
        return attempt.result()

    def _start(self) -> asyncio.Task[Session]:
        self._attempt = attempt = asyncio.get_running_loop().create_task(self._wrap_task(self._try))
        attempt.add_done_callback(self._ended)
        return attempt

    def _ended(self, attempt: asyncio.Task[Session]) -> None:
        self._attempt = None
        if not attempt.cancelled() and isinstance(error := attempt.exception(), OneCloudError):
            times = self._failure.times + 1 if self._failure else 1
            # The copy has no traceback, whose frames hold the whole answer.
            self._failure = SignInFailure(
                error.without_traceback(), self._clock() + self._backoff_seconds(error, times), times
            )
            if _ends_the_session(error):
                self._session = None

    async def _try(self) -> Session:
        asked_at = self._clock()
        method = self._method(asked_at)
        request = sign_in(self.credentials, method, datetime.now(UTC))
        try:
            auth_url = canonical_auth_url(self.credentials.auth_url)
        except InvalidRequest as error:
            raise InvalidRequest(f"sign-in URL: {error.message}") from None
        reply = await self._send(auth_url, request, {}, self.tls, new_request_id())
        reply = replace(reply, mask=Redactor(request.body, (secret_of(method),)))
        session = parse_session(self.credentials, request, reply, asked_at)
        self._session, self._refused, self._failure = session, None, None
        return session

    def _method(self, now: float) -> Method:
        """Return the sign-in method: the secret, or the token that a one-time secret was exchanged for."""
        method = self.credentials.method
        last = self._session
        if isinstance(method, CasTicket) and last is not None:
            return Token(last.token)
        if (
            isinstance(method, Token)
            and last is not None
            and last is not self._refused
            and now < last.ends_at
        ):
            return Token(last.token)
        return method

    def _remembered_failure(self, now: float) -> SignInFailure | None:
        return self._failure if self._failure is not None and now < self._failure.until else None

    def _backoff_seconds(self, error: OneCloudError, times: int) -> float:
        match error:
            case WrongPassword() | AccountLocked() | TooManyAttempts():
                return self._backoff.locking_seconds
            case SignInError() | InvalidRequest():
                return self._backoff.refused_seconds
        return min(self._backoff.longest_seconds, self._backoff.first_seconds * 2.0 ** min(times - 1, 16))


def _unwrapped(work: Callable[[], Coroutine[Any, Any, Session]]) -> Coroutine[Any, Any, Session]:
    return work()


def _ends_the_session(error: OneCloudError) -> bool:
    """Return whether *error* means that the credentials are no longer entitled to a session."""
    match error:
        case WrongPassword() | UserNotFound() | NotInProject() | AccountLocked():
            return True
        case CatalogError() | NotIdentity() | TooManyAttempts():
            return False
        case SignInError():  # of an unknown class; a 403 may be an outage
            return error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.LOCKED}
    return False
