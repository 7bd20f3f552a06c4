"""What has owner tags and no object, and servers on which claims do not agree: values in, findings out."""

from __future__ import annotations

import pytest

from onecloud_operator.cli.failure import Failure
from onecloud_operator.cli.orphans import CURES, Holder, Known, Tagged, found_in, holder, known_of
from onecloud_operator.core.claims import Dispute
from onecloud_operator.core.observed import Owner
from tests.cli.conftest import SPEC

HERE = frozenset({"c1"})
WEB = Holder("shop", "web", "u-web", "s-web", frozenset({"d-web"}), "e-web")
DB = Holder("shop", "db", "u-db", "s-db")


def owner(uid: str, cluster: str = "c1", namespace: str = "shop") -> Owner:
    return Owner(cluster, namespace, uid.removeprefix("u-"), uid)


def server(ident: str, of: Owner | None) -> Tagged:
    return Tagged("server", ident, f"name-of-{ident}", of)


def disputes(
    *things: Tagged, holders: tuple[Holder, ...] = (WEB, DB), **more: object
) -> list[tuple[str, str]]:
    known = Known(holders, HERE, **more)  # type: ignore[arg-type]
    return [(each.thing.id, each.dispute.value) for each in found_in(known, things)]


def test_what_belongs_to_objects_that_are_there_is_not_told() -> None:
    disk = Tagged("disk", "d-web", "", owner("u-web"), "s-web")
    assert disputes(server("s-web", owner("u-web")), server("s-db", owner("u-db")), disk) == []


@pytest.mark.parametrize("kind", ["server", "disk", "elastic IP"])
def test_what_names_an_object_that_there_is_not_is_an_orphan(kind: str) -> None:
    thing = Tagged(kind, "x", "old", owner("u-gone"))  # type: ignore[arg-type]
    assert disputes(thing) == [("x", "orphaned")]


def test_what_names_an_object_of_another_cluster_is_no_orphan_of_this_one() -> None:
    assert disputes(server("x", owner("u-gone", "c2"))) == []


def test_what_may_have_an_object_in_a_namespace_that_cannot_be_seen_is_no_orphan() -> None:
    thing = server("x", owner("u-hidden", namespace="lab"))
    assert disputes(thing, namespaces=frozenset({"shop"})) == []
    assert disputes(thing) == [("x", "orphaned")]


def test_disks_and_addresses_on_an_orphaned_server_are_not_told_beside_it() -> None:
    gone = owner("u-gone")
    things = [
        Tagged("disk", "d-on", "", gone, "x"),
        Tagged("elastic IP", "e-on", "", gone, "x"),
        Tagged("disk", "d-loose", "", gone),
        Tagged("disk", "d-elsewhere", "", gone, "s-web"),
    ]
    told = disputes(server("x", gone), *things)
    assert told == [("x", "orphaned"), ("d-elsewhere", "orphaned"), ("d-loose", "orphaned")]


def test_objects_that_share_a_server_are_told_whether_it_has_tags_or_not() -> None:
    twin = Holder("lab", "twin", "u-twin", "s-web")
    (found,) = found_in(Known((WEB, DB, twin), HERE), [server("s-web", owner("u-web"))])
    assert (found.dispute, found.objects) == (Dispute.SHARED, ("lab/twin", "shop/web"))
    assert disputes(holders=(WEB, twin)) == [("s-web", "shared")]


def test_an_object_on_a_server_of_another_one_is_told() -> None:
    assert disputes(server("s-web", owner("u-db"))) == [("s-web", "other_object")]


def test_a_server_that_an_object_has_or_adopts_is_no_orphan_whoever_had_it_before() -> None:
    """Nobody is told to delete a server that a living object manages, or is about to take over."""
    assert disputes(server("s-web", owner("u-gone"))) == []


def test_a_server_that_two_clusters_claim_is_told() -> None:
    assert disputes(server("s-web", owner("u-far", "c2"))) == [("s-web", "other_cluster")]


def test_every_finding_says_what_to_do() -> None:
    assert set(CURES) == set(Dispute)


def test_a_cluster_is_known_by_its_name_and_by_the_tags_of_what_its_objects_have() -> None:
    owners = [owner("u-web", "prod"), owner("u-far", "c2"), None]
    assert known_of((WEB,), owners, "uid-0", None).clusters == {"prod", "uid-0"}
    assert known_of((WEB,), owners, "", None).clusters == {"prod"}
    with pytest.raises(Failure, match="not known what this cluster is called"):
        known_of((WEB,), [], "", None)


def test_a_name_of_another_cluster_makes_no_orphans_of_what_that_one_has() -> None:
    """A person at the wrong context names the other cluster."""
    owners = [owner("u-web", "staging"), owner("u-far", "prod")]
    with pytest.raises(Failure, match="no object of this cluster has owner tags of prod; they say staging"):
        known_of((WEB,), owners, "prod", None, given=True)
    assert known_of((WEB,), owners, "staging", None, given=True).clusters == {"staging"}
    assert known_of((), owners, "prod", None, given=True).clusters == {"prod"}


def test_all_that_an_object_has_is_read_out_of_its_status() -> None:
    found = {
        "metadata": {"namespace": "shop", "name": "web", "uid": "u-web"},
        "spec": SPEC,
        "status": {
            "id": "s-web",
            "rootDiskID": "d-1",
            "server": {"rootDisk": {"id": "d-1"}, "dataDisks": [{"id": "d-2"}, {}]},
            "dataDisks": [{"name": "data", "id": "d-3"}],
            "keptDisks": [{"id": "d-4"}],
            "eip": {"id": "e-1"},
        },
    }
    disks = frozenset({"d-1", "d-2", "d-3", "d-4"})
    assert holder(found) == Holder("shop", "web", "u-web", "s-web", disks, "e-1")
    observing = {**found, "spec": {**SPEC, "managementPolicy": "Observe"}}
    assert holder(observing).server_id == ""
    adopting = {**found, "status": {}, "spec": {**SPEC, "adoption": {"policy": "Adopt", "id": "s-7"}}}
    assert holder(adopting).server_id == "s-7"


@pytest.mark.parametrize(
    "value", [None, 7, [], "x", {"id": 7}, {"server": 1, "dataDisks": {"a": 1}, "eip": []}]
)
def test_a_status_of_any_form_is_read(value: object) -> None:
    assert holder({"metadata": {"uid": "u"}, "spec": value, "status": value}).uid == "u"
