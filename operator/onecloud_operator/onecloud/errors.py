"""
The client's errors. Callers match on the classes; the messages are for people.

    OneCloudError
    ├── InvalidRequest          refused here, before anything was sent (bad URL, CA bundle, id, filter)
    ├── AddressNotAllowed       the address policy forbids every address of the host
    ├── TransportError          no complete answer was received
    │   ├── ConnectFailed       no connection: DNS, refused, unreachable
    │   ├── TlsFailed           the certificate is not trusted, or the server does not speak TLS
    │   └── Timeout             no answer, no connection or no free slot in time
    ├── ProtocolError           an answer that is not the API's: HTML, garbage, truncated
    │   ├── AnswerTooLarge
    │   └── Redirected
    ├── SignInError             the identity service refused
    │   ├── WrongPassword       401 WrongPassword
    │   ├── UserNotFound        404 UserNotFound
    │   ├── NotInProject        401, and no project of that name for this user
    │   ├── AccountLocked       423 UserLocked, UserDisabled
    │   ├── TooManyAttempts     429 TooManyFailedAttempts
    │   ├── NotIdentity         no identity service at this URL
    │   └── CatalogError        signed in, but the catalog has no usable compute service
    └── ApiError                the compute or identity service answered with an error
        ├── InvalidInput        400, 413
        │   └── InvalidStatus   400 InvalidStatusError: the server is busy; observe it again
        ├── QuotaExceeded       400 OutOfQuotaError
        ├── NoCapacity          400 InsufficientResourceError, 507
        ├── Unauthorized        401
        ├── Forbidden           403: no permission, an expired token, or the identity service is down
        ├── NotFound            404
        │   └── ResourceNotFound  404 ResourceNotFoundError: the object, or one it refers to
        ├── NotSupported        404 ActionNotFoundError, 406, 501
        ├── Conflict            409
        │   ├── DuplicateName   409 DuplicateNameError
        │   ├── DuplicateId     500 with a database error about the id that was sent; 409 DuplicateIdError
        │   └── Busy            409 ResourceBusyError, 500 ResourceNotReadyError
        ├── Locked              423
        ├── RateLimited         429
        └── ServerError         5xx
            ├── InnerFailure    400, 404, 406 about a call between the cloud's services
            └── GatewayError    502, 503
                └── GatewayTimeout  504: the handler goes on running

`connection_errors` divides the first kinds further.

``ambiguous`` is True if the call was a write that the cloud may have carried out all the same: observe,
never assume. No error ever holds a token, a password or a body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Call:
    """
    One call, as errors describe it.

    *path* is a template (``/servers/{id}``), *request_id* finds the call in the cloud's log, *writes* is
    whether it was meant to change something there.
    """

    method: str
    path: str
    request_id: str = ""
    writes: bool = False


class OneCloudError(Exception):
    """One call to the cloud failed."""

    def __init__(self, message: str, call: Call | None = None, *, ambiguous: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.call = call
        self.ambiguous = ambiguous
        # Seconds until the next attempt; set if this is a remembered sign-in failure.
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
        """The id that finds the call in the cloud's log, or ""."""
        return self.call.request_id if self.call else ""

    def __str__(self) -> str:
        if self.call is None:
            return self.message
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.method} {self.path}: {self.message}{request}"

    def without_traceback(self, retry_after_seconds: float | None = None) -> Self:
        """Return a copy without traceback, so that many callers can raise one failure."""
        copy = type(self).__new__(type(self))
        copy.args = self.args
        copy.__dict__.update(self.__dict__)
        copy.retry_after_seconds = retry_after_seconds
        return copy


class InvalidRequest(OneCloudError):
    """Refused here, before anything was sent."""


class AddressNotAllowed(OneCloudError):
    """The address policy forbids every address of this host."""


class TransportError(OneCloudError):
    """No complete answer was received."""


class ConnectFailed(TransportError):
    """No connection could be made, so nothing was sent."""


class TlsFailed(TransportError):
    """The server's identity could not be verified, so nothing was sent."""


class Timeout(TransportError):
    """There was no connection, answer or free slot in time."""


class ProtocolError(OneCloudError):
    """The answer does not follow the API."""

    def __init__(
        self, message: str, call: Call | None = None, *, ambiguous: bool = False, status: int | None = None
    ) -> None:
        super().__init__(message, call, ambiguous=ambiguous)
        self.status = status


class AnswerTooLarge(ProtocolError):
    """The answer exceeds the size limit and was not read to its end."""


class Redirected(ProtocolError):
    """The answer was a redirect; none is followed, since the token would be sent along."""


class SignInError(OneCloudError):
    """The identity service refused these credentials."""

    def __init__(
        self, message: str, call: Call | None = None, *, status: int | None = None, error_class: str = ""
    ) -> None:
        super().__init__(message, call)
        self.status = status
        self.error_class = error_class


class WrongPassword(SignInError):
    """The password is wrong. Every further attempt counts towards locking the account."""


class UserNotFound(SignInError):
    """There is no such user or user domain."""


class NotInProject(SignInError):
    """The project does not exist, or the user has no role in it."""


class AccountLocked(SignInError):
    """The account is locked or disabled."""


class TooManyAttempts(SignInError):
    """Too many failed attempts; more of them lock the account."""


class NotIdentity(SignInError):
    """The sign-in URL does not lead to an identity service."""


class CatalogError(SignInError):
    """Signed in, but the catalog has no matching compute service."""


class ApiError(OneCloudError):
    """The cloud answered with an error. *details* is for people: match on class and status."""

    # Whether a write that fails this way may have been carried out.
    outcome_unknown = False

    def __init__(self, call: Call, status: int, error_class: str, details: str) -> None:
        words = " ".join(part for part in (str(status), error_class) if part)
        super().__init__(
            f"{words}: {details}" if details else words,
            call,
            ambiguous=self.outcome_unknown and call.writes,
        )
        self.status = status
        self.error_class = error_class
        self.details = details


class InvalidInput(ApiError):
    """The cloud rejects the request. Some causes are temporary: an offline host, a used address."""


class InvalidStatus(InvalidInput):
    """The server's status does not allow this now."""


class QuotaExceeded(ApiError):
    """The project's quota is used up."""


class NoCapacity(ApiError):
    """No host has room."""


class Unauthorized(ApiError):
    """The token was refused."""


class Forbidden(ApiError):
    """No permission, an expired token, or the identity service is down: the answer does not say which."""


class NotFound(ApiError):
    """Something is missing. By itself this never proves that a server is gone."""


class ResourceNotFound(NotFound):
    """The object, or one that it refers to, does not exist (or the token has expired)."""


class NotSupported(ApiError):
    """The release, or the kind of server, does not support the action."""


class Conflict(ApiError):
    """The request conflicts with an existing object or its state."""


class DuplicateName(Conflict):
    """The name is taken, anywhere in the cloud."""


class DuplicateId(Conflict):
    """The id was used before, by a server that exists or was deleted."""


class Busy(Conflict):
    """The object is in use for a moment."""


class Locked(ApiError):
    """The account is locked or disabled."""


class RateLimited(ApiError):
    """The cloud's request queue is full."""


class ServerError(ApiError):
    """The cloud failed; whether that is temporary is not known."""

    outcome_unknown = True


class InnerFailure(ServerError):
    """One of the cloud's services could not call another; how far it got is not known."""


class GatewayError(ServerError):
    """A proxy in front of the service could not reach it."""


class GatewayTimeout(GatewayError):
    """The service took too long; it continues to work on the request."""
