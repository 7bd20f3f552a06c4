"""
What can go wrong between us and the cloud, as types: callers match on classes, people read the text.

    OneCloudError
    ├── InvalidRequest          refused here, before anything was sent (bad URL, CA bundle, id, filter)
    ├── AddressNotAllowed       the host's addresses are on no list of places where we may connect
    ├── TransportError          no whole answer came
    │   ├── ConnectFailed       nobody there: DNS, refused, unreachable
    │   ├── TlsFailed           the certificate is not trusted, or no TLS there
    │   └── Timeout             no answer, no connection or no free slot in time
    ├── ProtocolError           an answer that is not the API's: HTML, garbage, cut off
    │   ├── AnswerTooLarge
    │   └── Redirected
    ├── SignInError             the identity service refused
    │   ├── WrongPassword       401 WrongPassword
    │   ├── UserNotFound        404 UserNotFound
    │   ├── NotInProject        401, and no project of that name for this user
    │   ├── AccountLocked       423 UserLocked, UserDisabled
    │   ├── TooManyAttempts     429 TooManyFailedAttempts
    │   ├── NotIdentity         no identity service at this URL
    │   └── CatalogError        signed in, but no compute service to go to
    └── ApiError                the compute or identity service said no, in its own words
        ├── InvalidInput        400, 413
        │   └── InvalidStatus   400 InvalidStatusError: the server is busy; look again
        ├── QuotaExceeded       400 OutOfQuotaError
        ├── NoCapacity          400 InsufficientResourceError, 507
        ├── Unauthorized        401
        ├── Forbidden           403: no right, a dead token, or the identity service is down
        ├── NotFound            404
        │   └── ResourceNotFound  404 ResourceNotFoundError: the object, or one it refers to
        ├── NotSupported        404 ActionNotFoundError, 406, 501
        ├── Conflict            409
        │   ├── DuplicateName   409 DuplicateNameError
        │   ├── DuplicateId     500 in the database's words for the id that was sent; 409 DuplicateIdError
        │   └── Busy            409 ResourceBusyError, 500 ResourceNotReadyError
        ├── Locked              423
        ├── RateLimited         429
        └── ServerError         5xx
            ├── InnerFailure    400, 404, 406 about a call between the cloud's services
            └── GatewayError    502, 503
                └── GatewayTimeout  504: the handler goes on running

``ambiguous`` is True when the call was a write that the cloud may have carried out all the same: observe,
never assume. No error ever holds a token, a password or a body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Call:
    """
    Name one call for people.

    *path* is a template (``/servers/{id}``), *request_id* finds the call in the cloud's log, *writes* says
    that it was meant to change something there.
    """

    method: str
    path: str
    request_id: str = ""
    writes: bool = False


class OneCloudError(Exception):
    """Anything that went wrong with one call to the cloud."""

    def __init__(self, message: str, call: Call | None = None, *, ambiguous: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.call = call
        self.ambiguous = ambiguous
        # Seconds until the next attempt is made at all; set when this is a remembered sign-in failure.
        self.retry_after_seconds: float | None = None

    @property
    def method(self) -> str:
        """The HTTP method, or "" if no call was made."""
        return self.call.method if self.call else ""

    @property
    def path(self) -> str:
        """The path's template, or ""."""
        return self.call.path if self.call else ""

    @property
    def request_id(self) -> str:
        """What finds the call in the cloud's log, or ""."""
        return self.call.request_id if self.call else ""

    def __str__(self) -> str:
        if self.call is None:
            return self.message
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.method} {self.path}: {self.message}{request}"

    def remembered(self, retry_after_seconds: float | None = None) -> Self:
        """Return a twin without traceback, so that many callers can raise one failure."""
        twin = type(self).__new__(type(self))
        twin.args = self.args
        twin.__dict__.update(self.__dict__)
        twin.retry_after_seconds = retry_after_seconds
        return twin


