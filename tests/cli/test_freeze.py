"""A freeze, and an agreement to many deletions: on objects, and on namespaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.annotations import ALLOW_MASS_DELETION, FREEZE
from tests.cli.conftest import condition

if TYPE_CHECKING:
    from tests.cli.conftest import Desk


def of_namespace(desk: Desk) -> dict[str, Any]:
    found = desk.kube.get("namespaces", desk.namespace, None)
    assert found is not None
    return dict(found["metadata"].get("annotations") or {})


def test_an_object_and_a_namespace_are_frozen_and_freed(desk: Desk) -> None:
    desk.apply()
    said = desk.run("freeze", "web-1", f"namespace/{desk.namespace}")
    assert said.out == f"server/web-1 is frozen\nnamespace/{desk.namespace} is frozen\n"
    assert (desk.annotations()[FREEZE], of_namespace(desk)[FREEZE]) == ("true", "true")
    said = desk.run("unfreeze", "web-1", f"ns/{desk.namespace}", "-o", "json")
    assert [(row["kind"], row["value"]) for row in said.json["items"]] == [
        ("server", None),
        ("namespace", None),
    ]
    assert FREEZE not in {**desk.annotations(), **of_namespace(desk)}


def test_what_cannot_be_frozen_is_named_before_anything_is_set(desk: Desk) -> None:
    desk.apply()
    said = desk.run("freeze", "web-1", "node/n1")
    assert said.code == 1
    assert "'node' cannot be frozen" in said.err
    assert desk.annotations() == {}


def test_many_deletions_are_agreed_to_as_they_are_seen_and_none_that_comes_later(desk: Desk) -> None:
    said = desk.run("allow-mass-deletion", "--yes")
    assert "waits for this" in said.err
    for name in ("a", "b", "c"):
        desk.apply(name)
        desk.kube.patch(
            "onecloudservers", name, desk.namespace, {"metadata": {"finalizers": ["onecloud.io/server"]}}
        )
        desk.kube.delete("onecloudservers", name, desk.namespace)
        desk.tell(name, conditions=[condition("Deleting", "True", "TooManyDeletions")])
    asked = desk.run("allow-mass-deletion")
    assert "3 servers" in asked.err
    assert "add --yes" in asked.err
    assert ALLOW_MASS_DELETION not in of_namespace(desk)
    said = desk.run("allow-mass-deletion", "--yes", "-o", "json")
    value = said.json["items"][0]["value"]
    assert of_namespace(desk)[ALLOW_MASS_DELETION] == value
    deleted = [
        desk.kube.get("onecloudservers", name, desk.namespace)["metadata"]["deletionTimestamp"]  # type: ignore[index]
        for name in ("a", "b", "c")
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value)
    assert max(deleted) < value
    for name in ("a", "b", "c"):
        desk.kube.patch("onecloudservers", name, desk.namespace, {"metadata": {"finalizers": None}})
