"""Network cards come and go with the entries of the spec, and others' are left alone."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.api.status import Status
from onecloud_operator.core.actions import Hold, Resolve, Settled
from onecloud_operator.core.card_records import cards_in
from onecloud_operator.core.card_writes import AttachCard, ChangeAddress, DetachCard, LimitCard
from onecloud_operator.core.cloud_writes import Start, Stop
from onecloud_operator.core.observed import Nic
from onecloud_operator.core.records import Records
from onecloud_operator.core.references import Kind, Missing, Reference, Resolved
from onecloud_operator.core.report.events import events_between
from tests.core.fixtures import BACKUP, ID, RESTART, resource, spec
from tests.core.stops import adopted, row_of, sent, to_rest, until, world_of
from tests.core.world import World

ONE, TWO = {"network": "vnet-1"}, {"network": "vnet-backup"}
BOTH = {"networks": [ONE, TWO]}
OWN = "00:22:00:00:00:01"
THEIRS = Nic("net-9", "10.9.9.9", mac="00:22:00:00:00:99")
VPC = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
NEVER = {"disruption": {"allow": "Never"}}


def settled_with(wanted: dict[str, Any] | None = None, world: World | None = None) -> World:
    """Return a world that has come to rest with *wanted*."""
    world = world or world_of(wanted or {})
    world.cloud.named[BACKUP] = Resolved("net-2")
    assert isinstance(to_rest(world), Settled)
    return world


def edited(world: World, wanted: dict[str, Any], **policies: Any) -> World:
    world.cluster.respec(spec(wanted, **{**RESTART, **policies}))
    return world


def shown(world: World) -> list[tuple[str, bool]]:
    return [(nic.network_id, nic.default) for nic in row_of(world).details.nics]


def cards(world: World) -> dict[str, str | None]:
    """Return the MAC addresses on record, by the entries' networks."""
    return {card["network"]: card.get("mac") for card in world.cluster.stored.status.get("cards", ())}


# -- attaching -------------------------------------------------------------------------------------------
def test_the_card_of_a_server_that_is_made_is_on_record_without_a_question() -> None:
    world = settled_with()
    assert cards(world) == {"vnet-1": OWN}
    assert not any(isinstance(step, Resolve) and step.reference.kind is Kind.NETWORK for step in world.steps)
    assert not world.sent


def test_an_entry_that_is_added_is_attached_once_by_its_id_as_the_server_runs() -> None:
    world = edited(settled_with(), BOTH, **NEVER)
    assert isinstance(to_rest(world), Settled)
    (attached,) = sent(world, AttachCard)
    assert isinstance(attached, AttachCard)
    assert attached.network_id == "net-2"
    assert shown(world) == [("net-1", True), ("net-2", False)]
    assert cards(world) == {"vnet-1": OWN, "vnet-backup": row_of(world).details.nics[1].mac}
    assert len(world.sent) == 1


def test_two_cards_of_one_edit_are_both_attached() -> None:
    world = edited(settled_with(), {"networks": [ONE, TWO, {"network": "net-3"}]})
    world.cloud.named[Reference(Kind.NETWORK, "net-3")] = Resolved("net-3")
    assert isinstance(to_rest(world), Settled)
    assert [nic for nic, _ in shown(world)] == ["net-1", "net-2", "net-3"]
    assert len(sent(world, AttachCard)) == 2


def test_a_card_in_its_network_is_bound_and_none_is_attached_beside_it() -> None:
    world = settled_with()
    world.cloud.cards.show(world.cloud.rows[ID], (*row_of(world).details.nics, Nic("net-2", mac=THEIRS.mac)))
    assert isinstance(to_rest(edited(world, BOTH)), Settled)
    assert cards(world)["vnet-backup"] == THEIRS.mac
    assert not world.sent


def test_a_card_is_the_one_on_record_whatever_its_name_stands_for_by_now() -> None:
    world = settled_with(world=edited(settled_with(), BOTH))
    before = len(world.sent)
    world.names.clear()
    world.cloud.named[BACKUP] = Resolved("net-7")
    assert isinstance(to_rest(edited(world, {**BOTH, "description": "new"})), Settled)
    assert not [step for _, step, _ in world.sent[before:] if isinstance(step, AttachCard | DetachCard)]


def test_a_network_called_by_its_id_from_now_on_keeps_its_card() -> None:
    world = settled_with(world=edited(settled_with(), BOTH))
    before = len(world.sent)
    assert isinstance(to_rest(edited(world, {"networks": [ONE, {"network": "net-2"}]})), Settled)
    assert len(world.sent) == before
    assert set(cards(world)) == {"vnet-1", "net-2"}


