"""
The simulator against the recordings: each request is asked again, in a cloud arranged as it was then.

Compared are the code, the error class, the keys of the answer and of everything in it, the fields that decide
what a client does next, and the order of the statuses that a server went through afterwards.
"""

from typing import Any

import pytest

from tests.cloud.arrange import arrange, request_of
from tests.cloud.recorded import MANDATORY, Exchange, exchanges, left_out
from tests.cloud.second_lab import BEGAN

DECISIVE = (
    "id",
    "name",
    "status",
    "pending_deleted",
    "disable_delete",
    "vcpu_count",
    "vmem_size",
    "tenant_id",
)
DECISIVE_OF_RESOURCES = (
    *("id", "name", "status", "tenant_id", "pending_deleted", "auto_delete", "auto_delete_at", "can_delete"),
    *("disk_size", "disk_type", "guest", "guest_count", "guests", "storage_id", "template_id", "metadata"),
    *("bandwidth", "ip_addr", "associate_id", "network_id", "charge_type", "auto_dellocate"),
    *("server_type", "is_classic", "cpu_core_count", "memory_size_mb", "zone_id", "min_disk", "owner_id"),
    *("update_version", "created_at", "description", "total_cnt"),
)
REPLAYED = [exchange for exchange in exchanges() if exchange.case not in left_out()]
ASKED = [exchange for exchange in REPLAYED if not exchange.walk]


@pytest.mark.parametrize("exchange", [pytest.param(e, id=e.case) for e in ASKED])
async def test_a_recorded_request_is_answered_as_it_was(exchange: Exchange) -> None:
    scene = arrange(exchange)
    headers, body = request_of(scene, exchange)
    reply = await scene.ask(exchange.method, exchange.target, token=None, headers=headers, body=body)
    said = f"{exchange.case}: {reply.text[:300]}"
    assert reply.status_code == exchange.status, said
    if exchange.method == "HEAD" or exchange.json is None:
        return
    answer = reply.json()
    if exchange.cut:
        answer = _cut(answer, exchange.json)
    assert shape(answer) == shape(exchange.json), said
    if exchange.status >= 400:
        assert answer["class"] == exchange.kind, said
        assert exchange.recorded_at < BEGAN or answer["details"] == exchange.details
    if exchange.server:
        made = (
            exchange.method == "POST" and exchange.path == "/servers" and "id" not in exchange.body["server"]
        )
        names = [n for n in DECISIVE if n in exchange.server and not (made and n == "id")]
        assert {n: answer["server"][n] for n in names} == {n: exchange.server[n] for n in names}, said
        assert parts_of(answer["server"]) == parts_of(exchange.server), said
    if exchange.about_a_part and exchange.status == 200:
        _same_rows(exchange, answer)
    if exchange.group == "list" and exchange.status == 200:
        for name in ("total", "limit", "offset"):
            assert answer.get(name) == exchange.json.get(name), said
        for name in ("id", "name", "status"):
            wanted = [row.get(name) for row in exchange.rows]
            assert [row.get(name) for row in answer["servers"]] == wanted, said
    if exchange.group == "events" and exchange.status == 200:
        assert [(e["id"], e["action"]) for e in answer["events"]] == [
            (e["id"], e["action"]) for e in exchange.json["events"]
        ]
        assert answer["next_marker"] == exchange.json["next_marker"] or exchange.cut


def _same_rows(exchange: Exchange, answer: dict[str, Any]) -> None:
    """Compare the rows of a list, or the only one, of what is no server."""
    for name in ("total", "limit", "offset"):
        assert answer.get(name) == exchange.json.get(name)
    [shown] = [value for value in answer.values() if isinstance(value, dict | list)]
    rows = shown if isinstance(shown, list) else [shown]
    made = exchange.method == "POST" and len(exchange.parts) == 1
    made = made and "id" not in next(iter(exchange.body.values()))
    names = [name for name in DECISIVE_OF_RESOURCES if not (made and name == "id")]
    for row, wanted in zip(rows, exchange.shown, strict=True):
        assert {n: row.get(n) for n in names} == {n: wanted.get(n) for n in names}


def parts_of(server: dict[str, Any]) -> dict[str, Any]:
    """Return what hangs on a server and where: its disks and cards by their indexes."""
    disks, cards = server.get("disks_info", []), server.get("nics", [])
    return {
        "disks": [(disk["index"], disk["disk_type"], disk.get("image_id")) for disk in disks],
        "cards": [(card["index"], card["is_default"], card["bw_limit_mbps"]) for card in cards],
        **{name: server.get(name) for name in ("freezed", "keypair", "eip_mode", "release_at")},
    }


def _cut(answer: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    """Return *answer* with its lists as short as those that were kept of the recorded one."""
    return {
        key: value[: len(recorded[key])] if isinstance(value, list) and key in recorded else value
        for key, value in answer.items()
    }


def shape(value: Any) -> Any:
    """Return the keys of *value*, of its members and of theirs; of a list, what its members have."""
    match value:
        case {"class": _, "code": _}:
            return sorted(value)
        case dict():
            return {
                key: shape(inner)
                for key, inner in sorted(value.items())
                if key not in {"metadata", "catalog"}
            } | ({"metadata": sorted(value["metadata"])} if isinstance(value.get("metadata"), dict) else {})
        case list():
            return [shape(inner) for inner in value]
    return type(value).__name__ if value is None else "leaf"


def test_every_recording_is_replayed_or_left_out_for_a_reason() -> None:
    cases = {exchange.case for exchange in exchanges()}
    assert len(cases) == 803
    assert set(left_out()) <= cases
    assert all(len(reason) > 10 for reason in left_out().values())


def test_nothing_of_what_the_operator_does_is_left_out() -> None:
    assert [e.case for e in exchanges() if e.group in MANDATORY and e.case in left_out()] == []
