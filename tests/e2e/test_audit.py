"""The audit log has one line for each call that changed the cloud, also if no answer came, and no secret."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.fleet import writes

if TYPE_CHECKING:
    from tests.e2e.user import User

PASSWORD, USER_DATA = "Sesam-0ffne-dich", "#!/bin/sh\necho 0range-Marmalade"


@pytest.fixture
def audited(user: User) -> User:
    """Give the user an operator with the audit log beside a log for people."""
    user.operator.stop()
    user.operator.knobs |= {"audit_log": True, "log_format": "text", "post_settle_seconds": 2}
    user.operator.start()
    return user


def lines_of(user: User) -> list[dict[str, Any]]:
    found = (json.loads(line) for line in user.operator.text().splitlines() if line.startswith("{"))
    return [line for line in found if line["logger"] == "onecloud.audit"]


def calls_in(lines: list[dict[str, Any]]) -> Counter[str]:
    return Counter(line["call"] for line in lines)


def test_a_servers_life_is_told_call_by_call(audited: User) -> None:
    user = audited
    secret = {"name": "login", "namespace": user.namespace}
    user.kube.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": secret, "stringData": {"password": PASSWORD}}
    )
    server = {
        "passwordFrom": {"secretKeyRef": {"name": "login", "key": "password"}},
        "userData": USER_DATA,
        "tags": {"team": "shop"},
        "description": "the first one",
    }
    user.apply(server=server)
    status = user.wait_ready()
    user.cloud.call("fault", method="PUT", path="^/servers/[^/]+$", effect="reset", work=True)
    user.apply(server={**server, "description": "the second one"})
    user.wait(lambda found: (found.get("server") or {}).get("description") == "the second one")
    user.cloud.call("fault", method="POST", path="/user-metadata$", status=409, kind="ConflictError")
    user.apply(server={**server, "description": "the second one", "tags": {"team": "bank"}})
    user.wait(lambda found: ((found.get("server") or {}).get("tags") or {}).get("team") == "bank")
    uid = user.get()["metadata"]["uid"]
    user.delete()
    user.wait_gone()

    lines = lines_of(user)
    assert calls_in(lines) == writes(user.cloud.counts())
    assert len({line["request_id"] for line in lines}) == len(lines)
    assert {line["uid"] for line in lines} == {uid}
    assert {line["object"] for line in lines} == {f"{user.namespace}/web-1"}
    assert {line["server_id"] for line in lines} == {status["id"]}

    made, *_ = lines
    assert (made["step"], made["outcome"], made["generation"]) == ("Create", "accepted", 1)
    edit = next(line for line in lines if line["step"] == "Update")
    assert edit["outcome"] == "unanswered"
    assert edit["generation"] == 2
    assert edit["changes"] == [{"field": "description", "from": "the first one", "to": "the second one"}]
    tags = [line for line in lines if line["step"] == "SetTags"]
    assert [line["outcome"] for line in tags] == ["refused", "accepted"]
    assert tags[0]["changes"] == [{"field": "tags.team", "from": "shop", "to": "bank"}]
    assert lines[-1]["step"] == "Delete"
    assert lines[-1]["deleting"]

    text = user.operator.text()
    assert not [word for word in (PASSWORD, "0range-Marmalade") if word in text]


def test_no_audit_log_is_written_unless_it_is_asked_for(user: User) -> None:
    user.apply()
    user.wait_ready()
    assert "onecloud.audit" not in user.operator.text()
