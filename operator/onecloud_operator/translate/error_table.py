"""What each error of the cloud means for what is done next, and what is said of it: one table."""

from __future__ import annotations

from onecloud_operator.api.reasons import Reason
from onecloud_operator.onecloud.errors import (
    AccountLocked,
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
    InvalidStatus,
    Locked,
    NoCapacity,
    NotFound,
    NotIdentity,
    NotInProject,
    NotSupported,
    OneCloudError,
    QuotaExceeded,
    RateLimited,
    ServerError,
    SignInError,
    TooManyAttempts,
    Unauthorized,
    UserNotFound,
    WrongPassword,
)
from onecloud_operator.translate.connection_error_table import CONNECTION_ERROR_TABLE, REACH
from onecloud_operator.translate.error_row import (
    ACTION,
    ASKING,
    CREATE,
    MAKE_PART,
    REBUILD,
    REFERRING,
    REMOVE,
    Doing,
    ErrorRow,
)

_ADOPT = (
    "if the server that has it is yours, as after a loss of the cluster, take it over: set spec.adoption to "
    "policy: Adopt and its name."
)
_ANEW = "It is tried again at growing intervals."
_PASSES = "This passes by itself."
_SPEC = "Correct spec.server. Some causes pass, such as a host that is off, so it is also tried again."
_AS_IT_IS = "If such a server takes no other image, set spec.server.image back, or make a new object."
_ACCOUNT = "Try the credentials by hand before the cloud locks the account, then correct the Secret."