def test_a_card_that_somebody_detached_is_attached_again_and_that_is_told_once() -> None:
    world = settled_with(world=edited(settled_with(), BOTH))
    world.cloud.cards.show(world.cloud.rows[ID], row_of(world).details.nics[:1])
    world.cloud.rows[ID].change()
    assert isinstance(to_rest(world), Settled)
    assert [nic for nic, _ in shown(world)] == ["net-1", "net-2"]
    assert len(sent(world, AttachCard)) == 2


def test_a_network_that_is_not_found_holds_and_leaves_the_others() -> None:
    world = settled_with()
    world.cloud.named[BACKUP] = Missing()
    held = to_rest(edited(world, {"networks": [TWO]}))
    assert isinstance(held, Hold)
    assert (held.reason, world.sent) == ("ReferenceNotFound", [])


def test_the_cards_of_a_new_server_are_on_record_with_its_completion_by_names_asked_for_once() -> None:
    world = World.of(resource(finalizers=(), records=Records(), spec=spec(BOTH)))
    world.cloud.named[BACKUP] = Resolved("net-2")
    assert world.run() == Settled()
    assert list(cards(world)) == ["vnet-1", "vnet-backup"]
    assert [type(step).__name__ for step in world.steps].count("Resolve") == 2
    assert world.cluster.stored.status["creation"]["completedAt"]


@pytest.mark.parametrize("made", [True, False])
def test_a_network_called_by_its_id_in_upper_case_has_its_card_already(made: bool) -> None:
    wanted = {"networks": [ONE, {"network": VPC.upper()}]}
    world = settled_with()
    nics = (*row_of(world).details.nics, Nic(VPC, "10.1.1.1", mac=THEIRS.mac))
    if made:
        world = World.of(resource(finalizers=(), records=Records(), spec=spec(wanted)))
        world.turn()
        while ID not in world.cloud.rows:
            world.turn()
    world.cloud.cards.show(world.cloud.rows[ID], nics)
    assert isinstance(to_rest(world if made else edited(world, wanted)), Settled)
    assert cards(world)[VPC.upper()] == THEIRS.mac
    assert not sent(world, AttachCard)


def test_no_more_cards_are_attached_than_the_status_can_tell_of() -> None:
    world = settled_with()
    for change in "abc":
        wanted = [{"network": f"net-{change}{number}"} for number in range(8)]
        for one in wanted:
            name = one["network"]
            world.cloud.named[Reference(Kind.NETWORK, name)] = Resolved(name)
        held = to_rest(edited(world, {"networks": wanted}, **NEVER))
        assert isinstance(held, Hold)
        assert len(world.cluster.stored.status["cards"]) <= 16
        said = held.message
    assert "until they are detached" in said


# -- detaching -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("hot", [True, False])
def test_a_card_whose_entry_left_goes_as_it_runs_or_in_one_restart(hot: bool) -> None:
    world = settled_with(world=edited(settled_with(), BOTH))
    world.cloud.rows[ID].change(hot_remove=hot)
    before = len(world.sent)
    assert isinstance(to_rest(edited(world, {"networks": [ONE]})), Settled)
    steps = [type(step) for _, step, _ in world.sent[before:]]
    assert steps == ([DetachCard] if hot else [Stop, DetachCard, Start])
    assert shown(world) == [("net-1", True)]
    assert cards(world) == {"vnet-1": OWN}


def test_without_leave_a_card_stays_and_it_is_said_why() -> None:
    world = settled_with(world=edited(settled_with(), BOTH))
    held = to_rest(edited(world, {"networks": [ONE]}, **NEVER))
    assert isinstance(held, Hold)
    assert held.reason == "RestartNeeded"
    assert "networks[vnet-backup]" in held.message
    assert not sent(world, DetachCard)


def test_another_network_instead_is_attached_first_and_the_default_card_goes_last() -> None:
    world = edited(settled_with(), {"networks": [TWO]})
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [AttachCard, Stop, DetachCard, Start]
    assert shown(world) == [("net-2", True)]


def test_no_card_goes_while_the_one_instead_of_it_cannot_be_had() -> None:
    world = edited(settled_with(), {"networks": [TWO]})
    world.cloud.named[BACKUP] = Resolved("elsewhere")
    until(world, lambda step: isinstance(step, Hold) and step.reason == "ProviderError")
    assert shown(world) == [("net-1", True)]


def test_a_resize_and_a_card_of_one_edit_cost_one_restart() -> None:
    world = settled_with(world=edited(settled_with(), BOTH))
    before = len(world.sent)
    assert isinstance(to_rest(edited(world, {"cpu": 1, "networks": [ONE]})), Settled)
    assert [type(step).__name__ for _, step, _ in world.sent[before:]] == [
        "Stop",
        "Resize",
        "DetachCard",
        "Start",
    ]


def test_what_others_attached_is_told_and_left_alone() -> None:
    world = settled_with(world=edited(settled_with(), BOTH))
    world.cloud.cards.show(world.cloud.rows[ID], (*row_of(world).details.nics, THEIRS))
    world.cloud.rows[ID].change()
    assert isinstance(to_rest(world), Settled)
    assert [each["field"] for each in world.cluster.stored.status["drift"]] == ["networks"]
    assert isinstance(to_rest(edited(world, {"networks": [TWO]})), Settled)
    assert ("net-9", False) in shown(world) or ("net-9", True) in shown(world)


