"""
What an object will be once its manifest is applied: the API server says so, and keeps nothing.

Whoever applied it before decides how: a server-side apply is repeated by the same field manager, so that
what leaves the manifest leaves the object; a client-side one by the annotation that kubectl leaves for that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.api.identity import SERVER
from onecloud_operator.cli.cluster import APPLY, FIELD_MANAGER, MERGE, path
from onecloud_operator.cli.statuses import items_at, part, text_at

if TYPE_CHECKING:
    from onecloud_operator.cli.cluster import Cluster, Object

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL: Final = "kubectl"
PRIVATE: Final = frozenset({"userData"})  # may hold what is private, as in the status' own plan


def applied(cluster: Cluster, manifest: Mapping[str, Any], live: Object | None, manager: str) -> Object:
    """Return the object as it will be; *manager*: of the apply, "" for the one before. Raises Refused."""
    where = path(SERVER, text_at(manifest, "metadata", "namespace"), text_at(manifest, "metadata", "name"))
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    last = text_at(live or {}, "metadata", "annotations", LAST_APPLIED)
    if live is not None and last and not manager:
        # What kubectl applied has annotations, if only none, and others' are not to go with them.
        annotations = dict(part(manifest, "metadata", "annotations"))
        metadata = {**part(manifest, "metadata"), "annotations": annotations}
        body = merge_patch(_parsed(last), {**manifest, "metadata": metadata})
        body["metadata"]["annotations"].pop(LAST_APPLIED, None)
        body.pop("status", None)
        query["fieldManager"] = FIELD_MANAGER
        return cluster.call("PATCH", where, query=query, body=body, content_type=MERGE)
    query |= {"fieldManager": manager or _manager(live) or KUBECTL, "force": "true"}
    body = {key: value for key, value in manifest.items() if key != "status"}
    return cluster.call("PATCH", where, query=query, body=json.dumps(body), content_type=APPLY)


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch that sets all of *new*, and takes off what was in *old* and is not any more."""
    made: dict[str, Any] = dict.fromkeys(key for key in old if key not in new)
    for key, value in new.items():
        before = old.get(key)
        inner = isinstance(value, Mapping) and isinstance(before, Mapping)
        made[key] = merge_patch(before, value) if inner and isinstance(before, Mapping) else value
    return made


def changed(live: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[dict[str, str | None]]:
    """Yield what an apply changes in an object: of its spec, its labels and its annotations."""
    for name in ("annotations", "labels"):
        before, after = (
            {key: value for key, value in part(each, "metadata", name).items() if key != LAST_APPLIED}
            for each in (live, made)
        )
        yield from differences(before, after, f"metadata.{name}")
    yield from differences(part(live, "spec"), part(made, "spec"), "spec")


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], at: str
) -> Iterator[dict[str, str | None]]:
    """Yield what differs between two specs, each with its path."""
    for key in sorted({*before, *after}):
        old, new, here = before.get(key), after.get(key), f"{at}.{key}"
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differences(old, new, here)
        else:
            yield {"field": here, "from": _shown(key, old), "to": _shown(key, new)}


def _shown(key: str, value: object) -> str | None:
    if value is None:
        return None
    shown = _public(key, value)
    return shown if isinstance(shown, str) else json.dumps(shown)


def _public(key: str, value: object) -> object:
    """Return *value* without what is private in it."""
    if key in PRIVATE:
        return "given"
    if isinstance(value, Mapping):
        return {name: _public(name, each) for name, each in value.items()}
    return [_public("", each) for each in value] if isinstance(value, list) else value


def _manager(live: Object | None) -> str:
    """Return who applied the spec by server-side apply, "" if nobody or several did."""
    entries = items_at(live or {}, "metadata", "managedFields")
    found = {
        str(entry.get("manager"))
        for entry in entries
        if entry.get("operation") == "Apply"
        and not entry.get("subresource")
        and "f:spec" in part(entry, "fieldsV1")
    }
    return found.pop() if len(found) == 1 else ""


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