# The first row that fits rules, so the narrower error or case stands first.
ERROR_TABLE: tuple[ErrorRow, ...] = (
    *CONNECTION_ERROR_TABLE,
    # -- signing in
    ErrorRow(
        WrongPassword, Reason.CREDENTIALS_REJECTED, "The cloud refused the user name or password", _ACCOUNT
    ),
    ErrorRow(
        UserNotFound,
        Reason.CREDENTIALS_REJECTED,
        "The cloud knows no such user",
        "Correct OS_USERNAME and OS_DOMAIN_NAME in the Secret.",
    ),
    ErrorRow(
        NotInProject,
        Reason.CREDENTIALS_REJECTED,
        "The user has no role in this project, or there is no such project",
        "Correct OS_PROJECT_NAME and OS_PROJECT_DOMAIN in the Secret, or have the user given a role.",
    ),
    ErrorRow(
        AccountLocked,
        Reason.CREDENTIALS_REJECTED,
        "The account is locked or disabled",
        "Have the cloud's administrator unlock it.",
    ),
    ErrorRow(
        TooManyAttempts,
        Reason.CREDENTIALS_REJECTED,
        "There were too many failed attempts to sign in",
        _ACCOUNT,
    ),
    ErrorRow(
        NotIdentity,
        Reason.CREDENTIALS_REJECTED,
        "There is no identity service at the sign-in URL",
        "Correct OS_AUTH_URL in the Secret; it usually ends in /v3.",
    ),
    ErrorRow(
        CatalogError,
        Reason.CREDENTIALS_REJECTED,
        "Signed in, but the region is not known",
        "Set OS_REGION_NAME in the Secret to one of these regions.",
        says=("region",),
    ),
    ErrorRow(
        CatalogError,
        Reason.ENDPOINT_UNREACHABLE,
        "Signed in, but the way to the compute service is not known",
        "Have the cloud's administrator correct the service's endpoints.",
        says=("not usable", "none at all"),
    ),
    ErrorRow(
        CatalogError,
        Reason.CREDENTIALS_REJECTED,
        "Signed in, but the compute service has no endpoint of this kind",
        "Set OS_ENDPOINT_TYPE in the Secret to one that the cloud has.",
    ),
    ErrorRow(
        SignInError, Reason.CREDENTIALS_REJECTED, "The cloud refused to let us sign in", "Correct the Secret."
    ),
    ErrorRow(
        Unauthorized,
        Reason.CREDENTIALS_REJECTED,
        "The cloud does not accept the session any more",
        "Correct the Secret if the credentials were changed or revoked.",
    ),
    ErrorRow(
        Locked,
        Reason.CREDENTIALS_REJECTED,
        "The account is locked or disabled",
        "Have the cloud's administrator unlock it.",
    ),
    # -- the cloud's own words
    ErrorRow(
        InnerFailure,
        Reason.PROVIDER_ERROR,
        "The cloud cannot do this, since one of its services fails",
        _ANEW,
    ),
    ErrorRow(
        Forbidden,
        Reason.PREPAID_NOT_EXPIRED,
        "The server is prepaid and its time is not over, so the cloud does not delete it",
        "Wait until it expires, or set deletionPolicy: Retain to let the server go.",
        doing=REMOVE,
        says=("prepaid",),
    ),
    ErrorRow(
        Forbidden,
        Reason.FORBIDDEN,
        "The server belongs to another project, whose servers these credentials may not touch",
        "Have it moved back, or give the Secret credentials for its project.",
        doing=frozenset(Doing) - CREATE,
        says=("allow:project:resource",),
    ),
    ErrorRow(
        Forbidden,
        Reason.FORBIDDEN,
        "The cloud does not let the server into this instance group, or out of it",
        "Have the group enabled, or name groups of the server's own project; without "
        "spec.server.instanceGroups the groups are left as they are.",
        doing=ACTION,
        says=("instance group", "group and guest"),
    ),
    ErrorRow(
        Forbidden,
        Reason.FORBIDDEN,
        "The cloud does not allow this",
        "Have the user given a role in the project whose policy has the right {right}. The cloud also says "
        "this of a server that was moved to another project, and while its identity service is down.",
    ),
    ErrorRow(RateLimited, Reason.RATE_LIMITED, "The cloud is busy", _PASSES),
    ErrorRow(
        QuotaExceeded,
        Reason.QUOTA_EXCEEDED,
        "The project's quota is used up",
        "Have it raised, or delete what is not needed.",
    ),
    ErrorRow(
        NoCapacity,
        Reason.NO_CAPACITY,
        "The cloud has no room for this",
        "Ask for less, or have room made; it is tried again.",
    ),
    ErrorRow(
        DuplicateName,
        Reason.NAME_CONFLICT,
        "The name is taken",
        f"Names are unique in the whole cloud, so give another server.name; {_ADOPT}",
        doing=CREATE,
        duplicate_name=True,
    ),
    ErrorRow(
        DuplicateName,
        Reason.NAME_CONFLICT,
        "The cloud has something of this name, or it was made before",
        "It is looked for.",
        doing=MAKE_PART,
        duplicate_name=True,
    ),
    ErrorRow(
        DuplicateName,
        Reason.NAME_CONFLICT,
        "The name is taken",
        "Give another server.name; names are unique in the whole cloud.",
        duplicate_name=True,
    ),
    ErrorRow(
        DuplicateId,
        Reason.PROVIDER_ERROR,
        "The cloud has used this id before",
        "It is looked for.",
        duplicate_id=True,
    ),
    # A key of the database that is used twice; below, the same words are said of a name that finds several.
    ErrorRow(ServerError, Reason.PROVIDER_ERROR, "The cloud failed", _ANEW, says=("1062",)),
    *(
        ErrorRow(
            kind,
            Reason.AMBIGUOUS_NAME,
            "A name in spec.server is borne by more than one thing in the cloud",
            "Give the id instead of the name, as of one of two security groups of one name.",
            doing=REFERRING,
            says=("duplicate entry",),
        )
        for kind in (ServerError, InvalidInput, Conflict)
    ),
    ErrorRow(Busy, Reason.PROVIDER_ERROR, "Something that the server needs is busy", _ANEW, doing=CREATE),
    ErrorRow(Busy, Reason.UPDATING, "The server is busy", again=True),
    ErrorRow(
        Conflict,
        Reason.NAME_CONFLICT,
        "Something like this exists already",
        f"Give another server.name, or remove what is in the way; {_ADOPT}",
        doing=CREATE,
        duplicate_name=True,
    ),
    # While there is no server, it is something that it refers to whose state does not fit: an EIP in use.
    ErrorRow(
        InvalidStatus, Reason.INVALID_SPEC, "The cloud does not make the server now", _SPEC, doing=CREATE
    ),
    ErrorRow(
        InvalidInput,
        Reason.INVALID_SPEC,
        "The cloud does not make what spec.server asks for beside the server",
        _SPEC,
        doing=MAKE_PART,
    ),
    ErrorRow(InvalidStatus, Reason.UPDATING, "The server's state does not allow this", again=True),
    ErrorRow(
        InvalidInput,
        Reason.HOST_OFFLINE,
        "The server's host is off or disabled, so the cloud does not delete the server",
        "Have the host brought back; it is tried again.",
        doing=REMOVE,
        says=("offline host",),
    ),
    ErrorRow(
        InvalidInput,
        Reason.INVALID_SPEC,
        "The cloud cannot use the image {image}",
        "Correct spec.server.image: the name or id of an image that the project can see.",
        doing=CREATE,
        says=("invalid root image",),
    ),
    ErrorRow(InvalidInput, Reason.INVALID_SPEC, "The cloud does not accept the server", _SPEC, doing=CREATE),
    ErrorRow(
        InvalidInput,
        Reason.REFERENCE_NOT_FOUND,
        "The cloud cannot make a root disk of the image {image}",
        "It is not there, or not active yet: wait until it is, or correct spec.server.image.",
        doing=REBUILD,
        says=("invlid image", "invalid image"),
    ),
    *(
        ErrorRow(
            kind,
            Reason.OPERATION_FAILED,
            "The cloud does not rebuild the root disk",
            _AS_IT_IS,
            doing=REBUILD,
        )
        for kind in (InvalidInput, NotSupported)
    ),
    ErrorRow(
        InvalidInput,
        Reason.REFERENCE_NOT_FOUND,
        "There is no such instance group",
        "Correct spec.server.instanceGroups, or make it in the cloud; it is tried again.",
        doing=ACTION,
        says=("no such group",),
        absent=True,
    ),
    ErrorRow(
        InvalidInput,
        Reason.NO_CAPACITY,
        "The storage has no room for the disk",
        "Ask for less in spec.server.dataDisks, by an entry of another name, or have room made.",
        says=("free space", "storage space"),
    ),
    ErrorRow(
        NotSupported,
        Reason.INVALID_SPEC,
        "The cloud cannot make such a server",
        _SPEC,
        doing=CREATE,
        status=406,
    ),
    ErrorRow(
        ApiError, Reason.INVALID_SPEC, "The cloud wants a payment or licence", _SPEC, doing=CREATE, status=402
    ),
    ErrorRow(
        NotSupported,
        Reason.PROVIDER_ERROR,
        "This release of the cloud, or this kind of server, cannot do that",
        _ANEW,
    ),
    ErrorRow(
        NotFound,
        Reason.REFERENCE_NOT_FOUND,
        "Something that the server refers to is not there",
        "Correct the spec, or make it in the cloud; it is tried again.",
        doing=REFERRING,
    ),
    ErrorRow(
        NotFound, Reason.ENDPOINT_UNREACHABLE, "The cloud does not know the question", REACH, doing=ASKING
    ),
    ErrorRow(GatewayError, Reason.ENDPOINT_UNREACHABLE, "The cloud's service does not answer", REACH),
    ErrorRow(ServerError, Reason.ENDPOINT_UNREACHABLE, "The cloud failed to answer", REACH, doing=ASKING),
    ErrorRow(ServerError, Reason.PROVIDER_ERROR, "The cloud failed", _ANEW),
    ErrorRow(OneCloudError, Reason.PROVIDER_ERROR, "The cloud refused this", _ANEW),
)
