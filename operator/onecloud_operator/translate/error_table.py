"""What each error of the cloud means for what is done next, and what is said of it: one table."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from onecloud_operator.onecloud.errors import (
    AccountLocked,
    AddressNotAllowed,
    ApiError,
    Busy,
    CatalogError,
    Conflict,
    DuplicateId,
    DuplicateName,
    Forbidden,
    GatewayError,
    InnerFailure,
    InvalidInput,
    InvalidRequest,
    InvalidStatus,
    Locked,
    NoCapacity,
    NotFound,
    NotIdentity,
    NotInProject,
    NotSupported,
    OneCloudError,
    ProtocolError,
    QuotaExceeded,
    RateLimited,
    Redirected,
    ServerError,
    SignInError,
    TlsFailed,
    TooManyAttempts,
    TransportError,
    Unauthorized,
    UserNotFound,
    WrongPassword,
)


class Doing(enum.Enum):
    """What was being done; the same answer means different things."""

    SIGN_IN = enum.auto()
    READ = enum.auto()
    CREATE = enum.auto()
    CHANGE = enum.auto()
    ACTION = enum.auto()
    REMOVE = enum.auto()


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """
    One row: an error of *kind*, of this *status* and with these words in its text, met while *doing*.

    *lead* says what happened, *advice* what to do; the cloud's own words come between.
    """

    kind: type[OneCloudError]
    reason: str
    lead: str
    advice: str = ""
    doing: frozenset[Doing] = frozenset(Doing)
    status: int | None = None
    says: tuple[str, ...] = ()
    again: bool = False
    duplicate_id: bool = False
    duplicate_name: bool = False


SIGN_IN = frozenset({Doing.SIGN_IN})
CREATE = frozenset({Doing.CREATE})
REMOVE = frozenset({Doing.REMOVE})
ASKING = frozenset({Doing.SIGN_IN, Doing.READ})
REFERRING = frozenset({Doing.CREATE, Doing.ACTION})

_ADOPT = "if the server that has it is yours, as after a loss of the cluster, take it over by spec.adoption."
_ANEW = "It is tried again at growing intervals."
_PASSES = "This passes by itself."
_SPEC = "Correct spec.server. Some causes pass, such as a host that is off, so it is also tried again."
_REACH = (
    "Check the sign-in URL and the network between this cluster and the cloud; it is tried again. Meanwhile "
    "servers are left as they are."
)
_ACCOUNT = "Try the credentials by hand before the cloud locks the account, then correct the Secret."

# The first row that fits rules, so the narrower error or case stands first.
RULES: tuple[ErrorRow, ...] = (
    # -- before anything was sent, or without an answer of the API
    ErrorRow(
        AddressNotAllowed,
        "EndpointNotAllowed",
        "The operator may not connect to the cloud's address",
        "Correct OS_AUTH_URL. Whoever runs the operator can allow what their lists rule out, and Services of "
        "this cluster; link-local and metadata addresses and this cluster's API server are never allowed.",
    ),
    ErrorRow(
        InvalidRequest,
        "SecretInvalid",
        "The credentials cannot be used",
        "Correct the Secret.",
        doing=SIGN_IN,
    ),
    ErrorRow(InvalidRequest, "InvalidSpec", "The request was not sent", "Correct spec.server.", doing=CREATE),
    ErrorRow(InvalidRequest, "ProviderError", "The request was not sent", _ANEW),
    ErrorRow(
        TlsFailed,
        "EndpointUnreachable",
        "No trusted connection to the cloud could be made",
        "Put the authority that signed the cloud's certificate into the Secret as ca.crt.",
    ),
    ErrorRow(TransportError, "EndpointUnreachable", "The cloud cannot be reached", _REACH),
    ErrorRow(
        Redirected,
        "EndpointUnreachable",
        "The cloud's address leads elsewhere, where no token is sent to",
        "If that place is right, give it as OS_AUTH_URL in the Secret, or have the service's endpoint "
        "corrected; it is tried again.",
    ),
    ErrorRow(ProtocolError, "EndpointUnreachable", "What answered is not the cloud's API", _REACH),
    # -- signing in
    ErrorRow(WrongPassword, "CredentialsRejected", "The cloud refused the user name or password", _ACCOUNT),
    ErrorRow(
        UserNotFound,
        "CredentialsRejected",
        "The cloud knows no such user",
        "Correct OS_USERNAME and OS_DOMAIN_NAME in the Secret.",
    ),
    ErrorRow(
        NotInProject,
        "CredentialsRejected",
        "The user has no role in this project, or there is no such project",
        "Correct OS_PROJECT_NAME and OS_PROJECT_DOMAIN in the Secret, or have the user given a role.",
    ),
    ErrorRow(
        AccountLocked,
        "CredentialsRejected",
        "The account is locked or disabled",
        "Have the cloud's administrator unlock it.",
    ),
    ErrorRow(
        TooManyAttempts,
        "CredentialsRejected",
        "There were too many failed attempts to sign in",
        _ACCOUNT,
    ),
    ErrorRow(
        NotIdentity,
        "CredentialsRejected",
        "There is no identity service at the sign-in URL",
        "Correct OS_AUTH_URL in the Secret; it usually ends in /v3.",
    ),
    ErrorRow(
        CatalogError,
        "CredentialsRejected",
        "Signed in, but the region is not known",
        "Set OS_REGION_NAME in the Secret to one of these regions.",
        says=("region",),
    ),
    ErrorRow(
        CatalogError,
        "EndpointUnreachable",
        "Signed in, but the way to the compute service is not known",
        "Have the cloud's administrator correct the service's endpoints.",
        says=("not usable", "none at all"),
    ),
    ErrorRow(
        CatalogError,
        "CredentialsRejected",
        "Signed in, but the compute service has no endpoint of this kind",
        "Set OS_ENDPOINT_TYPE in the Secret to one that the cloud has.",
    ),
    ErrorRow(
        SignInError, "CredentialsRejected", "The cloud refused to let us sign in", "Correct the Secret."
    ),
    ErrorRow(
        Unauthorized,
        "CredentialsRejected",
        "The cloud does not accept the session any more",
        "Correct the Secret if the credentials were changed or revoked.",
    ),
    ErrorRow(
        Locked,
        "CredentialsRejected",
        "The account is locked or disabled",
        "Have the cloud's administrator unlock it.",
    ),
    # -- the cloud's own words
    ErrorRow(
        InnerFailure, "ProviderError", "The cloud cannot do this, since one of its services fails", _ANEW
    ),
    ErrorRow(
        Forbidden,
        "PrepaidNotExpired",
        "The server is prepaid and its time is not over, so the cloud does not delete it",
        "Wait until it expires, or set deletionPolicy: Retain to let the server go.",
        doing=REMOVE,
        says=("prepaid",),
    ),
    ErrorRow(
        Forbidden,
        "Forbidden",
        "The cloud does not allow this",
        "Have the user given the right role. The cloud says the same of a server that was moved to another "
        "project, and while its identity service is down.",
    ),
    ErrorRow(RateLimited, "RateLimited", "The cloud is busy", _PASSES),
    ErrorRow(
        QuotaExceeded,
        "QuotaExceeded",
        "The project's quota is used up",
        "Have it raised, or delete what is not needed.",
    ),
    ErrorRow(
        NoCapacity,
        "NoCapacity",
        "The cloud has no room for this",
        "Ask for less, or have room made; it is tried again.",
    ),
    ErrorRow(
        DuplicateName,
        "NameConflict",
        "The name is taken",
        f"Names are unique in the whole cloud, so give another server.name; {_ADOPT}",
        doing=CREATE,
        duplicate_name=True,
    ),
    ErrorRow(
        DuplicateName,
        "NameConflict",
        "The name is taken",
        "Give another server.name; names are unique in the whole cloud.",
        duplicate_name=True,
    ),
    ErrorRow(
        DuplicateId,
        "ProviderError",
        "The cloud has used this server's id before",
        "It is looked for.",
        duplicate_id=True,
    ),
    # A key of the database that is used twice; below, the same words are said of a name that finds several.
    ErrorRow(ServerError, "ProviderError", "The cloud failed", _ANEW, says=("1062",)),
    *(
        ErrorRow(
            kind,
            "AmbiguousName",
            "A name in spec.server is borne by more than one thing in the cloud",
            "Give the id instead of the name, as of one of two security groups of one name.",
            doing=REFERRING,
            says=("duplicate entry",),
        )
        for kind in (ServerError, InvalidInput, Conflict)
    ),
    ErrorRow(Busy, "ProviderError", "Something that the server needs is busy", _ANEW, doing=CREATE),
    ErrorRow(Busy, "Updating", "The server is busy", again=True),
    ErrorRow(
        Conflict,
        "NameConflict",
        "Something like this exists already",
        f"Give another server.name, or remove what is in the way; {_ADOPT}",
        doing=CREATE,
        duplicate_name=True,
    ),
    # While there is no server, it is something that it refers to whose state does not fit: an EIP in use.
    ErrorRow(InvalidStatus, "InvalidSpec", "The cloud does not make the server now", _SPEC, doing=CREATE),
    ErrorRow(InvalidStatus, "Updating", "The server's state does not allow this", again=True),
    ErrorRow(
        InvalidInput,
        "HostOffline",
        "The server's host is off or disabled, so the cloud does not delete the server",
        "Have the host brought back; it is tried again.",
        doing=REMOVE,
        says=("offline host",),
    ),
    ErrorRow(InvalidInput, "InvalidSpec", "The cloud does not accept the server", _SPEC, doing=CREATE),
    ErrorRow(
        NotSupported, "InvalidSpec", "The cloud cannot make such a server", _SPEC, doing=CREATE, status=406
    ),
    ErrorRow(
        ApiError, "InvalidSpec", "The cloud wants a payment or licence", _SPEC, doing=CREATE, status=402
    ),
    ErrorRow(
        NotSupported,
        "ProviderError",
        "This release of the cloud, or this kind of server, cannot do that",
        _ANEW,
    ),
    ErrorRow(
        NotFound,
        "ReferenceNotFound",
        "Something that the server refers to is not there",
        "Correct the spec, or make it in the cloud; it is tried again.",
        doing=REFERRING,
    ),
    ErrorRow(NotFound, "EndpointUnreachable", "The cloud does not know the question", _REACH, doing=ASKING),
    ErrorRow(GatewayError, "EndpointUnreachable", "The cloud's service does not answer", _REACH),
    ErrorRow(ServerError, "EndpointUnreachable", "The cloud failed to answer", _REACH, doing=ASKING),
    ErrorRow(ServerError, "ProviderError", "The cloud failed", _ANEW),
    ErrorRow(OneCloudError, "ProviderError", "The cloud refused this", _ANEW),
)
