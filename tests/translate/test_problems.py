import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.api.reasons import DELETING_REASONS, SYNCED_REASONS, row_of
from onecloud_operator.core.values import Problem
from onecloud_operator.onecloud import error_reply, errors, signin_reply
from onecloud_operator.onecloud.errors import ApiError, Call, OneCloudError
from onecloud_operator.onecloud.protocol import Reply, Request, Traffic
from onecloud_operator.translate import Doing, problem_of
from onecloud_operator.translate.rights import right_of
from tests.cloud.recorded import exchanges
from tests.fuzz.strategies import DEAR

CLASSES = sorted({exchange.kind for exchange in exchanges() if exchange.kind})
ID = "3f37a2ef-3f3a-43ea-82b6-ef0ac75a876a"
CALL = Call("POST", "/servers", "1a2b3c-9f", writes=True)

WRITES = {
    Doing.CREATE: ("POST", "/servers"),
    Doing.CHANGE: ("PUT", "/servers/{id}"),
    Doing.ACTION: ("POST", "/servers/{id}/start"),
    Doing.REMOVE: ("DELETE", "/servers/{id}"),
    Doing.MAKE_PART: ("POST", "/eips"),
}


def answered(doing: Doing, status: int, error_class: str, details: str) -> Problem:
    method, path = WRITES.get(doing, ("GET", "/servers"))
    lane = Traffic.WRITE if doing in WRITES else Traffic.READ
    body = {"server": {"id": ID}} if doing is Doing.CREATE else None
    request = Request("x", method, path, path, lane, body=body)
    content = json.dumps({"class": error_class, "code": status, "details": details}).encode()
    reply = Reply(status, {"content-type": "application/json"}, content, request_id="1a2b3c-9f")
    if doing is Doing.SIGN_IN:
        return problem_of(signin_reply.refusal(request, reply), doing=doing)
    return problem_of(error_reply.parse_error(request, reply), doing=doing, image="jammy")


def nested(error_class: str, status: int, details: str) -> str:
    """Return the words of one service within another's."""
    inner = {"error": {"class": error_class, "code": status, "details": details}}
    return f"Invalid root image: modules.Images.GetByName: {json.dumps(inner)}"


C, H, A, R, G, S = Doing.CREATE, Doing.CHANGE, Doing.ACTION, Doing.REMOVE, Doing.READ, Doing.SIGN_IN
INPUT, STATUS, MISSING = "InputParameterError", "InvalidStatusError", "ResourceNotFoundError"
OFFLINE = "Cannot delete server on offline host"
LOCKED = "Virtual server is locked, cannot delete"
PREPAID = "not allow to delete prepaid server in valid status"


REFUSED = 'Head "http://10.0.0.1:30292/v1/images/x": dial tcp 10.0.0.1:30292: connect: connection refused'


@pytest.mark.parametrize("doing", Doing)
@pytest.mark.parametrize(
    ("status", "error_class"), [(400, INPUT), (400, STATUS), (404, "NotFoundError"), (406, "")]
)
@pytest.mark.parametrize(
    "details",
    [
        pytest.param("403 Forbidden", id="identity-is-down"),
        pytest.param("Invalid root image: GetByName: 403 Forbidden", id="identity-is-down-for-an-image"),
        pytest.param(nested("ForbiddenError", 403, "Forbidden"), id="forbidden-within"),
        pytest.param(nested("ConnectRefusedError", 499, REFUSED), id="image-service-is-down"),
        pytest.param("db.FetchModelObjects: dial tcp 127.0.0.1:33306: i/o timeout", id="no-answer-in-time"),
        pytest.param('Get "http://10.0.0.1:30888/x": EOF', id="cut-off"),
        pytest.param('Post "http://10.0.0.1:30885/x": read: connection reset by peer', id="reset"),
        pytest.param("scheduler: 502 Bad Gateway", id="a-proxy-within"),
        pytest.param("lookup keystone on 10.96.0.10:53: no such host", id="no-such-host"),
    ],
)
def test_what_one_service_says_of_another_is_the_clouds_trouble(
    doing: Doing, status: int, error_class: str, details: str
) -> None:
    problem = answered(doing, status, error_class, details)
    assert problem.reason == "ProviderError"
    assert not row_of(problem.reason).stalled
    assert not problem.again
    assert problem.ambiguous == (doing in WRITES), "how far it had come is not known"
    assert "spec" not in problem.message


