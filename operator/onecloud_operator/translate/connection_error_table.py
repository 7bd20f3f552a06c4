"""The rows of errors that no answer of the API's came with: each way to fail has a cure of its own."""

from __future__ import annotations

from collections.abc import Iterator

from onecloud_operator.api.reasons import Reason
from onecloud_operator.onecloud.connection_errors import (
    CertificateExpired,
    ConnectionRefused,
    ConnectTimeout,
    NameUnresolved,
    NeverAllowed,
    NoAnswerToHttp,
    NotTls,
    OtherHost,
    UnknownAuthority,
    WantsTls,
    WebPage,
)
from onecloud_operator.onecloud.errors import (
    AddressNotAllowed,
    InvalidRequest,
    OneCloudError,
    ProtocolError,
    Redirected,
    TlsFailed,
    TransportError,
)
from onecloud_operator.translate.error_row import CREATE, SIGN_IN, ErrorRow

_AGAIN = "It is tried again; meanwhile servers are left as they are."
REACH = f"Check the sign-in URL and the network between this cluster and the cloud. {_AGAIN}"
_CATALOG = (
    "The cloud's catalog leads there: have its endpoint corrected, or set OS_ENDPOINT_TYPE in the Secret."
)


def _unreachable(
    kind: type[OneCloudError], lead: str, secret: str, service: str = _CATALOG
) -> Iterator[ErrorRow]:
    """Yield the rows of *kind*: while signing in the *secret* is to blame, later what the catalog says."""
    reason = Reason.ENDPOINT_UNREACHABLE
    yield ErrorRow(kind, reason, lead, f"{secret} {_AGAIN}", doing=SIGN_IN)
    yield ErrorRow(kind, reason, lead, f"{service} {_AGAIN}")


def _not_allowed(kind: type[OneCloudError], allowing: str) -> Iterator[ErrorRow]:
    reason, lead = Reason.ENDPOINT_NOT_ALLOWED, "The operator may not connect to the cloud's address"
    yield ErrorRow(kind, reason, lead, f"Correct OS_AUTH_URL in the Secret. {allowing}", doing=SIGN_IN)
    yield ErrorRow(kind, reason, lead, f"{_CATALOG} {allowing}")


CONNECTION_ERROR_TABLE: tuple[ErrorRow, ...] = (
    *_not_allowed(
        NeverAllowed,
        "Loopback, link-local and metadata addresses and this cluster's API server can never be allowed.",
    ),
    *_not_allowed(
        AddressNotAllowed,
        "Or have the operator's administrator allow the host, by ONECLOUD_OPERATOR_ALLOWED_ENDPOINTS and "
        "ONECLOUD_OPERATOR_DENIED_NETWORKS; a Service of this cluster has to be named there.",
    ),
    ErrorRow(
        InvalidRequest,
        Reason.SECRET_INVALID,
        "The credentials cannot be used",
        "Correct the Secret.",
        doing=SIGN_IN,
    ),
    ErrorRow(
        InvalidRequest, Reason.INVALID_SPEC, "The request was not sent", "Correct spec.server.", doing=CREATE
    ),
    ErrorRow(
        InvalidRequest,
        Reason.PROVIDER_ERROR,
        "The request was not sent",
        "It is tried again at growing intervals.",
    ),
    *_unreachable(
        NameUnresolved,
        "The cloud's name is not known",
        "Correct the host of OS_AUTH_URL in the Secret, or have this cluster's DNS know it.",
        "The cloud's catalog leads there: have this cluster's DNS know the name, or set OS_ENDPOINT_TYPE in "
        "the Secret.",
    ),
    *_unreachable(
        ConnectionRefused,
        "Nothing listens at the cloud's address",
        "Correct host and port of OS_AUTH_URL in the Secret, or have the service started.",
    ),
    *_unreachable(
        ConnectTimeout,
        "The cloud's address does not answer",
        "Correct OS_AUTH_URL in the Secret, or have firewalls and NetworkPolicies let the operator through.",
        "The cloud's catalog leads there: have firewalls and NetworkPolicies let the operator through, or "
        "set OS_ENDPOINT_TYPE in the Secret.",
    ),
    *_unreachable(
        NotTls,
        "The URL begins with https, but the port has no TLS",
        "Correct the port of OS_AUTH_URL in the Secret, or write http:// if the cloud has no TLS.",
    ),
    *_unreachable(
        WantsTls,
        "The URL begins with http, but the port has TLS",
        "Write https:// in OS_AUTH_URL in the Secret.",
    ),
    *_unreachable(
        NoAnswerToHttp,
        "The cloud does not answer",
        "If the port has TLS, write https:// in OS_AUTH_URL in the Secret; if not, the service breaks off.",
        "The service breaks off, or the port has TLS and the cloud's catalog says http.",
    ),
    *_unreachable(
        UnknownAuthority,
        "The cloud's certificate is signed by nobody whom the operator trusts",
        "Put the certificate of the authority that signed it into the Secret as ca.crt.",
        "Put the certificate of the authority that signed it into the Secret as ca.crt.",
    ),
    *_unreachable(
        OtherHost,
        "The cloud's certificate is for another name",
        "Write a name that the certificate has in OS_AUTH_URL in the Secret, or have one made for this name.",
    ),
    *_unreachable(
        CertificateExpired,
        "The cloud's certificate is not valid today",
        "Have the cloud's administrator renew it.",
        "Have the cloud's administrator renew it.",
    ),
    *_unreachable(
        TlsFailed, "No TLS connection to the cloud could be made", "Check the Secret and the network."
    ),
    ErrorRow(TransportError, Reason.ENDPOINT_UNREACHABLE, "The cloud cannot be reached", REACH),
    ErrorRow(
        Redirected,
        Reason.ENDPOINT_UNREACHABLE,
        "The cloud's address leads elsewhere, where no token is sent to",
        "If that place is right, give it as OS_AUTH_URL in the Secret, or have the service's endpoint "
        "corrected; it is tried again.",
    ),
    *_unreachable(
        WebPage,
        "A web page answers instead of the cloud's API",
        "Give the URL of the identity service as OS_AUTH_URL in the Secret, not that of the console; it "
        "usually ends in /v3.",
    ),
    ErrorRow(ProtocolError, Reason.ENDPOINT_UNREACHABLE, "What answered is not the cloud's API", REACH),
)
