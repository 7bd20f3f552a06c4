"""
Secrets that the operator writes for an object, and no other: made by POST, never taken over.

    there is none                          POST
    one is there, by its metadata          not this object's: left alone, and nothing of its values is read
    one of this object's, of our type      PUT with its resourceVersion, if its values differ
    to be deleted                          with UID and resourceVersion of what was seen to be ours
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.api.identity import GROUP
from onecloud_operator.kube.bounded_json import FIELD_MANAGER
from onecloud_operator.kube.calls import KubeConflict, KubeNotFound, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from onecloud_operator.kube.client import KubeClient, ObjectReference

TYPE: Final = f"{GROUP}/connection"
METADATA: Final = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
FIELDS: Final = {"fieldManager": FIELD_MANAGER}


class ForeignSecret(Exception):
    """There is a Secret of that name which is not the object's own; nothing of it was read or changed."""


async def write_owned(
    cluster: KubeClient, reference: ObjectReference, name: str, values: Mapping[str, SecretStr]
) -> None:
    """Have the Secret *name* hold *values* and nothing else. Raises ForeignSecret and KubeError."""
    data = {key: base64.b64encode(one.get_secret_value().encode()).decode() for key, one in values.items()}
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": TYPE,
        "metadata": {
            "name": name,
            "namespace": reference.namespace,
            "labels": {"app.kubernetes.io/managed-by": FIELD_MANAGER},
            "ownerReferences": [_owner(reference)],
        },
        "data": data,
    }
    try:
        await cluster.call("write_secret", "POST", _path(reference), query=FIELDS, body=body)
    except KubeConflict:
        pass
    else:
        return
    metadata = await _own_metadata(cluster, reference, name)
    if metadata is None:
        msg = f"Secret {name} went while it was written"
        raise KubeConflict(msg, 409)
    found = await cluster.secret(reference.namespace, name)
    if found.get("type") != TYPE or found["metadata"].get("uid") != metadata.get("uid"):
        raise ForeignSecret(name)
    if (found.get("data") or {}) == data:
        return
    kept = {key: found["metadata"][key] for key in ("labels", "annotations") if key in found["metadata"]}
    held = {"ownerReferences": found["metadata"]["ownerReferences"]}
    version = {"resourceVersion": found["metadata"]["resourceVersion"], "uid": found["metadata"]["uid"]}
    body["metadata"] |= {**kept, **held, **version}
    await cluster.call("write_secret", "PUT", _path(reference, name), query=FIELDS, body=body)


async def drop_owned(cluster: KubeClient, reference: ObjectReference, name: str) -> None:
    """Delete the Secret *name* if it is the object's own; any other is left alone. Raises KubeError."""
    metadata = await _own_metadata(cluster, reference, name, foreign_is_none=True)
    if metadata is None:
        return
    seen = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": seen}
    try:
        await cluster.call("delete_secret", "DELETE", _path(reference, name), body=body)
    except KubeNotFound:
        return


async def _own_metadata(
    cluster: KubeClient, reference: ObjectReference, name: str, *, foreign_is_none: bool = False
) -> dict[str, Any] | None:
    """Return the metadata of the object's own Secret, None without one. Raises ForeignSecret, KubeError."""
    try:
        found = await cluster.call("secret", "GET", _path(reference, name), accept=METADATA)
    except KubeNotFound:
        return None
    metadata = found.get("metadata")
    owners = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    ours = any(isinstance(one, dict) and one.get("uid") == reference.uid for one in owners or ())
    if isinstance(metadata, dict) and ours:
        return metadata
    if foreign_is_none:
        return None
    raise ForeignSecret(name)


def _owner(reference: ObjectReference) -> dict[str, str]:
    identity = reference.identity
    return {
        "apiVersion": identity.api_version,
        "kind": identity.kind,
        "name": reference.name,
        "uid": reference.uid,
    }


def _path(reference: ObjectReference, name: str | None = None) -> str:
    """Return the path of a Secret beside the object, or of all of them."""
    every = f"/api/v1/namespaces/{named(reference.namespace)}/secrets"
    return every if name is None else f"{every}/{named(name)}"
