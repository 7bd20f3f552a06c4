"""
What is imported and applied changes nothing in the cloud, but for the owner tags of what is promoted.

Each manifest is played through the operator's own decisions: the object as it is applied, a cloud with the
server in it, passes until nothing is left to do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.api.spec import Spec
from onecloud_operator.core.actions import Settled
from onecloud_operator.core.cloud_writes import Claim
from onecloud_operator.core.observed import Observed
from onecloud_operator.core.records import Records
from onecloud_operator.core.values import Place
from onecloud_operator.translate import Untranslatable, observed_from_details
from tests.cli.servers import MANAGE, OBSERVE, of, recorded, row
from tests.core.fixtures import resource
from tests.core.world import World
from tests.fuzz.strategies import DEAR, spoilt
from tests.translate.arrange import detailed

if TYPE_CHECKING:
    from onecloud_operator.cli.importing.manifests import Target

RESTING = [one for one in recorded() if not of([one]).left_out]


def spec_of(server: Observed, target: Target) -> Spec:
    (manifest,) = of([server], target, orphaned=True).manifests
    return Spec.model_validate(manifest.document["spec"])


def world_of(server: Observed, spec: Spec) -> World:
    """Return a world with *server*, and an object of *spec* that was applied just now."""
    applied = resource(spec=spec, finalizers=(), records=Records(), name="imported")
    world = World.of(applied)
    world.cloud.put(server)
    world.place = Place("https://cloud.example/v3", "region0", server.project_id)
    return world


def synced(world: World) -> tuple[str, str]:
    conditions = world.cluster.stored.status["conditions"]
    found = next(one for one in conditions if one["type"] == "Synced")
    return found["status"], found["reason"]


def shown(world: World) -> Observed:
    """Return the server as it is in the cloud, without what every write moves, and without its owner."""
    (found,) = world.cloud.rows.values()
    details = replace(found.details, owner=None, version=0)
    return replace(found.server, details=details, version=0, updated_at="", mirror={})


def settle(world: World) -> None:
    """Make passes until nothing is left to do; a server that is off is looked at twice."""
    for _ in range(20):
        step = world.turn()
        if isinstance(step, Settled):
            return
    raise AssertionError(str(world.steps))


def promote(world: World, spec: Spec) -> None:
    world.cluster.respec(spec)
    settle(world)
    world.die()  # what the status remembers agrees with it as well
    settle(world)


def proven(server: Observed) -> None:
    """Observe, promote, and adopt at once: nothing is sent but the claim."""
    observe, manage = spec_of(server, OBSERVE), spec_of(server, MANAGE)
    assert observe.server == manage.server
    world = world_of(server, observe)
    before = shown(world)
    settle(world)
    assert synced(world) == ("True", "Observing")
    assert world.sent == []
    promote(world, manage)
    assert synced(world) == ("True", "UpToDate")
    direct = world_of(server, manage)
    settle(direct)
    assert synced(direct) == ("True", "UpToDate")
    for each in (world, direct):
        assert [step for _, step, _ in each.sent] == [Claim(server.id)]
        assert shown(each) == before
        assert each.cluster.stored.status.get("drift", []) == []


def test_the_recordings_have_servers_in_many_states() -> None:
    assert len(RESTING) > 40
    assert {one.phase.value for one in RESTING} == {"Running", "Stopped", "Suspended"}


@pytest.mark.parametrize("server", RESTING, ids=lambda one: f"{one.name}-{one.version}")
def test_a_recorded_server_is_imported_and_promoted_without_a_change(server: Observed) -> None:
    proven(server)


def test_a_server_whose_owner_is_no_more_is_imported_and_promoted_without_another_change() -> None:
    tags = {"cluster": "cluster0", "namespace": "shop", "name": "old", "uid": "u-gone", "team": ""}
    metadata = {f"user:onecloud.io/{key}": value for key, value in tags.items()}
    proven(observed_from_details(row(metadata=metadata)))


def test_every_recorded_server_without_a_manifest_is_told_why() -> None:
    for server in recorded():
        found = of([server])
        assert len(found.manifests) + len(found.left_out) == 1
        assert all(one.why for one in found.left_out)


@DEAR
@given(st.data())
def test_whatever_a_server_shows_its_import_changes_nothing(data: st.DataObject) -> None:
    """A real server with parts of it spoilt: all that a cloud, or a tenant by way of it, may come to show."""
    whole = data.draw(st.sampled_from([row(), row(status="ready"), row(status="suspend"), *_rows()]))
    try:
        server = observed_from_details(data.draw(spoilt(whole)))
    except Untranslatable:
        return
    if of([server]).manifests:
        proven(server)


@DEAR
@given(
    tags=st.dictionaries(st.text(max_size=70), st.text(max_size=20), max_size=30),
    name=st.text(min_size=1, max_size=140),
    description=st.text(max_size=50),
    cards=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["10.0.0.1", "10.0.0.2", "", "x"])), max_size=4
    ),
    sizes=st.tuples(st.integers(0, 300), st.integers(0, 10**6), st.integers(0, 10**8)),
)
def test_whatever_people_write_into_a_server_its_import_changes_nothing(
    tags: dict[str, str],
    name: str,
    description: str,
    cards: list[tuple[str, str]],
    sizes: tuple[int, int, int],
) -> None:
    cpu, memory, disk = sizes
    whole = row(
        name=name,
        description=description,
        instance_type="",
        vcpu_count=cpu,
        vmem_size=memory,
        nics=[
            {"network_id": network, "ip_addr": address, "mac": f"00:22:00:00:00:0{index}"}
            for index, (network, address) in enumerate(cards)
        ],
    )
    whole["disks_info"][1]["size"] = disk
    whole["metadata"] |= {f"user:{key}": value for key, value in tags.items()}
    server = observed_from_details(whole)
    if of([server]).manifests:
        proven(server)


def _rows() -> list[dict[str, Any]]:
    names = {one.id for one in RESTING}
    return [one for one in detailed() if one["id"] in names][:40]