@pytest.mark.parametrize(
    ("doing", "status", "error_class", "details", "reason"),
    [
        pytest.param(
            C, 404, MISSING, "Keypair k not found", "ReferenceNotFound", id="create-with-no-such-keypair"
        ),
        pytest.param(
            A, 404, MISSING, "serversku x not found", "ReferenceNotFound", id="resize-to-no-such-type"
        ),
        pytest.param(A, 404, "ActionNotFoundError", "no such", "ProviderError", id="no-such-action"),
        pytest.param(
            H, 404, MISSING, "server x not found", "ProviderError", id="change-of-what-is-not-found"
        ),
        pytest.param(
            R, 404, MISSING, "server x not found", "ProviderError", id="removal-of-what-is-not-found"
        ),
        pytest.param(
            G, 404, "NotFoundError", "Handler not found", "EndpointUnreachable", id="no-such-handler"
        ),
        pytest.param(C, 400, INPUT, "Invalid root image", "InvalidSpec", id="create-with-a-bad-image"),
        pytest.param(C, 400, INPUT, "image EOFX or Forbidden", "InvalidSpec", id="create-with-a-bad-name"),
        pytest.param(C, 400, "WeakPasswordError", "weak", "InvalidSpec", id="create-with-a-weak-password"),
        pytest.param(C, 400, STATUS, "eip x has been associated", "InvalidSpec", id="create-with-a-used-eip"),
        pytest.param(C, 402, "PaymentError", "pay", "InvalidSpec", id="create-without-paying"),
        pytest.param(C, 406, "UnsupportOperationError", "no", "InvalidSpec", id="create-of-what-cannot-be"),
        pytest.param(C, 413, "TooLargeEntity", "large", "InvalidSpec", id="create-with-too-much"),
        pytest.param(
            C, 400, "OutOfQuotaError", "Out of quota", "QuotaExceeded", id="create-beyond-the-quota"
        ),
        pytest.param(C, 400, "InsufficientResourceError", "no", "NoCapacity", id="create-without-room"),
        pytest.param(A, 507, "OutOfResource", "no room", "NoCapacity", id="resize-without-room"),
        pytest.param(
            C, 409, "DuplicateNameError", "Duplicate name", "NameConflict", id="create-with-a-taken-name"
        ),
        pytest.param(
            H, 409, "DuplicateNameError", "Duplicate name", "NameConflict", id="rename-to-a-taken-name"
        ),
        pytest.param(C, 409, "DuplicateResourceError", "dup", "NameConflict", id="create-of-what-exists"),
        pytest.param(H, 409, "ConflictError", "conflict", "ProviderError", id="change-in-conflict"),
        pytest.param(
            C,
            500,
            "UnclassifiedError",
            f"TxExec: Error 1062: Duplicate entry '{ID}' for key 'PRIMARY'",
            "ProviderError",
            id="create-with-a-used-id",
        ),
        pytest.param(
            C,
            500,
            "duplicate entry",
            "fetchItem: duplicate entry",
            "AmbiguousName",
            id="create-by-two-of-a-name",
        ),
        pytest.param(
            C,
            500,
            "X",
            "Error 1062: Duplicate entry 'a' for key 'b'",
            "ProviderError",
            id="create-of-another-key",
        ),
        pytest.param(
            C, 403, "ForbiddenError", "not enough privilege", "Forbidden", id="create-without-the-right"
        ),
        pytest.param(
            G, 403, "ForbiddenError", "not enough privilege", "Forbidden", id="read-without-the-right"
        ),
        pytest.param(
            R, 403, "ForbiddenError", PREPAID, "PrepaidNotExpired", id="removal-of-a-prepaid-server"
        ),
        pytest.param(
            R, 403, "ForbiddenError", "not enough privilege", "Forbidden", id="removal-without-the-right"
        ),
        pytest.param(
            H, 403, "ForbiddenError", PREPAID, "Forbidden", id="only-a-removal-waits-for-the-expiry"
        ),
        pytest.param(R, 400, INPUT, OFFLINE, "HostOffline", id="removal-on-an-offline-host"),
        pytest.param(A, 400, INPUT, OFFLINE, "ProviderError", id="only-a-removal-waits-for-the-host"),
        pytest.param(R, 400, STATUS, LOCKED, "Updating", id="removal-of-a-locked-server"),
        pytest.param(A, 400, STATUS, "Cannot do start server", "Updating", id="start-while-starting"),
        pytest.param(H, 400, STATUS, "busy", "Updating", id="change-of-a-moving-server"),
        pytest.param(A, 409, "ResourceBusyError", "busy", "Updating", id="action-on-a-busy-server"),
        pytest.param(A, 400, INPUT, "bad", "ProviderError", id="action-that-is-not-accepted"),
        pytest.param(A, 400, INPUT, "no such group g1", "ReferenceNotFound", id="a-group-that-is-not-there"),
        pytest.param(
            A,
            403,
            "ForbiddenError",
            "cannot bind or unbind disabled instance group",
            "Forbidden",
            id="a-group-that-is-disabled",
        ),
        pytest.param(H, 400, INPUT, "bad", "ProviderError", id="change-that-is-not-accepted"),
        pytest.param(R, 400, INPUT, "bad", "ProviderError", id="removal-that-is-not-accepted"),
        pytest.param(A, 406, "NotSupportedError", "no", "ProviderError", id="action-that-is-not-supported"),
        pytest.param(G, 401, "UnauthorizedError", "invalid token", "CredentialsRejected", id="a-dead-token"),
        pytest.param(G, 423, "UserLocked", "locked", "CredentialsRejected", id="a-locked-account"),
        pytest.param(G, 429, "TooManyRequests", "Request queue is full", "RateLimited", id="a-full-queue"),
        pytest.param(
            C, 500, "UnclassifiedError", "sql: no rows", "ProviderError", id="create-failed-somewhere"
        ),
        pytest.param(C, 501, "NotImplementedError", "no", "ProviderError", id="create-not-implemented"),
        pytest.param(A, 598, "Whatever", "no", "ProviderError", id="an-internal-code"),
        pytest.param(
            G, 500, "UnclassifiedError", "dial tcp", "EndpointUnreachable", id="a-database-that-is-down"
        ),
        pytest.param(C, 502, "BadGateway", "no", "EndpointUnreachable", id="a-gateway-without-a-service"),
        pytest.param(C, 504, "TimeoutError", "slow", "EndpointUnreachable", id="a-service-that-is-slow"),
        pytest.param(S, 401, "WrongPassword", "wrong", "CredentialsRejected", id="a-wrong-password"),
        pytest.param(S, 404, "UserNotFound", "no user", "CredentialsRejected", id="no-such-user"),
        pytest.param(S, 404, "NotFoundError", "no", "CredentialsRejected", id="no-identity-service"),
        pytest.param(S, 423, "UserLocked", "locked", "CredentialsRejected", id="sign-in-of-a-locked-account"),
        pytest.param(S, 429, "TooManyFailedAttempts", "many", "CredentialsRejected", id="too-many-attempts"),
        pytest.param(
            S, 401, "UnauthorizedError", "user not in project", "CredentialsRejected", id="not-in-project"
        ),
        pytest.param(
            S, 403, "ForbiddenError", "no", "CredentialsRejected", id="any-other-refusal-to-sign-in"
        ),
        pytest.param(S, 429, "TooManyRequests", "queue", "RateLimited", id="sign-in-at-a-full-queue"),
        pytest.param(
            S, 500, "UnclassifiedError", "sql", "EndpointUnreachable", id="an-identity-service-that-fails"
        ),
    ],
)
def test_an_answer_has_its_reason(
    doing: Doing, status: int, error_class: str, details: str, reason: str
) -> None:
    problem = answered(doing, status, error_class, details)
    assert problem.reason == reason
    assert problem.request_id == "1a2b3c-9f"
    assert problem.again == (reason == "Updating")
    assert problem.absent == details.startswith("no such group")
    assert details in problem.message


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(errors.ConnectFailed("no connection", CALL), "EndpointUnreachable", id="nobody-there"),
        pytest.param(errors.TlsFailed("no trust", CALL), "EndpointUnreachable", id="no-trust"),
        pytest.param(errors.Timeout("no answer", CALL), "EndpointUnreachable", id="no-answer"),
        pytest.param(errors.ProtocolError("HTML", CALL), "EndpointUnreachable", id="garbage"),
        pytest.param(errors.Redirected("302", CALL), "EndpointUnreachable", id="a-redirect"),
        pytest.param(errors.AddressNotAllowed("no", CALL), "EndpointNotAllowed", id="a-forbidden-address"),
        pytest.param(errors.NotInProject("none"), "CredentialsRejected", id="no-project"),
        pytest.param(errors.NotIdentity("none"), "CredentialsRejected", id="another-service"),
        pytest.param(errors.InvalidRequest("sign-in URL: bad"), "SecretInvalid", id="a-url-that-is-none"),
    ],
)
def test_a_call_without_an_answer_has_its_reason(error: OneCloudError, reason: str) -> None:
    assert problem_of(error, doing=Doing.SIGN_IN).reason == reason


