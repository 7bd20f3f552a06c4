"""All servers, page by page: complete, or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from onecloud_operator.onecloud import Cloud, Filter, ServerPage, ServerQuery
from onecloud_operator.onecloud.errors import (
    ProtocolError,
)
from tests.onecloud.origin import SERVER_ID, Answer, Asked, Place, Region, asking

if TYPE_CHECKING:
    from collections.abc import Callable

ONE = f"GET /servers/{SERVER_ID}"
PROOF = "GET /servers?details=false&pending_delete=all&field=id&limit=1"
SIGN_IN = "POST /v3/auth/tokens"


class Rows:
    """A region's list of servers, with the paging that the cloud really has."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        self.ignores_filters = False
        self.between_pages: Callable[[], None] = lambda: None

    async def __call__(self, asked: Asked) -> Answer:
        query = parse_qs(asked.target.partition("?")[2])
        conditions = [] if self.ignores_filters else query.get("filter", [])
        after = next((text.split("'")[1] for text in conditions if text.startswith("id.gt(")), "")
        rest = sorted(server_id for server_id in self.ids if server_id > after)
        page = rest[: int(query["limit"][0])]
        self.between_pages()
        return Answer(body={"servers": [{"id": server_id} for server_id in page], "total": len(rest)})


def uuids(count: int) -> list[str]:
    return [f"{number:08x}-0000-4000-8000-000000000000" for number in range(1, count + 1)]


async def sweep(rows: Rows, query: ServerQuery) -> tuple[list[str], Place]:
    region = Region()
    region.routes["GET /servers"] = rows

    async def collect(cloud: Cloud) -> list[str]:
        pages: list[ServerPage] = [page async for page in cloud.list_all(query)]
        return [row["id"] for page in pages for row in page.rows]

    return await asking(region, collect)


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 10, 23])
async def test_a_sweep_sees_every_server_once(count: int) -> None:
    found, _ = await sweep(Rows(uuids(count)), ServerQuery(limit=5))
    assert found == uuids(count)


async def test_a_sweep_pages_by_the_last_id_and_never_by_offset() -> None:
    _, place = await sweep(Rows(uuids(6)), ServerQuery(limit=5))
    assert "id.gt%28%2700000005-0000" in place.calls[-1]
    assert not any("offset" in call for call in place.calls)


async def test_servers_that_go_during_a_sweep_hide_no_others() -> None:
    rows = Rows(uuids(20))

    def remove_the_first() -> None:
        rows.ids = rows.ids[1:]

    rows.between_pages = remove_the_first
    found, _ = await sweep(rows, ServerQuery(limit=5))
    assert found == uuids(20)


async def test_a_sweep_of_a_cloud_that_ignores_the_filter_fails_instead_of_ending() -> None:
    """A list cut short must never look like servers that are gone."""
    rows = Rows(uuids(20))
    rows.ignores_filters = True
    with pytest.raises(ProtocolError, match="repeats"):
        await sweep(rows, ServerQuery(limit=5))


async def test_a_sweep_that_runs_backwards_fails() -> None:
    class Backwards(Rows):
        async def __call__(self, _asked: Asked) -> Answer:
            self.ids = self.ids[:-2]
            page = [{"id": server_id} for server_id in self.ids[-2:]]
            return Answer(body={"servers": page, "total": 99})

    with pytest.raises(ProtocolError, match="backwards"):
        await sweep(Backwards(uuids(30)), ServerQuery(limit=2))


async def test_a_sweep_with_a_condition_keeps_strangers_out() -> None:
    rows = Rows(uuids(12))
    rows.ignores_filters = False
    wanted = Filter("id", "le", (uuids(3)[-1],))
    found, _ = await sweep(rows, ServerQuery(limit=12, filters=(wanted,)))
    assert found == uuids(3)
