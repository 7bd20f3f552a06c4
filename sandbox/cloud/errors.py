"""Every refusal that the simulator gives, in the recorded words; clients may read class and code only."""

import json
from typing import Any


class CloudError(Exception):
    """One refusal: *status* and *kind* (the error class), the text, and headers that go with it."""

    def __init__(self, status: int, kind: str, details: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {kind}: {details}")
        self.status = status
        self.kind = kind
        self.details = details
        self.headers = headers or {}


def wrapped(prefix: str, status: int, kind: str, template: str, *fields: str) -> CloudError:
    """Return an error whose details nest another error as JSON text, as deeper layers of the cloud do."""
    details = template
    for field in fields:
        details = details.replace("%s", field, 1)
    inner = {"error": {"class": kind, "code": status, "data": {"fields": list(fields), "id": template}}}
    inner["error"]["details"] = details
    return CloudError(status, kind, f"{prefix}: {compact(inner)}")


def compact(value: Any) -> str:
    """Return *value* as JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def bad_input(details: str) -> CloudError:
    """Return the 400 for what a request says; it carries a meaningless Location, as the real one does."""
    location = details.encode("ascii", "replace").decode().replace("\n", " ")
    return CloudError(400, "InputParameterError", details, {"Location": location})


def missing_parameter(name: str) -> CloudError:
    return CloudError(
        400, "MissingParameterError", f"Missing parameter {name}", {"Location": f"Missing parameter {name}"}
    )


def invalid_status(details: str) -> CloudError:
    return CloudError(400, "InvalidStatusError", details)


def not_found(kind: str, ident: str) -> CloudError:
    return CloudError(404, "ResourceNotFoundError", f"{kind} {ident} not found")


def ambiguous() -> CloudError:
    """Return the 500 for a name that several rows have: permanent, whatever its code says."""
    return CloudError(500, "duplicate entry", "fetchItem: duplicate entry")


def no_spec(kind: str, ident: str, spec: str) -> CloudError:
    return CloudError(404, "SpecNotFoundError", f"{kind} {ident} {spec} not found")


def no_handler(path: str) -> CloudError:
    return CloudError(404, "NotFoundError", f"Handler {path} not found")


def duplicate_name(name: str) -> CloudError:
    return CloudError(409, "DuplicateNameError", f"Duplicate name server {name}")


def duplicate_id(ident: str) -> CloudError:
    return CloudError(
        500, "UnclassifiedError", f"TxExec: Error 1062: Duplicate entry '{ident}' for key 'PRIMARY'"
    )


def no_dict() -> CloudError:
    return CloudError(
        500,
        "InternalServerError",
        "Internal server error: interface conversion: jsonutils.JSONObject is nil, not *jsonutils.JSONDict",
    )


def cannot_convert(field: str, value: Any, into: str, whole: Any) -> CloudError:
    """Return the 500 that a value of the wrong type gives: permanent, whatever its code says."""
    return CloudError(
        500,
        "UnclassifiedError",
        f"unable to convert '{compact(whole)}' to Type \"{into}\": jo.unmarshalValue: "
        f"setStructFieldAt {field}: "
        f'"{value}": JSONDict.unmarshalStruct: strconv.ParseInt: parsing "{value}": invalid syntax',
    )


def list_refused(service: str, resource: str, *, require: str, allow: str, query: str) -> CloudError:
    return wrapped(
        "ListItems: listItemQueryFiltersRaw",
        403,
        "ForbiddenError",
        "not enough privilege to do %s:%s:%s (require:%s,allow:%s,query:%s)",
        service,
        resource,
        "list",
        require,
        allow,
        query,
    )


def create_refused(*, require: str, allow: str) -> CloudError:
    return wrapped(
        "isClassRbacAllowed",
        403,
        "ForbiddenError",
        "not enough privilege (require:%s,allow:%s)",
        require,
        allow,
    )


def object_refused(*, require: str, allow: str) -> CloudError:
    tags = "deny" if allow == "none" else "allow"
    return CloudError(
        403,
        "ForbiddenError",
        f"not enough privilege (require:{require},allow:{allow}:resource:project) "
        f"[tags:[{tags}] domain:[] project:[] object:[]]",
    )


def unauthorized(details: str) -> CloudError:
    return CloudError(401, "UnauthorizedError", f"unauthorized {details}")


def invalid_token() -> CloudError:
    return CloudError(401, "InvalidCredentialError", "invalid token: [auth] invalid token")


def queue_full() -> CloudError:
    return CloudError(429, "TooManyRequests", "Request queue is full")


def database_down(where: str) -> CloudError:
    return CloudError(
        500, "UnclassifiedError", f"{where}: dial tcp 127.0.0.1:33306: connect: connection refused"
    )