@pytest.mark.parametrize(
    ("doing", "reason"),
    [
        pytest.param(Doing.CREATE, "InvalidSpec", id="of-the-spec"),
        pytest.param(Doing.ACTION, "ProviderError", id="of-anything-else"),
    ],
)
def test_what_the_client_refuses_to_send_is_a_fault(doing: Doing, reason: str) -> None:
    assert problem_of(errors.InvalidRequest("bad"), doing=doing).reason == reason


def endpoint(**more: str) -> dict[str, str]:
    return {"interface": "public", "region": "r1", "url": "https://compute", **more}


@pytest.mark.parametrize(
    ("endpoints", "region", "reason", "advice"),
    [
        pytest.param(
            [endpoint(), endpoint(region="r2")],
            None,
            "CredentialsRejected",
            "OS_REGION_NAME",
            id="several-regions",
        ),
        pytest.param([endpoint()], "r9", "CredentialsRejected", "OS_REGION_NAME", id="no-such-region"),
        pytest.param(
            [endpoint(interface="internal")],
            None,
            "CredentialsRejected",
            "OS_ENDPOINT_TYPE",
            id="another-interface",
        ),
        pytest.param(
            [endpoint(url="ftp://x")], None, "EndpointUnreachable", "administrator", id="no-usable-url"
        ),
        pytest.param([], None, "EndpointUnreachable", "administrator", id="no-compute-service"),
    ],
)
def test_a_catalog_that_leads_nowhere_says_what_to_do(
    endpoints: list[dict[str, str]], region: str | None, reason: str, advice: str
) -> None:
    with pytest.raises(errors.CatalogError) as found:
        signin_reply.choose_endpoint(
            [{"type": "compute_v2", "endpoints": endpoints}], interface="publicURL", region=region
        )
    problem = problem_of(found.value, doing=Doing.SIGN_IN)
    assert problem.reason == reason
    assert advice in problem.message


