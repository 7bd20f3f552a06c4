"""What is sent for each operation, as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.onecloud import Filter, ServerQuery, protocol
from onecloud_operator.onecloud.errors import InvalidRequest
from onecloud_operator.onecloud.protocol import Request, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable

ID = "11111111-2222-4333-8444-555555555555"
SINCE = Filter("updated_at", "ge", ("2026-11-23 07:28:28",))


@pytest.mark.parametrize(
    ("request_", "text", "body"),
    [
        pytest.param(
            protocol.list_servers(ServerQuery()),
            "GET /servers?details=false&pending_delete=all",
            None,
            id="a-list-includes-the-recycle-bin",
        ),
        pytest.param(
            protocol.list_servers(ServerQuery(filters=(SINCE,), limit=100)),
            "GET /servers?details=false&pending_delete=all"
            "&filter=updated_at.ge%28%272026-11-23%2007%3A28%3A28%27%29&limit=100",
            None,
            id="a-delta-quotes-its-time",
        ),
        pytest.param(
            protocol.list_servers(ServerQuery(ids=("a", "b"), details=True, fields=("ips",))),
            "GET /servers?details=true&pending_delete=all&id=a&id=b&field=ips&field=id",
            None,
            id="fields-always-have-the-id",
        ),
        pytest.param(
            protocol.list_servers(
                ServerQuery(tags=(("user:a", "1"), ("user:b", None)), pending_delete=None, offset=5)
            ),
            "GET /servers?details=false&tags.0.key=user%3Aa&tags.0.value=1&tags.1.key=user%3Ab&offset=5",
            None,
            id="tags-are-numbered",
        ),
        pytest.param(protocol.get_server(ID), f"GET /servers/{ID}", None, id="a-get-has-no-query"),
        pytest.param(
            protocol.get_server("../x?y#z"), "GET /servers/..%2Fx%3Fy%23z", None, id="an-id-stays-one-step"
        ),
        pytest.param(
            protocol.create_server({"name": "w"}), "POST /servers", {"server": {"name": "w"}}, id="a-create"
        ),
        pytest.param(
            protocol.create_server({"name": "w"}, dry_run=True),
            "POST /servers",
            {"server": {"name": "w", "dry_run": True}},
            id="a-dry-run-says-so-inside-the-server",
        ),
        pytest.param(
            protocol.check_server({"name": "w"}),
            "POST /servers/check-create-data",
            {"name": "w"},
            id="a-check-takes-the-bare-body",
        ),
        pytest.param(
            protocol.update_server(ID, {"description": "d"}),
            f"PUT /servers/{ID}",
            {"server": {"description": "d"}},
            id="an-update",
        ),
        pytest.param(
            protocol.delete_server(ID, {"override_pending_delete": True, "purge": False}),
            f"DELETE /servers/{ID}?override_pending_delete=true",
            None,
            id="delete-options-are-in-the-query",
        ),
        pytest.param(
            protocol.perform(ID, "change-config", {"vcpu_count": 4}),
            f"POST /servers/{ID}/change-config",
            {"server": {"vcpu_count": 4}},
            id="an-action",
        ),
        pytest.param(
            protocol.perform(ID, "start", None),
            f"POST /servers/{ID}/start",
            {"server": {}},
            id="an-action-without-arguments-has-a-body",
        ),
        pytest.param(
            protocol.list_events(
                marker=9504, server_ids=("a",), actions=("delete",), order="ASC", limit=50, fields=("action",)
            ),
            "GET /events?scope=project&obj_type=server&paging_order=ASC&limit=50&paging_marker=9504"
            "&obj_id=a&action=delete&field=id&field=action",
            None,
            id="events-are-those-of-the-whole-project",
        ),
    ],
)
def test_a_request_is(request_: Request, text: str, body: object) -> None:
    assert f"{request_.method} {request_.target}" == text
    assert (json.loads(request_.content) if request_.content else None) == body


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: protocol.get_server(""), id="no-id"),
        pytest.param(lambda: protocol.get_server(".."), id="a-step-up"),
        pytest.param(lambda: protocol.get_server("x" * 129), id="an-endless-id"),
        pytest.param(lambda: protocol.perform("a", "start/../b", None), id="an-action-with-a-path"),
        pytest.param(lambda: str(Filter("id", "gt", ('it\'s "both"',))), id="a-value-with-both-quotes"),
        pytest.param(lambda: str(Filter("id", "gt", ("back\\slash",))), id="a-value-with-a-backslash"),
        pytest.param(lambda: str(Filter("id", "gt", ("line\nbreak",))), id="a-value-with-a-line-break"),
        pytest.param(lambda: str(Filter("id) or (1", "gt", ("x",))), id="a-field-that-is-no-name"),
        pytest.param(lambda: str(Filter("id", "in", ())), id="no-value"),
    ],
)
def test_what_cannot_be_said_safely_is_not_sent(build: Callable[[], object]) -> None:
    with pytest.raises(InvalidRequest):
        build()


def test_a_value_with_one_kind_of_quotes_takes_the_other() -> None:
    assert str(Filter("name", "in", ("a", "b'c"))) == "name.in('a',\"b'c\")"


def test_only_real_writes_can_have_happened_unseen() -> None:
    assert protocol.create_server({}).writes
    assert protocol.delete_server(ID, {}).writes
    assert not protocol.create_server({}, dry_run=True).writes
    assert not protocol.check_server({}).writes
    assert not protocol.get_server(ID).writes
    assert protocol.create_server({}, dry_run=True).traffic is Traffic.WRITE


def test_a_request_does_not_show_its_body() -> None:
    assert "s3cret" not in repr(protocol.create_server({"password": "s3cret"}))