class InvalidRequest(OneCloudError):
    """Refused here, before anything was sent."""


class AddressNotAllowed(OneCloudError):
    """The address policy forbids every address of this host."""


class TransportError(OneCloudError):
    """No whole answer came."""


class ConnectFailed(TransportError):
    """No connection could be made, so nothing was sent."""


class TlsFailed(TransportError):
    """The other side could not prove who it is, so nothing was sent."""


class Timeout(TransportError):
    """A connection, an answer or a free slot did not come in time."""


class ProtocolError(OneCloudError):
    """The answer is not one of this API."""

    def __init__(
        self, message: str, call: Call | None = None, *, ambiguous: bool = False, status: int | None = None
    ) -> None:
        super().__init__(message, call, ambiguous=ambiguous)
        self.status = status


class AnswerTooLarge(ProtocolError):
    """The answer was cut off at our limit."""


class Redirected(ProtocolError):
    """The answer was a redirect; none is followed, since a token would travel with it."""


class SignInError(OneCloudError):
    """The identity service refused these credentials."""

    def __init__(
        self, message: str, call: Call | None = None, *, status: int | None = None, error_class: str = ""
    ) -> None:
        super().__init__(message, call)
        self.status = status
        self.error_class = error_class


class WrongPassword(SignInError):
    """The password is wrong. Trying again counts towards locking the account."""


class UserNotFound(SignInError):
    """There is no such user or user domain."""


class NotInProject(SignInError):
    """The project does not exist, or the user has no role in it."""


class AccountLocked(SignInError):
    """The account is locked or disabled."""


class TooManyAttempts(SignInError):
    """Too many failed attempts; more of them lock the account."""


class NotIdentity(SignInError):
    """The sign-in URL leads to something else than an identity service."""


class CatalogError(SignInError):
    """Signed in, but the catalog names no compute service that fits."""


class ApiError(OneCloudError):
    """The cloud answered with an error of its own. *details* is for people: match on class and status."""

    # A write that fails this way may have been carried out.
    unclear = False

    def __init__(self, call: Call, status: int, error_class: str, details: str) -> None:
        words = " ".join(part for part in (str(status), error_class) if part)
        super().__init__(
            f"{words}: {details}" if details else words,
            call,
            ambiguous=self.unclear and call.writes,
        )
        self.status = status
        self.error_class = error_class
        self.details = details


class InvalidInput(ApiError):
    """The cloud does not accept what was sent. Some reasons pass: an offline host, a used address."""


class InvalidStatus(InvalidInput):
    """The server's status does not allow this now."""


class QuotaExceeded(ApiError):
    """The project's quota is used up."""


class NoCapacity(ApiError):
    """No host has room."""


class Unauthorized(ApiError):
    """The token was refused."""


class Forbidden(ApiError):
    """No right, a dead token, or the identity service is down: the answer does not tell which."""


class NotFound(ApiError):
    """Something is missing. By itself this never proves that a server is gone."""


class ResourceNotFound(NotFound):
    """The object, or one that it refers to, does not exist (for a token that may be dead)."""


class NotSupported(ApiError):
    """Neither this release nor this kind of server can do that."""


class Conflict(ApiError):
    """Something like it exists already."""


class DuplicateName(Conflict):
    """The name is taken, somewhere in the whole cloud."""


class DuplicateId(Conflict):
    """The id was used before, by a server that lives or is long gone."""


class Busy(Conflict):
    """The object is in use for a moment."""


class Locked(ApiError):
    """The account is locked or disabled."""


class RateLimited(ApiError):
    """The cloud's request queue is full."""


class ServerError(ApiError):
    """The cloud failed, for good or for a moment: it does not say."""

    unclear = True


class InnerFailure(ServerError):
    """One of the cloud's services could not ask another; how far it had come is not known."""


class GatewayError(ServerError):
    """Something in front of the service could not reach it."""


class GatewayTimeout(GatewayError):
    """The service took too long; it goes on working on the request."""