QUOTA = (
    "quotas.CheckSetPendingQuota: manager.checkSetPendingQuota: manager.checkQuota for key domain_id=default,"
    "tenant_id=9ba548d7b41246938c5f46332a74bb50: Out of quota: [project.count] limit 50 used 9677 request 1, "
    "[project.cpu] limit 200 used 100 request 1, [project.memory] limit 204800 used 204800 request 64"
)
PRIVILEGE = "not enough privilege (require:project,allow:none)"
ELSEWHERE = (
    "not enough privilege (require:domain,allow:project:resource:project) [tags:[allow] domain:[] project:[] "
    "object:[]]"
)
ADOPT = (
    "if the server that has it is yours, as after a loss of the cluster, take it over: set spec.adoption to "
    "policy: Adopt and its name."
)


@pytest.mark.parametrize(
    ("doing", "status", "error_class", "details", "message"),
    [
        pytest.param(
            C,
            400,
            INPUT,
            "Invalid root image: fillDiskConfigByImage: modules.Images.GetByName: NotFoundError",
            "The cloud cannot use the image jammy: Invalid root image: fillDiskConfigByImage: "
            "modules.Images.GetByName: NotFoundError. Correct spec.server.image: the name or id of an image "
            "that the project can see.",
            id="a-wrong-image",
        ),
        pytest.param(
            C,
            400,
            "OutOfQuotaError",
            QUOTA,
            "The project's quota is used up: count: limit 50, used 9677, asked for 1; memory: limit 200Gi, "
            "used 200Gi, asked for 64Mi. Have it raised, or delete what is not needed.",
            id="a-quota-with-its-numbers",
        ),
        pytest.param(
            C,
            400,
            "OutOfQuotaError",
            "Out of quota",
            "The project's quota is used up: Out of quota. Have it raised, or delete what is not needed.",
            id="a-quota-in-other-words",
        ),
        pytest.param(
            C,
            403,
            "ForbiddenError",
            PRIVILEGE,
            f"The cloud does not allow this: {PRIVILEGE}. Have the user given a role in the project whose "
            "policy has the right compute:servers:create. The cloud also says this of a server that was "
            "moved "
            "to another project, and while its identity service is down.",
            id="no-right-to-create",
        ),
        pytest.param(
            A,
            403,
            "ForbiddenError",
            PRIVILEGE,
            f"The cloud does not allow this: {PRIVILEGE}. Have the user given a role in the project whose "
            "policy has the right compute:servers:perform:start. The cloud also says this of a server that "
            "was moved to another project, and while its identity service is down.",
            id="no-right-to-start",
        ),
        pytest.param(
            R,
            403,
            "ForbiddenError",
            ELSEWHERE,
            "The server belongs to another project, whose servers these credentials may not touch: "
            f"{ELSEWHERE}. Have it moved back, or give the Secret credentials for its project.",
            id="a-server-of-another-project",
        ),
        pytest.param(
            C,
            409,
            "DuplicateNameError",
            "Duplicate name server vm-b",
            "The name is taken: Duplicate name server vm-b. Names are unique in the whole cloud, so give "
            f"another server.name; {ADOPT}",
            id="a-name-that-is-taken",
        ),
    ],
)
def test_a_refusal_says_what_to_do(
    doing: Doing, status: int, error_class: str, details: str, message: str
) -> None:
    assert answered(doing, status, error_class, details).message == message


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "/servers", "compute:servers:list"),
        ("GET", "/servers/{id}", "compute:servers:get"),
        ("POST", "/servers", "compute:servers:create"),
        ("PUT", "/servers/{id}", "compute:servers:update"),
        ("DELETE", "/servers/{id}", "compute:servers:delete"),
        ("POST", "/servers/{id}/user-metadata", "compute:servers:perform:user-metadata"),
        ("PUT", "/disks/{id}", "compute:disks:update"),
        ("GET", "/events", "compute:events:list"),
        ("GET", "/images", "image:images:list"),
        ("POST", "/auth/tokens", None),
    ],
)
def test_a_request_needs_a_right(method: str, path: str, right: str | None) -> None:
    assert right_of(Call(method, path)) == right


