"""What somebody's endpoint may cost the process that everybody shares: little time, and little memory."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.onecloud import Cloud, ServerQuery, error_reply, json_body, protocol, replies
from onecloud_operator.onecloud.errors import AnswerTooLarge, InvalidInput, OneCloudError, ProtocolError
from onecloud_operator.onecloud.models import MAX_ROWS
from onecloud_operator.onecloud.protocol import Reply, Request
from onecloud_operator.onecloud.redact import Redactor
from onecloud_operator.onecloud.signin_request import sign_in
from tests.onecloud.answers import CREATE, CREDENTIALS, GET, JSON, LIST, refusal, reply
from tests.onecloud.origin import SERVER_ID, Answer, Region, credentials, endpoints, serving

if TYPE_CHECKING:
    from collections.abc import Callable

KIB, MIB = 2**10, 2**20
# Of the processor's time, which other processes do not count for; a quiet machine needs a tenth of it.
MAX_SECONDS = 3.0


def events(limit: int) -> Request:
    return protocol.list_events(marker=None, server_ids=(), actions=(), order="ASC", limit=limit, fields=())


@pytest.mark.parametrize(
    ("request_", "at_least", "at_most"),
    [
        pytest.param(protocol.list_servers(ServerQuery(limit=1024)), 1024 * 5 * KIB, 8 * MIB, id="a-page"),
        pytest.param(
            protocol.list_servers(ServerQuery(limit=100, details=True)), 100 * 60 * KIB, 8 * MIB, id="details"
        ),
        pytest.param(
            protocol.list_servers(ServerQuery(limit=1, details=True)), 100 * KIB, MIB, id="details-of-one"
        ),
        pytest.param(protocol.list_servers(ServerQuery()), 2048 * 3 * KIB, 8 * MIB, id="no-limit"),
        pytest.param(protocol.prove_token(), 100 * KIB, MIB, id="a-proof"),
        pytest.param(events(1000), 8 * MIB, 8 * MIB, id="events"),
        pytest.param(GET, 100 * KIB, MIB, id="one-server"),
        pytest.param(CREATE, 100 * KIB, MIB, id="a-create"),
    ],
)
def test_an_answer_is_as_large_as_what_was_asked_for(request_: Request, at_least: int, at_most: int) -> None:
    assert at_least <= request_.max_bytes(200) <= at_most
    assert request_.max_bytes(500) <= MIB, "a refusal has no rows"


def test_a_sign_in_has_room_for_a_large_catalog() -> None:
    request = sign_in(CREDENTIALS, CREDENTIALS.method, datetime.now(UTC))
    assert request.max_bytes(200) == MIB


async def answered(answer: Answer) -> OneCloudError:
    """Create a server, get *answer*, and return what that was taken for."""
    region = Region()
    region.routes["POST /servers"] = answer
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        with pytest.raises(OneCloudError) as caught:
            await Cloud(credentials(place.url), ours).create_server({"name": "web-0"})
        await ours.close()
    return caught.value


async def test_a_refusal_without_end_is_given_up_at_one_mebibyte() -> None:
    error = await answered(said_at_length(3 * MIB))
    assert isinstance(error, AnswerTooLarge)
    assert error.ambiguous
    assert "1 MiB" in error.message


def said_at_length(size: int) -> Answer:
    return Answer(400, {"code": 400, "class": "InputParameterError", "details": "x" * size})


async def test_a_refusal_of_half_a_mebibyte_is_still_understood() -> None:
    assert isinstance(await answered(said_at_length(MIB // 2)), InvalidInput)


async def test_an_answer_in_single_bytes_lets_others_have_their_turn() -> None:
    """What has arrived is handed out part by part without any waiting."""
    parts = b"1\r\nx\r\n" * 50_000
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    region = Region()
    region.routes[f"GET /servers/{SERVER_ID}"] = Answer(raw=head + parts + b"0\r\n\r\n")
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url), ours)
        await cloud.session()
        watching = asyncio.create_task(others())
        with pytest.raises(ProtocolError):
            await cloud.get_server(SERVER_ID)
        watching.cancel()
        await ours.close()
    assert turns >= 50_000 / 64


# -- reading ---------------------------------------------------------------------------------------------
def filled(unit: bytes, size: int) -> bytes:
    """Return a list of servers that is *unit* again and again."""
    return b'{"servers":[' + b",".join([unit] * (size // (len(unit) + 1))) + b"]}"


@pytest.mark.parametrize(
    "unit",
    [b"[]", b"{}", b"0", b'"ab"', b'{"id":"a"}', b'{"":{}}', b"[[[[[[[[]]]]]]]]"],
    ids=["lists", "objects", "numbers", "texts", "servers", "nested-objects", "nested-lists"],
)
def test_what_would_take_too_much_memory_is_refused_before_it_is_read(unit: bytes) -> None:
    began = time.process_time()
    with pytest.raises(ProtocolError, match="too many parts"):
        replies.parse_servers(LIST, Reply(200, JSON, filled(unit, 8 * MIB)), ServerQuery(), 0.0)
    assert time.process_time() - began < MAX_SECONDS


def test_more_rows_than_any_list_has_are_refused_before_they_are_looked_at() -> None:
    ids = tuple(f"{number}" for number in range(100))
    content = filled(b'{"id":"a"}', MIB // 2)
    assert content.count(b"id") > 20 * MAX_ROWS
    began = time.process_time()
    with pytest.raises(ProtocolError, match="more than 2048"):
        replies.parse_servers(LIST, Reply(200, JSON, content), ServerQuery(ids=ids), 0.0)
    with pytest.raises(ProtocolError, match="more than 2048"):
        replies.parse_events(LIST, Reply(200, JSON, content.replace(b"servers", b"events")), None, 0.0)
    assert time.process_time() - began < MAX_SECONDS


def test_the_largest_honest_lists_are_read() -> None:
    """A hundred servers with 64 disks, 16 cards and 50 tags each; and 1,024 plain rows with all columns."""
    disk = {"id": SERVER_ID, "name": "disk-0", "size_mb": 10240, "fs_format": "ext4", "iops": 0, "bps": 0}
    card = {"mac": "00:22:d5:9e:28:d1", "ip_addr": "10.0.0.1", "network_id": SERVER_ID, "team_with": ""}
    large = {f"column_{number}": "2026-11-23T07:28:28.000000Z" for number in range(100)} | {
        "disks_info": [disk] * 64,
        "nics": [card] * 16,
        "metadata": {f"user:tag-{number}": "some value of it" for number in range(50)},
    }
    plain = {f"column_{number}": "2026-11-23T07:28:28.000000Z" for number in range(40)}
    detailed = ServerQuery(limit=100, details=True)
    for count, row, query in ((100, large, detailed), (1024, plain, ServerQuery())):
        rows = [row | {"id": f"s{number}"} for number in range(count)]
        request, answer = protocol.list_servers(query), reply(200, {"servers": rows, "total": count})
        assert len(answer.body) < request.max_bytes(200)
        assert len(replies.parse_servers(request, answer, query, 0.0).rows) == count


def seconds(work: Callable[[], object]) -> float:
    """Return the processor's time that *work* takes by itself: the least of five, and nothing collected."""
    taken = []
    gc.disable()
    for _ in range(5):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    gc.enable()
    return min(taken)


