"""A OneCloudServer as the API server gives it → as decisions see it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from onecloud_operator.api.identity import SERVER
from onecloud_operator.api.old_shapes import without_old_shapes
from onecloud_operator.api.spec import Spec
from onecloud_operator.core.records import believed, place_in, records_of
from onecloud_operator.core.resource import FINALIZER, Resource
from onecloud_operator.kube.bounded_json import SHARED, finalizer_place
from onecloud_operator.kube.by_place import Home
from onecloud_operator.kube.by_provider import Naming
from onecloud_operator.kube.store import StoredKind, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

SPECS: Final = 256  # read ones that are kept: more than there are objects with running passes


def resource_of(body: Mapping[str, Any]) -> Resource:
    """Return the object as decisions see it; one whose spec cannot be read has a flaw in its place."""
    metadata = body["metadata"]
    status = body.get("status") or {}
    deleting = "deletionTimestamp" in metadata
    finalizers = tuple(metadata.get("finalizers") or ())
    spec, flaw = _read(to_json(body.get("spec") or {}))
    return Resource(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        version=version_of(body),
        generation=int(metadata.get("generation", 0)),
        spec=spec,
        flaw=flaw,
        deleting=deleting,
        deleted_at=metadata.get("deletionTimestamp"),
        finalizers=finalizers,
        finalizer_place=finalizer_place(metadata, FINALIZER),
        annotations=metadata.get("annotations") or {},
        records=believed(
            records_of(status),
            metadata["uid"],
            deleting=deleting,
            shared=body.get(SHARED, ()),
        ),
        status=status,
    )


@lru_cache(SPECS)
def _read(stored: bytes) -> tuple[Spec | None, str | None]:
    """
    Return the spec in its JSON, or what is wrong with it; both, where only a part has an old version's shape.

    Versions of an object mostly differ by their status alone.
    """
    found = from_json(stored)
    try:
        return Spec.model_validate(found), None
    except ValidationError as error:
        flaw = flaw_of(error)
    rest = without_old_shapes(found)
    if rest is None:
        return None, flaw
    try:
        return Spec.model_validate(rest), flaw
    except ValidationError:
        return None, flaw


def flaw_of(error: ValidationError) -> str:
    """Return what is wrong with a spec, by field, without any of its values."""
    found = [
        f"spec.{'.'.join(str(part) for part in each['loc'])}: {each['msg']}".replace("spec.:", "spec:")
        for each in error.errors(include_url=False, include_context=False, include_input=False)[:5]
    ]
    return "The spec is not valid: " + "; ".join(found)


def secret_of(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return namespace and name of the Secret that the object names, without reading the rest of it."""
    name = _named(body, "credentialsRef")
    return (body["metadata"]["namespace"], name) if name is not None else None


def naming(body: Mapping[str, Any]) -> Naming | None:
    """Return which provider the object names instead, and whether it has the record of a server."""
    name = _named(body, "providerRef")
    if name is None or _named(body, "credentialsRef") is not None:
        return None  # of one that names both none is used
    return Naming(name, bound=_bound(body.get("status")))


def _bound(status: object) -> bool:
    """Return whether there is the record of a server, by what each of the two forms begins with."""
    if not isinstance(status, dict):
        return False
    creation = status.get("creation")
    made = isinstance(creation, dict) and isinstance(creation.get("id"), str)
    return made or (isinstance(status.get("adoptedAt"), str) and isinstance(status.get("id"), str))


def home(body: Mapping[str, Any]) -> Home | None:
    """Return where the object's server is, by its record; None if it has none."""
    status, named = body.get("status"), naming(body)
    if not isinstance(status, dict) or not _bound(status):
        return None
    place = place_in(status)
    project = (place.auth_url, place.region, place.project_id) if place is not None else None
    return Home(project, named.provider if named is not None else "")


def _named(body: Mapping[str, Any], reference: str) -> str | None:
    spec = body.get("spec")
    found = spec.get(reference) if isinstance(spec, dict) else None
    name = found.get("name") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None


SERVERS = StoredKind(SERVER, resource_of, secret_of, naming, home)