@pytest.mark.parametrize("doing", list(Doing))
def test_ambiguity_is_the_errors_own(doing: Doing) -> None:
    assert problem_of(errors.Timeout("no answer", CALL, ambiguous=True), doing=doing).ambiguous
    assert not problem_of(errors.Timeout("no slot", CALL), doing=doing).ambiguous
    assert problem_of(errors.GatewayTimeout(CALL, 504, "TimeoutError", ""), doing=doing).ambiguous
    assert not problem_of(errors.InvalidInput(CALL, 400, "InputParameterError", ""), doing=doing).ambiguous


def test_only_a_used_name_and_a_used_id_are_duplicates() -> None:
    found = {
        kind.__name__: (problem.duplicate_name, problem.duplicate_id)
        for kind in kinds(ApiError)
        if (problem := problem_of(kind(CALL, 400, "X", "x"), doing=Doing.CREATE))
    }
    assert {name: flags for name, flags in found.items() if any(flags)} == {
        "DuplicateName": (True, False),
        "DuplicateId": (False, True),
        "Conflict": (True, False),
    }


@pytest.mark.parametrize("doing", list(Doing), ids=lambda doing: doing.name)
def test_every_recorded_refusal_has_a_reason_of_the_closed_set_and_a_steady_message(doing: Doing) -> None:
    for exchange in exchanges():
        if exchange.status < 400 or not exchange.kind:
            continue
        problem = answered(doing, exchange.status, exchange.kind, exchange.details)
        assert problem.reason in SYNCED_REASONS | DELETING_REASONS
        assert "1a2b3c" not in problem.message
        assert exchange.json["time"] not in problem.message
        assert len(problem.message) < 600


@pytest.mark.parametrize(("kind", "doing"), list(product(errors.OneCloudError.__subclasses__(), Doing)))
def test_every_kind_of_error_is_told_whatever_was_being_done(kind: type[OneCloudError], doing: Doing) -> None:
    for each in kinds(kind):
        error = each(CALL, 418, "Teapot", "") if issubclass(each, ApiError) else each("no", CALL)
        problem = problem_of(error, doing=doing)
        assert problem.reason in SYNCED_REASONS | DELETING_REASONS
        assert problem.message.endswith((".", "!"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("at 2026-11-23T07:28:26Z", "at 2026-11-23 07:29:26.5", id="times"),
        pytest.param(
            "read tcp 10.0.0.1:50001->10.0.0.2:3306", "read tcp 10.0.0.1:50002->10.0.0.2:3306", id="ports"
        ),
    ],
)
def test_one_problem_keeps_one_message(first: str, second: str) -> None:
    told = [answered(Doing.CREATE, 400, "OutOfQuotaError", text).message for text in (first, second)]
    assert told[0] == told[1]


def test_long_details_are_cut() -> None:
    message = answered(Doing.CREATE, 400, INPUT, "x" * 400).message
    assert "x" * 299 + "…" in message
    assert "x" * 300 not in message


@DEAR
@given(st.text(), st.integers(400, 599), st.sampled_from(Doing), st.sampled_from([*CLASSES, ""]) | st.text())
def test_no_answer_of_the_cloud_breaks_a_message(
    details: str, status: int, doing: Doing, error_class: str
) -> None:
    problem = answered(doing, status, error_class, details)
    assert problem.reason in SYNCED_REASONS | DELETING_REASONS
    assert 0 < len(problem.message) < 600


def kinds(kind: type[Any]) -> Iterator[type[Any]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from kinds(inner)