def listed(rows: int, cell: str) -> Reply:
    """Return a list whose names all differ, with 130 in a row."""
    texts = (",".join(f'"{row * 130 + n:x}":{cell}' for n in range(130)) for row in range(rows))
    return Reply(200, JSON, f'{{"servers":[{",".join(f"{{{text}}}" for text in texts)}]}}'.encode())


@pytest.mark.parametrize("cell", ["[]", "0", '""', '"\N{GRINNING FACE}"'])
def test_the_costliest_answer_that_is_taken_is_no_long_work(cell: str) -> None:
    """It is read in the event loop, and whoever has a cloud of his own chooses what it is."""
    plain = json.dumps([{"id": str(n), "name": "x" * 20, "number": n} for n in range(17_000)])
    for rows in range(3000, 0, -100):
        answer = listed(rows, cell)
        with suppress(ValueError):
            json_body.decode(answer)
            assert seconds(lambda: json_body.decode(answer)) < 10 * seconds(lambda: json.loads(plain))  # noqa: B023
            return
    pytest.fail("no such list is taken at all")


# -- refusals --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * (MIB - KIB), id="letters"),
        pytest.param("\\" * (MIB // 2), id="backslashes"),
        pytest.param("%25" * (MIB // 4), id="percent-signs"),
        pytest.param("&amp;" * (MIB // 6), id="ampersands"),
        pytest.param("aaa0007 " * (MIB // 10), id="lines-of-the-user-data"),
    ],
)
def test_a_long_refusal_is_read_and_cleaned_in_no_time(text: str) -> None:
    """However much of what was sent may not be shown: here 4,000 lines that begin alike."""
    lines = "#cloud-config\n" + "\n".join(f"aaa{number:04d}" for number in range(4000))
    request = protocol.create_server({"id": "x", "user_data": lines, "password": "Sesam-0ffne-dich"})
    answer = Reply(400, JSON, refusal(400, "InputParameterError", text).body, mask=Redactor(request.body))
    began = time.process_time()
    error = error_reply.parse_error(request, answer)
    assert time.process_time() - began < MAX_SECONDS
    assert isinstance(error, InvalidInput)
    assert "aaa0007" not in error.message


def test_a_secret_at_the_place_where_a_long_text_is_cut_is_not_shown() -> None:
    secret = "Sesam-0ffne-dich-jetzt"
    text = "{" + " " * (error_reply.DETAILS_CHARACTERS - 11) + secret
    request = protocol.create_server({"id": "x", "password": secret})
    answer = Reply(400, JSON, refusal(400, "X", text).body, mask=Redactor(request.body))
    error = error_reply.parse_error(request, answer)
    assert "Sesam" not in str(error)