def test_networks_that_are_taken_out_are_not_looked_after_and_nothing_is_touched() -> None:
    world = settled_with(world=edited(settled_with(), BOTH))
    before = len(world.sent)
    assert isinstance(to_rest(edited(world, {"networks": None})), Settled)
    assert cards(world) == {}
    assert isinstance(to_rest(edited(world, {"networks": [ONE]})), Settled)
    assert len(world.sent) == before
    assert len(shown(world)) == 2


def test_the_cards_of_an_adopted_server_are_bound_and_none_is_taken_off() -> None:
    world = adopted({"networks": [ONE]})
    world.cloud.cards.show(world.cloud.rows[ID], (*row_of(world).details.nics, THEIRS))
    assert isinstance(to_rest(world), Settled)
    assert (cards(world), world.sent) == ({"vnet-1": OWN}, [])


# -- what changes on a card ------------------------------------------------------------------------------
def test_a_bandwidth_is_limited_once_as_it_runs() -> None:
    world = edited(settled_with(), {"networks": [{**ONE, "bandwidth": 300}]}, **NEVER)
    assert isinstance(to_rest(world), Settled)
    assert [step for _, step, _ in world.sent] == [LimitCard(ID, OWN, 300)]
    world.die()
    assert isinstance(to_rest(world), Settled)
    assert len(world.sent) == 1


def test_an_address_is_tried_as_it_runs_and_else_changed_in_a_restart() -> None:
    world = edited(settled_with(), {"networks": [{**ONE, "address": "10.0.0.9"}]})
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent][-3:] == [Stop, ChangeAddress, Start]
    (card,) = row_of(world).details.nics
    assert (card.address, card.mac) == ("10.0.0.9", OWN)


@pytest.mark.parametrize("option", [{"mac": "00:22:00:00:00:77"}, {"address6": "fd00::9"}])
def test_what_no_card_can_change_is_held_with_a_way_out(option: dict[str, str]) -> None:
    world = edited(settled_with(), {"networks": [{**ONE, **option}]})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert (held.reason, world.sent) == ("ImmutableField", [])
    assert isinstance(to_rest(edited(world, {"networks": [ONE]})), Settled)


# -- the record ------------------------------------------------------------------------------------------
def test_whatever_the_cloud_shows_the_record_of_cards_is_within_its_bounds() -> None:
    nics = tuple(Nic(f"net-{n}", f"10.9.0.{n}", mac=f"00:22:00:00:09:{n:02x}") for n in range(32))
    world = settled_with(world=edited(settled_with(), BOTH))
    world.cloud.cards.show(world.cloud.rows[ID], (*row_of(world).details.nics, *nics))
    world.cloud.rows[ID].change()
    to_rest(edited(world, {"networks": [{"network": f"net-{n}"} for n in range(8)]}))
    Status.model_validate(world.cluster.stored.status)


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param("x", id="no-list"),
        pytest.param([{"network": "a", "networkID": "b"}], id="neither-a-card-nor-an-attachment"),
        pytest.param([{"network": "a", "networkID": "b", "mac": 7}], id="no-text"),
        pytest.param(
            [{"network": "a", "networkID": "b", "attaching": {"since": "x"}}], id="without-the-cards"
        ),
        pytest.param([{"network": "a", "mac": OWN}], id="without-a-network"),
    ],
)
def test_a_record_that_is_not_of_its_form_counts_as_absent(forged: object) -> None:
    assert cards_in(forged) == ()


def test_one_card_is_on_record_once() -> None:
    twice = [{"network": name, "networkID": "net-1", "mac": OWN, "how": "Found"} for name in "ab"]
    assert [card.network for card in cards_in(twice)] == ["a"]


def test_an_attached_card_and_a_detached_one_are_told_once_with_their_mac_addresses() -> None:
    world = edited(settled_with(), {"networks": [TWO]})
    events: list[str] = []
    keep = world.conclude

    def told(*given: Any) -> Any:
        conclusion = keep(*given)
        events.extend([conclusion.event.message] if conclusion.event is not None else [])
        old = given[0].resource.status
        events.extend(e.message for e in events_between(old, conclusion.status or old))
        return conclusion

    world.conclude = told
    assert isinstance(to_rest(world), Settled)
    (card,) = row_of(world).details.nics
    assert [text for text in events if text.startswith("Attached network card")] == [
        f"Attached network card {card.mac} for network vnet-backup (net-2) to server shop.web-1 ({ID})."
    ]
    assert [text for text in events if text.startswith("Detached")] == [
        f"Detached network card {OWN} for network vnet-1 from server {ID}."
    ]
