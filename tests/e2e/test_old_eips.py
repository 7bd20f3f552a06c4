"""Objects that were stored when ``eip`` was a text, the id or name of an elastic IP that exists."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.crd import crd
from tests.e2e.definitions import serve
from tests.e2e.user import KIND, condition

if TYPE_CHECKING:
    from tests.e2e.user import User

NAMED = {"name": "eip-1"}
TEXT = "eip-1"


def older() -> dict[str, Any]:
    """Return the definition of the version in which it was a text."""
    made = deepcopy(crd())
    whole = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    whole.pop("x-kubernetes-validations")
    whole["properties"]["spec"]["properties"]["server"]["properties"]["eip"] = {"type": "string"}
    return made


def test_an_eip_by_text_is_told_with_the_cure_can_be_deleted_and_is_not_touched(user: User) -> None:
    user.apply("made", server={"networks": [{"network": "vpc-net"}], "eip": NAMED})
    user.wait_ready("made")
    user.operator.stop()
    try:
        serve(user, older(), eip=TEXT)
        user.kube.patch(KIND, "made", user.namespace, {"spec": {"server": {"eip": TEXT}}})
        user.apply("new", server={"eip": TEXT})
    finally:
        serve(user, crd(), eip=NAMED)
    user.cloud.call("reset_calls")
    user.operator.start()
    for name in ("made", "new"):
        message = condition(user.wait_reason("InvalidSpec", name), "Synced")["message"]
        assert "write eip: {name: …}" in message
    assert not [call for call in user.cloud.counts() if not call.startswith("GET") and "auth" not in call]
    user.delete("made")
    user.wait_gone("made")
    assert user.only_server()["pending_deleted"]
    cured = {"networks": [{"network": "vpc-net"}], "eip": NAMED}
    user.kube.patch(KIND, "new", user.namespace, {"spec": {"server": cured}})
    user.wait_ready("new")
