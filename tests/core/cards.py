"""
The network cards of the modelled cloud.

Each gets a MAC address of its own. A card that comes or goes moves neither the status nor the version of its
server; a running server lets one go only where its host says so, and takes no other address.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, assert_never

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.card_writes import (
    AttachCard,
    BindGroup,
    CardWrite,
    ChangeAddress,
    DetachCard,
    LimitCard,
    UnbindGroup,
)
from onecloud_operator.core.observed import Details, Nic, Phase
from onecloud_operator.core.references import Kind, Reference, Resolved
from onecloud_operator.core.values import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from onecloud_operator.api.spec import NetworkSpec, ServerSpec
    from onecloud_operator.core.references import Answer
    from tests.core.cloud import Row

NETWORKS = {"vnet-1": "net-1", "vnet-backup": "net-2"}
AGAIN = Problem(Reason.UPDATING, "not in this state", again=True)


@dataclass
class Cards:
    """
    *ours*: MAC addresses of the cards that the operator attached, *theirs*: of those that others did, in a
    network that no spec names. *limits*: bandwidths.

    *groups*: the instance groups that servers are in, by the ids of servers.
    """

    count: int = 0
    ours: set[str] = field(default_factory=set)
    theirs: set[str] = field(default_factory=set)
    limits: dict[str, int] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)

    def new(self, network_id: str, address: str | None = None, mac: str | None = None) -> Nic:
        """Return a card that there was none of before."""
        self.count += 1
        made = mac or f"00:22:00:00:{self.count // 256 + 1:02x}:{self.count % 256:02x}"
        return Nic(network_id, address or f"10.9.{self.count // 250}.{self.count % 250}", mac=made)

    def made(self, wanted: Iterable[NetworkSpec], named: Mapping[Reference, Answer]) -> tuple[Nic, ...]:
        """Return the cards of a new server."""
        nics = []
        for number, card in enumerate(wanted):
            answer = named.get(Reference(Kind.NETWORK, card.network))
            network_id = answer.id if isinstance(answer, Resolved) else card.network
            nics.append(replace(self.new(network_id, card.address, card.mac), default=number == 0))
            if card.bandwidth is not None:
                self.limits[str(nics[-1].mac)] = card.bandwidth
        return tuple(nics)

    def plug(self, row: Row) -> None:
        """Attach a card by another hand."""
        nic = self.new("net-9")
        self.theirs.add(str(nic.mac))
        self.show(row, (*row.details.nics, nic))

    def refusal(self, row: Row, step: CardWrite) -> Problem | None:
        """Return why a server does not take *step*, as it is."""
        running = row.server.phase is Phase.RUNNING
        if not running and row.server.phase is not Phase.STOPPED:
            return AGAIN
        macs = {nic.mac for nic in row.details.nics}
        match step:
            case AttachCard(network_id=network_id):
                known = network_id.startswith("net-")
                return None if known else Problem(Reason.PROVIDER_ERROR, "Network not available on host")
            case DetachCard(mac=mac) if running and not row.details.hot_remove:
                return Problem(Reason.PROVIDER_ERROR, f"can't hot remove nic {mac}")
            case DetachCard(mac=mac) | ChangeAddress(mac=mac) | LimitCard(mac=mac) if mac not in macs:
                return Problem(Reason.PROVIDER_ERROR, f"mac {mac} not found")
            case ChangeAddress() | BindGroup() | UnbindGroup() if running:
                return AGAIN
            case _:
                return None

    def work(self, row: Row, step: CardWrite) -> None:
        """Do *step*."""
        match step:
            case AttachCard(network_id=network_id):
                nic = self.new(network_id, step.address, step.mac)
                self.ours.add(str(nic.mac))
                if step.bandwidth is not None:
                    self.limits[str(nic.mac)] = step.bandwidth
                self.show(row, (*row.details.nics, nic))
            case DetachCard(mac=mac):
                self.show(row, tuple(nic for nic in row.details.nics if nic.mac != mac))
            case ChangeAddress(mac=mac, address=address):
                nics = (replace(n, address=address) if n.mac == mac else n for n in row.details.nics)
                row.change(nics=tuple(nics))
            case LimitCard(mac=mac, bandwidth=bandwidth):
                self.limits[mac] = bandwidth
                row.change()
            case BindGroup(server_id=server_id, group_id=group):
                self.groups.setdefault(server_id, set()).add(group)
            case UnbindGroup(server_id=server_id, group_id=group):
                self.groups.setdefault(server_id, set()).discard(group)
            case _:
                assert_never(step)

    def show(self, row: Row, nics: tuple[Nic, ...]) -> None:
        """Have a server show these cards, without a new version."""
        if nics and not any(nic.default for nic in nics):
            nics = (replace(nics[0], default=True), *nics[1:])
        details: dict[str, Any] = {"nics": nics}
        row.server = replace(row.server, details=replace(row.server.details or Details(0), **details))

    def keep(self, row: Row, step: CardWrite) -> None:
        """See that *step* touches no card of others, and attaches none twice."""
        mac = getattr(step, "mac", None)
        assert isinstance(step, AttachCard) or mac not in self.theirs, "a card of others"
        if isinstance(step, AttachCard):
            there = {nic.mac for nic in row.details.nics if nic.network_id == step.network_id}
            assert not there & self.ours, "a second card"
        if isinstance(step, DetachCard):
            assert len(row.details.nics) > 1 or mac not in {n.mac for n in row.details.nics}, "the last card"

    def disagreements(self, row: Row, spec: ServerSpec) -> set[str]:
        """Return in what the cards, or groups, are not what *spec* asks for."""
        wanted = {NETWORKS.get(card.network, card.network): card for card in spec.networks or ()}
        there: dict[str, list[str]] = {}
        for nic in row.details.nics:
            there.setdefault(nic.network_id, []).append(str(nic.mac))
        cards = all(self._limited(there.get(one, ()), card) for one, card in wanted.items())
        left = {mac for one, macs in there.items() if one not in wanted for mac in macs} & self.ours
        groups = spec.instance_groups is None or self.groups.get(row.server.id, set()) == set(
            spec.instance_groups
        )
        return ({"networks"} if left or not cards else set()) | (set() if groups else {"instanceGroups"})

    def _limited(self, macs: Iterable[str], card: NetworkSpec) -> bool:
        return any(card.bandwidth in {None, self.limits.get(mac)} for mac in macs)
