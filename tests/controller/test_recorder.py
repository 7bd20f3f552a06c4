"""What is written of a status where the API server keeps less of it than was sent, or more."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes.aio.client import ApiClient, Configuration

from onecloud_operator.api.crd import DEFINITION
from onecloud_operator.api.identity import SERVER
from onecloud_operator.controller.recorder import Recorder
from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.core.report.events import events_between
from onecloud_operator.core.report.report import differs
from onecloud_operator.kube.calls import KubeError
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.kube.installed_crd import InstalledCRD
from onecloud_operator.kube.store import Store, key_of
from tests.core.fixtures import UID, WALL
from tests.onecloud.origin import Answer, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onecloud_operator.core.resource import Resource
    from tests.onecloud.origin import Asked


class Keeper:
    """
    An API server with one object, of whose status it keeps what its definition has.

    *defaults* are laid under each status, *dropped* is the field that it drops. *event_refusal*: why it takes
    no Events.
    """

    def __init__(
        self, *, defaults: dict[str, Any] | None = None, dropped: str = "", event_refusal: str = ""
    ) -> None:
        self.event_refusal = event_refusal
        self.defaults, self.dropped = defaults or {}, dropped
        self.version, self.status, self.writes = 7, dict[str, Any](), 0

    def body(self) -> dict[str, Any]:
        meta = {"namespace": "shop", "name": "web-1", "uid": UID, "resourceVersion": str(self.version)}
        return {"metadata": meta, "spec": {"credentialsRef": {"name": "onecloud"}}, "status": self.status}

    async def respond(self, asked: Asked) -> Answer:
        if asked.path.startswith("/openapi"):
            kind = {"group": SERVER.group, "version": SERVER.version, "kind": SERVER.kind}
            schema = {"x-kubernetes-group-version-kind": [kind]}
            return Answer(200, {"components": {"schemas": {"it": schema}}})
        if asked.method != "PATCH" and self.event_refusal:
            return Answer(403, {"kind": "Status", "message": self.event_refusal})
        if asked.method != "PATCH":
            return Answer(201, {})
        self.writes += 1
        sent = json.loads(asked.content)[-1]["value"]
        kept = self.defaults | {name: value for name, value in sent.items() if name != self.dropped}
        self.version += kept != self.status
        self.status = kept
        return Answer(200, self.body())


@asynccontextmanager
async def speaking(keeper: Keeper) -> AsyncIterator[tuple[Recorder, Store[Resource]]]:
    async with serving(keeper.respond) as place:
        cluster = KubeClient(ApiClient(Configuration(host=place.url)))
        objects = Store(SERVERS, lambda: 0.0)
        objects.heard(keeper.body(), listed=True)
        try:
            yield (
                Recorder(
                    objects,
                    cluster,
                    InstalledCRD(cluster, DEFINITION),
                    monotonic=lambda: 0.0,
                    wall=lambda: WALL,
                    differs=differs,
                    events_between=events_between,
                ),
                objects,
            )
        finally:
            await cluster.close()


async def say(recorder: Recorder, objects: Store[Resource], status: dict[str, Any]) -> None:
    key = key_of({"metadata": {"namespace": "shop", "name": "web-1", "uid": UID}})
    resource = objects.get(key)
    assert resource is not None
    await recorder.status(key, resource, status)


async def test_the_defaults_of_a_newer_definition_lead_to_one_write_and_not_to_one_each_pass() -> None:
    keeper = Keeper(defaults={"mood": "good"})
    async with speaking(keeper) as (recorder, objects):
        for _ in range(5):
            await say(recorder, objects, {"id": "s1"})
        assert keeper.writes == 1
        await say(recorder, objects, {"id": "s2"})
        assert keeper.status == {"id": "s2", "mood": "good"}


async def test_what_somebody_else_put_there_is_overwritten_once_more() -> None:
    keeper = Keeper(defaults={"mood": "good"})
    async with speaking(keeper) as (recorder, objects):
        await say(recorder, objects, {"id": "s1"})
        keeper.status, keeper.version = {"id": "s1", "ip": "10.0.0.5", "mood": "good"}, 99
        objects.heard(keeper.body(), listed=False)
        await say(recorder, objects, {"id": "s1"})
        assert keeper.status == {"id": "s1", "mood": "good"}


async def test_a_record_that_is_dropped_is_never_taken_for_written() -> None:
    """A creation would be sent without a record of it."""
    keeper = Keeper(dropped="creation")
    async with speaking(keeper) as (recorder, objects):
        for _ in range(2):
            with pytest.raises(KubeError, match="did not keep all"):
                await say(recorder, objects, {"id": "s1", "creation": {"attempt": 1}})


TERMINATING = 'namespaces "shop" is forbidden: unable to create new content because it is being terminated'


@pytest.mark.parametrize(
    ("refusal", "levels"),
    [(TERMINATING, ["DEBUG"]), ("events is forbidden: no right to create", ["WARNING"])],
    ids=["the-namespace-is-being-deleted", "a-right-is-missing"],
)
async def test_an_event_that_is_refused_is_a_warning_unless_its_namespace_is_being_deleted(
    refusal: str, levels: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="onecloud_operator.servers")
    keeper = Keeper(event_refusal=refusal)
    async with speaking(keeper) as (recorder, objects):
        await say(recorder, objects, {"id": "s1", "deletion": {"requestedAt": "2026-11-29T10:00:00Z"}})
    told = [r.levelname for r in caplog.records if r.message == "an Event could not be posted"]
    assert told == levels
