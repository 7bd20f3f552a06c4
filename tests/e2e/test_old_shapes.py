"""Objects that were stored in a shape that the resource had in an earlier version."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.crd import crd
from tests.e2e.definitions import serve
from tests.e2e.user import KIND, SERVER, condition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.user import User

NAMED = [{"name": "data", "size": "10Gi"}]
INDEXED = [{"index": 1, "size": "10Gi"}, {"index": 2, "size": "20Gi", "autoDelete": False}]


def older() -> dict[str, Any]:
    """Return the definition of the version whose data disks had an index instead of a name."""
    made = deepcopy(crd())
    whole = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    whole.pop("x-kubernetes-validations")
    disks = whole["properties"]["spec"]["properties"]["server"]["properties"]["dataDisks"]
    disks["items"] = {
        "type": "object",
        "required": ["index", "size"],
        "properties": {
            "index": {"type": "integer"},
            "size": {"type": "string"},
            "autoDelete": {"type": "boolean"},
        },
    }
    disks["x-kubernetes-list-map-keys"] = ["index"]
    disks.pop("x-kubernetes-validations", None)
    disks["x-kubernetes-list-type"] = "map"
    return made


@pytest.fixture
def older_one(user: User) -> Iterator[User]:
    """Serve the older definition, and afterwards the new one again."""
    serve(user, older(), dataDisks=INDEXED)
    yield user
    serve(user, crd(), dataDisks=NAMED)


def upgrade(user: User) -> None:
    """Install the new version: its definition, then its operator."""
    serve(user, crd(), dataDisks=NAMED)
    user.operator.stop()
    user.operator.start()


def test_data_disks_without_names_are_told_with_the_cure_and_nothing_is_made(older_one: User) -> None:
    user = older_one
    user.operator.stop()
    user.apply(server={"dataDisks": INDEXED})
    upgrade(user)
    status = user.wait_reason("InvalidSpec")
    message = condition(status, "Synced")["message"]
    assert "by now instead of an index" in message
    assert "take dataDisks out" in message
    assert user.cloud.servers() == []
    user.apply(server={"dataDisks": NAMED})
    status = user.wait_ready()
    assert [disk["name"] for disk in status["dataDisks"]] == ["data"]
    assert SERVER["cpu"] == status["server"]["cpu"]


def test_an_object_with_a_server_can_be_deleted_and_no_disk_is_touched(user: User) -> None:
    user.apply(server={"dataDisks": NAMED})
    user.wait_ready()
    user.operator.stop()
    serve(user, older(), dataDisks=INDEXED)
    user.kube.patch(KIND, "web-1", user.namespace, {"spec": {"server": {"dataDisks": INDEXED}}})
    upgrade(user)
    user.wait_reason("InvalidSpec")
    user.delete()
    user.wait_gone()
    assert user.only_server()["pending_deleted"]
    touching = {
        "POST /disks",
        "DELETE /disks/{id}",
        "POST /servers/{id}/detachdisk",
        "POST /servers/{id}/createdisk",
    }
    assert not touching & set(user.cloud.counts())
